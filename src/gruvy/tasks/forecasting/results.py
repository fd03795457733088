"""What a Forecaster hands out beside tables."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Backtest:
    """Forecasts that would have been made in the past, beside what happened.

    Attributes:
        series: (N,) the series of each window; None if there is only one.
        origins: (N,) the last time known to each forecast.
        times: (N, P) the times forecast.
        truth: (N, P, D) what happened, NaN where missing.
        forecast: (N, P, D, Q) the quantiles.
        quantiles: Q levels, increasing; 0.5 is among them.
        targets: D names.
    """

    series: tuple[Hashable, ...]
    origins: pd.DatetimeIndex
    times: np.ndarray
    truth: np.ndarray
    forecast: np.ndarray
    quantiles: tuple[float, ...]
    targets: tuple[str, ...]

    @property
    def median(self) -> np.ndarray:
        """(N, P, D)."""
        return self.forecast[..., self.quantiles.index(0.5)]


@dataclass(frozen=True)
class Gates:
    """The gates of a GRU over one context window, between 0 and 1.

    ``h_t = (1 - z_t) c_t + z_t h_{t-1}``: where the update gate z is near 1 a unit keeps its state, near 0 it
    rewrites it; where the reset gate r is near 0 the candidate c forgets the old state.

    Attributes:
        series: the series of the window; None if there is only one.
        times: (T,).
        reset: (layers, T, H), r.
        update: (layers, T, H), z.
    """

    series: Hashable
    times: pd.DatetimeIndex
    reset: np.ndarray
    update: np.ndarray
