"""Control charts of forecast errors: how far an error vector lies from what is normal."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gruvy.errors import DataError

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Chart:
    """Hotelling's control chart: the distance of a vector v from the normal ones.

    ``distance(v) = sqrt((v - mean)' P (v - mean))`` with the precision matrix P = W W', the inverse covariance.

    Attributes:
        mean: (E,) of normal vectors.
        whitening: W, (E, E).

    Example:
        >>> Chart(np.zeros(2), np.eye(2)).distance(np.array([[3.0, 4.0]])).tolist()
        [5.0]
    """

    mean: Array
    whitening: Array

    def distance(self, vectors: Array) -> Array:
        """(T, E) -> (T,)."""
        white = (vectors - self.mean) @ self.whitening
        found: Array = np.sqrt((white * white).sum(axis=-1))
        return found

    def shares(self, vectors: Array, columns: int) -> Array:
        """By how much the square of the distance falls if the errors of a column are left out, (T, P * C) -> (T, C).

        With u = P (v - mean) and the column's own elements g: ``u_g' (P_gg)^-1 u_g``. It is never negative, and largest
        for the column that is at odds with the others, even if all of them are off together.
        """
        precision = self.whitening @ self.whitening.T
        pulled = (vectors - self.mean) @ precision
        found = np.empty((len(vectors), columns))
        for column in range(columns):
            own = pulled[:, column::columns]
            block = precision[column::columns, column::columns]
            found[:, column] = (own * np.linalg.solve(block, own.T).T).sum(axis=1)
        return found


def forecast_errors(values: Array, changes: Array) -> Array:
    """What came less what was forecast for it, by the age of the forecast.

    Args:
        values: (T, C).
        changes: (T, P, C), forecast at each row: of each column, from that row to the 1st, 2nd ... row after it.

    Returns:
        (T, P, C): at [t, p - 1] the error of the forecast made at row t - p; 0 where there was none.

    Example:
        >>> forecast_errors(np.array([[1.0], [3.0], [4.0]]), np.zeros((3, 2, 1)))[:, :, 0].tolist()
        [[0.0, 0.0], [2.0, 0.0], [1.0, 3.0]]
    """
    errors = np.zeros_like(changes)
    for p in range(1, changes.shape[1] + 1):
        errors[p:, p - 1] = values[p:] - values[:-p] - changes[:-p, p - 1]
    return errors


def running_mean(vectors: Array, share: float) -> Array:
    """The exponentially weighted mean m_t = m_{t-1} + share (v_t - m_{t-1}) from m_0 = 0.

    Args:
        vectors: (T, E).
        share: the weight of the newest, in (0, 1].

    Returns:
        (T, E).

    Example:
        >>> running_mean(np.array([[1.0], [1.0]]), 0.5).tolist()
        [[0.5], [0.75]]
    """
    means = np.empty_like(vectors)
    mean = np.zeros(vectors.shape[1])
    for row, vector in enumerate(vectors):
        mean = mean + share * (vector - mean)
        means[row] = mean
    return means


def conformal_limit(scores: Array, rate: float) -> float:
    """The limit that another normal score exceeds with a probability of at most ``rate``.

    The k-th smallest of n held-out scores, k = ceil((n + 1)(1 - rate)) (Vovk et al. 2005). It holds for scores that are
    exchangeable with these; those of neighbouring rows resemble each other, so that it holds on average over time.

    Args:
        scores: (n,), of normal rows that nothing was learnt from.
        rate: in (0, 1).

    Returns:
        The limit.

    Raises:
        DataError: there are too few scores for this rate.

    Example:
        >>> conformal_limit(np.arange(1.0, 100.0), 0.1)
        90.0
    """
    needed = fewest_rows(rate)
    if len(scores) < needed:
        raise DataError(
            f"the data: {len(scores)} rows are left to calibrate on, a false_alarm_rate of {rate:g} needs {needed}; "
            "give more rows, or a higher false_alarm_rate or calibration_fraction"
        )
    rank = math.ceil(round((len(scores) + 1) * (1 - rate), 9))
    return float(np.sort(scores)[rank - 1])


def fewest_rows(rate: float) -> int:
    """How many scores `conformal_limit` needs for this rate."""
    return math.ceil(round(1 / rate, 9)) - 1
