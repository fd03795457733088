"""Which cycles of the calendar a model is given: those that its series can teach, and that they follow."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats

from gruvy.data.indexes import times_of
from gruvy.timeseries import calendar_features

_PERIODS = {"day": pd.Timedelta(days=1), "week": pd.Timedelta(days=7), "year": pd.Timedelta(days=365.25)}
_LEVEL = 0.01
_FEWEST_PERIODS = 4


def calendar_cycles(step: pd.Timedelta, span: pd.Timedelta) -> tuple[str, ...]:
    """The cycles that a series can teach: at least three steps long, and seen at least twice.

    A cycle seen once cannot be told from a trend: with nine months of data the sine of the year is a slope,
    and the dates after them lie outside the range seen in training.

    Args:
        step: the time between two rows.
        span: the time from the first to the last row of the training part.

    Returns:
        Some of "day", "week", "year".

    Example:
        >>> calendar_cycles(pd.Timedelta(hours=1), pd.Timedelta(days=60))
        ('day', 'week')
    """
    return tuple(name for name, period in _PERIODS.items() if step <= period / 3 and 2 * period <= span)


def followed_cycles(values: pd.DataFrame, cycles: Sequence[str], step: pd.Timedelta) -> tuple[str, ...]:
    """The cycles that the values follow in the same way period after period.

    A cycle that they do not follow does harm: it tells a model Mondays from Tuesdays in a year of weather,
        and lets it
    learn by heart what happened on them. Each period gives one sine and one cosine coefficient of the values
    about their moving average; a cycle stays if the mean of these pairs differs from 0 (Hotelling 1931, level
    0.01) in some column, or if there are too few periods to tell.

    Args:
        values: (T, D) at regular times, its index; NaN where missing.
        cycles: some of "day", "week", "year".
        step: the time between two rows.

    Returns:
        Those of the cycles that stay.

    Example:
        >>> times = pd.date_range("2020", periods=240, freq="h")
        >>> followed_cycles(pd.DataFrame({"y": times.hour}, index=times), ["day"], pd.Timedelta(hours=1))
        ('day',)
    """
    return tuple(name for name in cycles if _is_followed(values, name, round(_PERIODS[name] / step)))


def _is_followed(values: pd.DataFrame, cycle: str, period: int) -> bool:
    count = len(values) // period
    if count < _FEWEST_PERIODS:
        return True
    departure = values - values.rolling(period, center=True, min_periods=period // 2).mean()
    waves = calendar_features(times_of(pd.DatetimeIndex(values.index)), [cycle])
    blocks = [part[: count * period].reshape(count, period, -1) for part in (departure.fillna(0.0).to_numpy(), waves)]
    pairs = np.einsum("npd,npw->dnw", *blocks)
    for pair in pairs:
        mean = pair.mean(axis=0)
        t_squared = count * mean @ np.linalg.pinv(np.cov(pair.T)) @ mean
        if stats.f.sf(t_squared * (count - 2) / (2 * (count - 1)), 2, count - 2) < _LEVEL:
            return True
    return False
