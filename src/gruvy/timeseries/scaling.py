"""Scaling to mean 0 and standard deviation 1, series by series."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# A spread this small beside the values themselves is rounding, not information.
ROUNDING = 1e-9


def binary_units(values: np.ndarray) -> np.ndarray:
    """The power of two next below the largest size in each column (T, C): (C,); 1 for a column of zeros.

    In these units squares neither overflow nor vanish, whatever the values, and every result is the same to the bit as
    without them wherever it exists without them.

    Example:
        >>> binary_units(np.array([[5.0, 0.0], [-3.0, 1e200]])).tolist() == [4.0, 2.0**664]
        True
    """
    largest = np.abs(np.where(np.isnan(values), 0.0, values)).max(axis=0, initial=0.0)
    return np.where(largest > 0, np.ldexp(1.0, np.frexp(largest)[1] - 1), 1.0)


def moments(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of each column (T, C), each (C,); NaN is left out.

    The mean is 0 where nothing is observed, and the deviation 0 where nothing varies but by rounding.
    """
    units = binary_units(values)
    values = values / units
    seen = ~np.isnan(values)
    count = np.maximum(seen.sum(axis=0), 1)
    mean = np.where(seen, values, 0.0).sum(axis=0) / count
    std = np.sqrt((np.where(seen, values - mean, 0.0) ** 2).sum(axis=0) / count)
    low, high = (np.where(seen, values, empty) for empty in (np.inf, -np.inf))
    low, high = low.min(axis=0, initial=np.inf), high.max(axis=0, initial=-np.inf)
    mean = np.where(low == high, high, mean)  # to the bit, where a sum of equal numbers is not
    largest = np.abs(np.where(seen, values, 0.0)).max(axis=0, initial=0.0)
    return mean * units, np.where(std <= ROUNDING * largest, 0.0, std) * units


def standardised(values: np.ndarray, mean: np.ndarray, std: np.ndarray) -> np.ndarray:
    """``(values - mean) / std`` where the spread is known, 0 where it is not (std = 0); NaN stays.

    Args:
        values: (..., C).
        mean, std: what broadcasts with it.
    """
    known = std > 0
    # In units of the spread, so that no difference overflows; a power of two leaves every bit as it is.
    units = np.where(known, np.ldexp(1.0, np.frexp(np.maximum(np.abs(mean), std))[1] - 1), 1.0)
    with np.errstate(over="ignore"):  # what is too far out for float64 is infinite
        scaled = (values / units - mean / units) / np.where(known, std / units, 1.0)
    return np.where(known | np.isnan(values), scaled, 0.0)


@dataclass(frozen=True)
class Scaler:
    """Mean and standard deviation of each column of each series; missing values are left out.

    Per series, because the levels of series differ by orders of magnitude (shops, sensors) while their shapes
    are alike: scaled together, the small ones would vanish in the loss of the large ones.

    Attributes:
        mean: (S, C), one row per series.
        std: (S, C); 0 where no spread is known: a column that is constant, hardly or never observed. It is no scale:
            see `gruvy.timeseries.WindowScales` for what stands in its place.

    Example:
        >>> scaler = Scaler.of([np.array([[1.0], [3.0]])])
        >>> scaler.scale(np.array([[5.0]]), 0).tolist()
        [[3.0]]
    """

    mean: np.ndarray
    std: np.ndarray

    @classmethod
    def of(cls, parts: list[np.ndarray], fewest: int = 0) -> Scaler:
        """Take the statistics of one (T, C) array per series; NaN marks missing values.

        Args:
            parts: one a series.
            fewest: of a series with fewer rows no spread is known.
        """
        found = [moments(values) for values in parts]
        stds = [std if len(part) >= fewest else np.zeros_like(std) for part, (_, std) in zip(parts, found, strict=True)]
        return cls(np.stack([mean for mean, _ in found]), np.stack(stds))

    def scale(self, values: np.ndarray, series: int) -> np.ndarray:
        """Scale (T, C) values of the series with this number; missing stay missing, and 0 where no spread is known."""
        return standardised(values, self.mean[series], self.std[series])
