"""Counts as a negative binomial distribution: its parameters from a network's outputs, its quantiles."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

# Dispersions below it are those of Poisson's distribution, for every count that is met.
LEAST_DISPERSION = 1e-6
LEAST_MEAN = 1e-6
# Beyond counts of 1e9 the distribution function loses the last of its six digits that matter.
LARGEST_COUNT = 1e9
_MOST = 1e12
# So many terms are summed; quantiles farther out are found by bisection.
_TERMS = 256
_log_gamma = np.vectorize(math.lgamma, otypes=[float])


def count_quantiles(outputs: np.ndarray, level: np.ndarray, levels: Sequence[float]) -> np.ndarray:
    """Quantiles of the counts that a network's outputs stand for (Salinas et al. 2020).

    ``mu = level softplus(o_0)`` and ``alpha = softplus(o_1) / sqrt(level)``, with the variance ``mu + alpha mu^2``.

    Args:
        outputs: (P, N, D, 2).
        level: (N, D), see `gruvy.timeseries.WindowScales.level`.
        levels: Q increasing levels between 0 and 1.

    Returns:
        (P, N, D, Q) integers from 0 on.
    """
    found = np.logaddexp(0, np.asarray(outputs, np.float64))
    mean = np.clip(level * found[..., 0], LEAST_MEAN, _MOST)
    dispersion = np.maximum(found[..., 1] / np.sqrt(level), LEAST_DISPERSION)
    return negative_binomial_quantiles(mean[..., None], dispersion[..., None], np.array(levels))


def negative_binomial_quantiles(mean: np.ndarray, dispersion: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """The least integers whose cumulative probability reaches the levels; all three are broadcast.

    Example:
        >>> negative_binomial_quantiles(np.array(3.0), np.array(0.5), np.array([0.1, 0.5, 0.9])).tolist()
        [0.0, 2.0, 7.0]
    """
    mean, dispersion, levels = np.broadcast_arrays(mean, dispersion, levels)
    shape = mean.shape
    mean, size, levels = mean.ravel(), 1 / dispersion.ravel(), levels.ravel()
    odds = mean / size
    log_first = -size * np.log1p(odds)
    found = np.zeros(len(mean))
    summed = np.flatnonzero(log_first > -600)  # else the first terms are no normal numbers
    term = np.exp(log_first[summed])
    total = term.copy()
    for count in range(_TERMS):
        short = total < levels[summed]
        summed, term, total = summed[short], term[short], total[short]
        if not len(summed):
            break
        found[summed] = count + 1
        term = term * (count + size[summed]) / (count + 1) * (odds[summed] / (1 + odds[summed]))
        total = total + term
    far = np.concatenate([summed, np.flatnonzero(log_first <= -600)])
    if len(far):
        found[far] = _bisected(mean[far], size[far], levels[far])
    return found.reshape(shape)


def _bisected(mean: np.ndarray, size: np.ndarray, levels: np.ndarray) -> np.ndarray:
    low, high = np.full(len(mean), -1.0), np.ceil(mean) + 1
    while (short := _cumulative(high, mean, size) < levels).any():
        low, high = np.where(short, high, low), np.where(short, 2 * high, high)
    while (high - low > 1).any():
        middle = np.floor((low + high) / 2)
        reached = _cumulative(np.maximum(middle, 0), mean, size) >= levels
        low, high = np.where(reached, low, middle), np.where(reached, middle, high)
        low = np.where(high - low > np.spacing(high), low, high - 1)
    found: np.ndarray = high
    return found


def _cumulative(count: np.ndarray, mean: np.ndarray, size: np.ndarray) -> np.ndarray:
    """The probability of so many or fewer: the regularized incomplete beta function I_p(size, count + 1)."""
    a, b, odds = size, count + 1, mean / size
    log_factor = _log_gamma(a + b) - _log_gamma(a) - _log_gamma(b) + b * np.log(odds) - (a + b) * np.log1p(odds)
    factor, p = np.exp(log_factor), 1 / (1 + odds)
    near = p < (a + 1) / (a + b + 2)  # where the fraction converges fast
    fraction = _fraction(np.where(near, a, b), np.where(near, b, a), np.where(near, p, odds * p))
    part: np.ndarray = factor * fraction / np.where(near, a, b)
    cumulative: np.ndarray = np.where(near, part, 1 - part)
    return cumulative


def _fraction(a: np.ndarray, b: np.ndarray, x: np.ndarray) -> np.ndarray:
    """The continued fraction of the incomplete beta function (DLMF 8.17.22), by Lentz's method."""
    tiny = 1e-300
    c, d = np.ones_like(x), 1 / _away(1 - (a + b) * x / (a + 1), tiny)
    result = d
    for m in range(1, 20_000):
        for factor in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d, c = 1 / _away(1 + factor * d, tiny), _away(1 + factor / c, tiny)
            result = result * c * d
        if (np.abs(c * d - 1) < 1e-14).all():
            break
    return result


def _away(x: np.ndarray, tiny: float) -> np.ndarray:
    moved: np.ndarray = np.where(np.abs(x) < tiny, tiny, x)
    return moved
