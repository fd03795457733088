"""What a volatility forecast has to beat, and how it is measured.

All forecasts are variances of a day's return, made from the days before it; arrays are (T,), one entry a trading day.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.optimize import minimize
from scipy.signal import lfilter


def rolling(squared: np.ndarray, days: int = 20) -> np.ndarray:
    """The mean of the squared returns of the last days; NaN before there are enough."""
    return pd.Series(squared).rolling(days).mean().shift(1).to_numpy()


def exponential(squared: np.ndarray, decay: float = 0.94) -> np.ndarray:
    """RiskMetrics (1996): ``v_t = decay v_{t-1} + (1 - decay) r_{t-1}^2``; NaN on the first day."""
    return pd.Series(squared).ewm(alpha=1 - decay, adjust=False).mean().shift(1).to_numpy()


def garch(squared: np.ndarray, fitted: int) -> np.ndarray:
    """GARCH(1,1) (Bollerslev 1986): ``v_t = w + a r_{t-1}^2 + b v_{t-1}``, by maximum likelihood on the first days.

    w is such that the long-run variance is the mean of these days, normal errors are assumed, and v_0 is that mean.

    Args:
        squared: (T,) squared returns.
        fitted: how many of the days a and b are found on.
    """
    mean = squared[:fitted].mean()

    def variances(shares: np.ndarray) -> np.ndarray:
        a, b = shares
        shocks = (1 - a - b) * mean + a * squared[:-1]
        return np.concatenate([[mean], lfilter([1], [1, -b], shocks, zi=[b * mean])[0]])

    def loss(shares: np.ndarray) -> float:
        if shares.min() < 0 or shares.sum() >= 1:
            return np.inf
        return qlike(squared[:fitted], variances(shares)[:fitted])

    return variances(minimize(loss, x0=[0.05, 0.9], method="Nelder-Mead").x)


def autoregression_of_ranges(log_range: np.ndarray, fitted: int) -> np.ndarray:
    """A forecast of a day's log range from its means over the last day, week and month: (T,), NaN in the first month.

    The HAR model (Corsi 2009), on logarithms, by least squares on the first days.

    Args:
        log_range: (T,) logarithms of a day's range of prices.
        fitted: how many of the days it is fitted on.
    """
    past = pd.Series(log_range)
    means = [past.rolling(days).mean().shift(1) for days in (1, 5, 22)]
    inputs = np.column_stack([np.ones(len(past)), *means])
    usable = ~np.isnan(inputs[:fitted]).any(axis=1)
    coef = np.linalg.lstsq(inputs[:fitted][usable], log_range[:fitted][usable], rcond=None)[0]
    forecast: np.ndarray = inputs @ coef
    return forecast


def variance_of_range(log_range: np.ndarray, squared: np.ndarray, fitted: int) -> np.ndarray:
    """The variance that belongs to a forecast of the log range: its square, times what fits the first days' returns.

    The factor makes the mean of ``r^2 / v`` over these days 1, where QLIKE is least. It takes in the nights, which a
    day's range does not see, and that a median of logarithms lies below the mean.
    """
    shape = np.exp(2 * log_range)
    variance: np.ndarray = shape * np.nanmean(squared[:fitted] / shape[:fitted])
    return variance


def qlike(squared: np.ndarray, variance: np.ndarray) -> float:
    """The mean of ``log v + r^2 / v``, which ranks forecasts right although r^2 is a noisy variance (Patton 2011)."""
    return float(qlike_by_day(squared, variance).mean())


def qlike_by_day(squared: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """``log v + r^2 / v``."""
    losses: np.ndarray = np.log(variance) + squared / variance
    return losses


def absolute_error_by_day(squared: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """``| |r| - sqrt(2 v / pi) |``: the absolute return against its mean under a normal distribution."""
    errors: np.ndarray = np.abs(np.sqrt(squared) - np.sqrt(2 * variance / np.pi))
    return errors
