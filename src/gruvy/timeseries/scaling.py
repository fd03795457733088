"""Scaling to mean 0 and standard deviation 1, series by series."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# A spread this small beside the values themselves is rounding, not information.
ROUNDING = 1e-9


@dataclass(frozen=True)
class Scaler:
    """Mean and standard deviation of each column of each series; missing values are left out.

    Per series, because the levels of series differ by orders of magnitude (shops, sensors) while their shapes
    are alike: scaled together, the small ones would vanish in the loss of the large ones. A column that is
    constant, or never observed, becomes 0: it has nothing to tell, and a later departure from it has no unit
    to be measured in.

    Attributes:
        mean: (S, C), one row per series.
        std: (S, C); 0 where a column is constant or never observed.

    Example:
        >>> scaler = Scaler.of([np.array([[1.0], [3.0]])])
        >>> scaler.scale(np.array([[5.0]]), 0).tolist()
        [[3.0]]
    """

    mean: np.ndarray
    std: np.ndarray

    @classmethod
    def of(cls, parts: list[np.ndarray]) -> Scaler:
        """Take the statistics of one (T, C) array per series; NaN marks missing values."""
        means, stds = [], []
        for values in parts:
            seen = ~np.isnan(values)
            count = np.maximum(seen.sum(axis=0), 1)
            mean = np.where(seen, values, 0.0).sum(axis=0) / count
            std = np.sqrt((np.where(seen, values - mean, 0.0) ** 2).sum(axis=0) / count)
            largest = np.abs(np.where(seen, values, 0.0)).max(axis=0, initial=0.0)
            means.append(mean)
            stds.append(np.where(std <= ROUNDING * largest, 0.0, std))
        return cls(np.stack(means), np.stack(stds))

    def scale(self, values: np.ndarray, series: int) -> np.ndarray:
        """Scale (T, C) values of the series with this number; missing values stay missing."""
        std = self.std[series]
        scaled = (values - self.mean[series]) / np.where(std > 0, std, 1.0)
        return np.where((std > 0) | np.isnan(values), scaled, 0.0)
