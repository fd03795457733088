"""Steps that the caller names: an offset of pandas, or a list of open times."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from pandas.tseries import offsets
from pandas.tseries.frequencies import to_offset

from gruvy.data.times import read_time_column
from gruvy.errors import ArgumentError
from gruvy.timeseries import UNSAID, Step, Times
from gruvy.timeseries.patterns import WEEKDAYS, Hours

_DAY = np.timedelta64(1, "D")
# Of an offset that no pattern describes, so many times after the last row are kept with a model, at least.
_AHEAD = 2000
_MONTHS: dict[type, tuple[int, str]] = {
    offsets.MonthBegin: (1, "S"),
    offsets.MonthEnd: (1, "E"),
    offsets.BusinessMonthBegin: (1, "BS"),
    offsets.BusinessMonthEnd: (1, "BE"),
    offsets.QuarterBegin: (3, "S"),
    offsets.QuarterEnd: (3, "E"),
    offsets.BQuarterBegin: (3, "BS"),
    offsets.BQuarterEnd: (3, "BE"),
    offsets.YearBegin: (12, "S"),
    offsets.YearEnd: (12, "E"),
    offsets.BYearBegin: (12, "BS"),
    offsets.BYearEnd: (12, "BE"),
}


def chosen_step(step: Any, calendar: Any, time: str) -> Callable[[list[Times]], Step] | None:
    """Return what gives the step of a table where the caller names one; None where it is to be found.

    Args:
        step: an alias such as "h", "B", "W-FRI", "MS" or "bh", or an offset of pandas; or None.
        calendar: the open times: a table, whose column of this name or first one has them, or a sequence; or None.
        time: the column of times.

    Raises:
        ArgumentError: both are given, or one cannot be used.
    """
    if step is not None and calendar is not None:
        raise ArgumentError("step and calendar: expected one of them, got both; a calendar has its own steps")
    if step is not None:
        offset = _offset(step)
        return lambda times: step_of_offset(offset, times)
    if calendar is not None:
        column = _column(calendar, time)
        return lambda times: step_of_calendar(column, times)
    return None


def step_of_offset(offset: pd.DateOffset, times: Sequence[Times]) -> Step:
    """Return the step that an offset of pandas means for these times.

    Args:
        offset: of which one step is made.
        times: of each series, increasing.

    Raises:
        ValueError: the first time of a series is on no such step.

    Example:
        >>> step_of_offset(pd.offsets.MonthEnd(3), [Times(np.array(["2024-03-31"], "M8[s]"))]).freq
        '3ME'
    """
    if times[0].notation.numbered:
        raise ValueError(
            f"they are a count of steps, which has no calendar for the step {offset.freqstr}; leave --step out, or say "
            "what the numbers are with --time-format (step and time_format in Python)"
        )
    for one in times:
        first = pd.Timestamp(one.clock[0])
        if not offset.is_on_offset(first):
            raise ValueError(f"the step is {offset.freqstr}, but {one.text(0)}, a {first.day_name()}, is on none")
    freq = _freq(offset)
    return Step(freq) if freq is not None else _listed(offset, times)


def step_of_calendar(column: pd.Series, times: Sequence[Times]) -> Step:
    """Return the step from one open time to the next.

    Args:
        column: open times, or open days, to which the times of day that the table has are added.
        times: of each series, increasing.
    """
    listed = read_time_column(column, UNSAID)
    zone = times[0].zone
    clock = Times(listed.utc, zone).clock if zone is not None and listed.zone is not None else listed.clock
    clock = np.unique(clock.astype("M8[us]"))
    own = np.unique(np.concatenate([one.clock.astype("M8[us]") for one in times]))
    days, own_days = clock.astype("M8[D]"), own.astype("M8[D]")
    since = own - own_days
    if (clock == days).all() and not (own == own_days).all():
        clock = np.concatenate(
            [
                np.add.outer(days[_weekday(days) == day], np.unique(since[_weekday(own_days) == day])).ravel()
                for day in range(7)
            ]
        )
    return Step("C", tuple(np.unique(clock).astype(np.int64).tolist()))


def _offset(step: Any) -> pd.DateOffset:
    try:
        offset = to_offset(step)
    except (ValueError, TypeError) as error:
        raise ArgumentError(
            f"step: expected an offset of pandas such as h, D, B, W-FRI, MS, ME, QS, YE or bh, got {step!r}"
        ) from error
    if offset is None or offset.n < 1:
        raise ArgumentError(f"step: expected a step ahead, got {step!r}")
    found: pd.DateOffset = offset
    return found


def _column(calendar: Any, time: str) -> pd.Series:
    if isinstance(calendar, pd.DataFrame):
        column = calendar[time] if time in calendar.columns else calendar.iloc[:, 0]
    else:
        column = pd.Series(list(calendar) if not isinstance(calendar, pd.Index | pd.Series) else calendar)
    column = column.dropna().reset_index(drop=True).rename("calendar")
    if len(column) < 2:
        raise ArgumentError(f"calendar: expected open times, two or more, got {len(column)}")
    return column


def _weekday(days: np.ndarray) -> np.ndarray:
    return (days.astype(np.int64) + 3) % 7


def _freq(offset: Any) -> str | None:
    """As `Step` writes it; None where no pattern of its own describes it."""
    count = offset.n
    if isinstance(offset, offsets.Day):
        return f"{count}D"
    if isinstance(offset, offsets.Tick):
        passed = pd.Timedelta(offset).value
        return f"{passed // 10**9}s" if passed % 10**9 == 0 else f"{passed}ns"
    if isinstance(offset, offsets.Week):
        return f"{7 * count}D"
    for kind, (months, anchor) in _MONTHS.items():
        if type(offset) is kind:
            return f"{months * count}M{anchor}"
    if count > 1:
        return None
    found: Any = offset  # what pandas-stubs leave out
    if isinstance(offset, offsets.BusinessDay) and not isinstance(offset, offsets.CustomBusinessDay):
        return "B"
    if isinstance(offset, offsets.SemiMonthBegin):
        return f"1MS+{found.day_of_month}"
    if isinstance(offset, offsets.SemiMonthEnd):
        return f"1M{found.day_of_month}+E"
    if isinstance(offset, offsets.WeekOfMonth):
        return f"1M{found.week + 1}{WEEKDAYS[found.weekday].upper()}"
    if isinstance(offset, offsets.LastWeekOfMonth):
        return f"1ML{WEEKDAYS[found.weekday].upper()}"
    if isinstance(offset, offsets.BusinessHour) and not isinstance(offset, offsets.CustomBusinessHour):
        hours = [hour for one, end in zip(found.start, found.end, strict=True) for hour in range(one.hour, end.hour)]
        return f"W{Hours(tuple(day * 86400 + hour * 3600 for day in range(5) for hour in hours)).code()}"
    return None


def _listed(offset: pd.DateOffset, times: Sequence[Times]) -> Step:
    first = min(one.clock[0] for one in times)
    last = max(one.clock[-1] for one in times)
    seen = pd.date_range(pd.Timestamp(first), pd.Timestamp(last), freq=offset)
    ahead = pd.date_range(seen[-1], periods=max(len(seen), _AHEAD), freq=offset)
    return Step("C", tuple(seen.union(ahead).as_unit("us").asi8.tolist()))
