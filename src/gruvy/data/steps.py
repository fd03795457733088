"""The regular step that times follow, found: equal, of the calendar, of opening hours, or about equal."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gruvy.data.indexes import times_of
from gruvy.timeseries import Step, Times
from gruvy.timeseries.patterns import WEEK, Hours, month_anchors, open_weekdays
from gruvy.timeseries.steps import TOLERANCE

# All durations here are in nanoseconds, or in microseconds where the times are too far apart for those.
_MOMENTS = NDArray[np.int64]
_DAY = 86400
# A month is at least 28 days; dates further apart than that may follow the calendar rather than a fixed duration.
_MONTH = 28
# Business days are distinguished from a daily series with gaps only when enough weekdays have been seen.
_BUSINESS_ROWS = 10
# One late row is a fault of the table, many are a clock's way; a few per cent may pass in any case.
_SELDOM, _LITTLE = 0.2, 0.05
# Closed times are distinguished from rows that happen to be missing when this many weeks have been seen, and this
# fraction of the open times.
_WEEKS = 3
_FULL = 0.7
_RATES = (1, 2, 4, 5, 8, 10, 20, 25, 30, 40, 50, 60, 64, 100, 125, 128, 200, 250, 256, 500, 512, 1000, 1024)


def infer_step(times: Sequence[Times | pd.DatetimeIndex]) -> Step:
    """The step that all these sorted times follow, apart from rows that are missing.

    Args:
        times: increasing, one for each series; those with one row are ignored.

    Returns:
        The most common step, if every time is a whole number of steps after the one before it; else the pattern of the
        calendar or of the week that they follow; else a step that they follow nearly (`Step.about`).

    Raises:
        ValueError: there is no such step; the message says where the first irregular one is.

    Example:
        >>> str(infer_step([pd.date_range("2020-01-01", periods=9, freq="h")]))
        '1 hour'
    """
    parts = [times_of(one) if isinstance(one, pd.DatetimeIndex) else one for one in times]
    parts = [one for one in parts if len(one) > 1]
    if not parts:
        raise ValueError("at least two rows are needed to see the step between them")
    whole = _Moments.of(parts)
    if parts[0].notation.numbered:
        if _multiples(whole.passed, whole.common):
            return Step(whole.freq(whole.common, "step"))
        return _about(whole, parts, "step")
    walls = whole if parts[0].zone is None else _Moments.of([Times(one.clock) for one in parts])
    day = whole.second * _DAY
    if walls.common >= day:
        found = _calendar_step(walls)
        if found is not None:
            return found
        if _multiples(walls.passed, walls.common):
            return _open_days(walls) or Step(walls.freq(walls.common))
    elif _multiples(whole.passed, whole.common):
        return _open_hours(walls, whole.common) or Step(whole.freq(whole.common))
    # Gaps of two and of three days, say, are a pattern of days.
    common = int(np.gcd.reduce(np.concatenate(walls.passed)))
    return _open_hours(walls, common) or _about(walls if walls.common >= day else whole, parts, "")


class _Moments:
    """The times of several series as integers, beside what passes between them."""

    def __init__(self, moments: list[_MOMENTS], second: int):
        self.moments, self.second = moments, second
        self.passed = [np.diff(one) for one in moments]
        steps, counts = np.unique(np.concatenate(self.passed), return_counts=True)
        self.common = int(steps[counts.argmax()])

    @classmethod
    def of(cls, parts: Sequence[Times]) -> _Moments:
        ends = np.array([one.utc[row].astype("M8[s]").astype(np.int64) for one in parts for row in (0, -1)])
        unit, second = ("ns", 10**9) if np.abs(ends).max() < 9.2e9 else ("us", 10**6)
        return cls([one.utc.astype(f"M8[{unit}]").astype(np.int64) for one in parts], second)

    @property
    def days(self) -> list[np.ndarray]:
        """The days M8[D]."""
        return [(one // (self.second * _DAY)).astype("M8[D]") for one in self.moments]

    @property
    def one_time_of_day(self) -> bool:
        """Whether the rows of each series all stand at one time of day."""
        return all(len(np.unique(one % (self.second * _DAY))) == 1 for one in self.moments)

    def freq(self, step: int, name: str = "s") -> str:
        """How `Step` writes this duration."""
        if name == "s" and step % (self.second * _DAY) == 0:
            return f"{step // (self.second * _DAY)}D"
        seconds, rest = divmod(step, self.second)
        return f"{step * (10**9 // self.second)}n{name}" if rest else f"{seconds}{name}"


def _multiples(passed: Sequence[_MOMENTS], step: int) -> bool:
    return not any((one % step).any() for one in passed)


def _calendar_step(walls: _Moments) -> Step | None:
    """Weekdays or months, where the local times say so."""
    if not walls.one_time_of_day:
        return None
    days = walls.days
    every = np.concatenate(days)
    common = walls.common // (walls.second * _DAY)
    if common == 1 and len(every) >= _BUSINESS_ROWS and np.is_busday(every).all():
        return Step("B")
    if common < 13:
        return None
    anchors = month_anchors(every)
    if len(anchors) == 1 and common >= _MONTH:
        months = [np.diff(one.astype("M8[M]").astype(np.int64)) for one in days]
        count = int(np.gcd.reduce(np.concatenate(months)))
        return Step(f"{count}M{anchors[0]}") if count else None
    if len(anchors) == 2 and len(every) >= 4 and not _multiples(walls.passed, walls.common):
        return Step(f"1M{'+'.join(anchors)}")
    return None


def _open_days(walls: _Moments) -> Step | None:
    """The days of the week that are open, where one or more never are."""
    if walls.common != walls.second * _DAY or not walls.one_time_of_day:
        return None
    every = np.unique(np.concatenate(walls.days))
    weekdays = np.unique((every.astype(np.int64) + 3) % 7)
    weeks = len(np.unique((every.astype(np.int64) + 3) // 7))
    if len(weekdays) == 7 or weeks < _WEEKS + 1:
        return None
    mask = open_weekdays(weekdays.tolist())
    return (
        Step(f"B{mask}")
        if _is_pattern(len(every), weeks * len(weekdays), weeks * 7, 7 - len(weekdays), weeks)
        else None
    )


def _open_hours(walls: _Moments, common: int) -> Step | None:
    """The times of the week that are open, where the others never are."""
    week = walls.second * WEEK
    # 1970-01-05 was a Monday.
    since = [one - walls.second * 4 * _DAY for one in walls.moments]
    slots = np.unique(np.concatenate([one % week for one in since]))
    rows = sum(map(len, since))
    weeks = float(np.mean([(one[-1] - one[0] + common) / week for one in since]))
    if weeks < _WEEKS or len(slots) > rows / _WEEKS + 1 or (slots % walls.second).any():
        return None
    whole = week / common
    open_rows = weeks * len(slots) * len(since)
    if len(slots) >= whole or not _is_pattern(rows, open_rows, weeks * whole * len(since), whole - len(slots), weeks):
        return None
    hours = Hours(tuple(int(one) for one in slots // walls.second))
    if walls.one_time_of_day and len({one % _DAY for one in hours.seconds}) == 1:
        return Step(f"B{open_weekdays([one // _DAY for one in hours.seconds])}")
    return Step(f"W{hours.code()}")


def _is_pattern(rows: int, open_rows: float, all_rows: float, closed: float, weeks: float) -> bool:
    """Whether times that never occur are closed, and not only missing: more of them than chance would leave out.

    Were rows missing anywhere, a time of the week would never occur with the chance (1 - share)^weeks.
    """
    chance = max(0.0, 1 - rows / all_rows) ** weeks * all_rows / weeks
    return rows >= _FULL * open_rows and closed >= chance + 4 * chance**0.5 + 0.5


def _about(whole: _Moments, parts: Sequence[Times], name: str) -> Step:
    """A step that rows follow nearly: clocks that jitter, sensors that are late, one row in each month or day."""
    monthly = _monthly(whole) if not name else None
    if monthly is not None:
        return monthly
    usual = float(np.median(np.concatenate(whole.passed)))
    steps = [np.round(one / usual) for one in whole.passed]
    single = [(counts == 1) for counts in steps]
    off = [
        np.flatnonzero((counts < 1) | (ones & (np.abs(one / usual - counts) > TOLERANCE)))
        for one, counts, ones in zip(whole.passed, steps, single, strict=True)
    ]
    if any(map(len, off)):
        _refuse(whole, parts, name)
    ones = np.concatenate([one[chosen] for one, chosen in zip(whole.passed, single, strict=True)])
    mean, late = float(ones.mean()), float(np.abs(ones / ones.mean() - 1).max())
    seldom = float((ones != np.median(ones)).mean()) <= _SELDOM
    if seldom and late > _LITTLE:
        _refuse(whole, parts, name)
    length = _rounded(mean, 2 * late * mean / max(len(ones), 1), whole.second)
    return Step(whole.freq(length, name or "s") + "~")


def _monthly(walls: _Moments) -> Step | None:
    """One row in each month, or each so many months, on days that follow no rule."""
    if walls.common < walls.second * _DAY * (_MONTH - 8):
        return None
    months = [one.astype("M8[M]").astype(np.int64) for one in walls.days]
    passed = np.concatenate([np.diff(one) for one in months])
    if (passed < 1).any():
        return None
    every = np.concatenate(walls.days)
    numbers = (every - every.astype("M8[M]").astype("M8[D]")).astype(np.int64) + 1
    usual = np.bincount(numbers).argmax()
    # Month ends that a weekend moved are near to an end, not to a day of the month.
    anchor = "E" if usual >= _MONTH else "S" if usual == 1 else str(usual)
    return Step(f"{int(np.gcd.reduce(passed))}M{anchor}~")


def _rounded(mean: float, within: float, second: int) -> int:
    """The plainest duration as near to a mean as that is known."""
    for unit in (86400, 3600, 1800, 900, 600, 300, 60, 30, 15, 10, 5, 1):
        plain = round(mean / (unit * second)) * unit * second
        if plain and abs(mean - plain) <= within:
            return plain
    for rate in _RATES:
        if abs(second / rate - mean) <= within:
            return round(second / rate)
    digits = 10 ** int(np.floor(np.log10(max(within, 1))))
    return int(round(mean / digits) * digits)


def _refuse(whole: _Moments, parts: Sequence[Times], name: str) -> None:
    """Raise ValueError for the first time that is off the most common step."""
    step = Step(whole.freq(whole.common, name or "s"))
    for part, passed in zip(parts, whole.passed, strict=True):
        wrong = np.flatnonzero(passed % whole.common)
        if len(wrong):
            here = int(wrong[0])
            gap = (
                f"{passed[here] / whole.second:g} steps"
                if name
                else str(pd.Timedelta(passed[here] / whole.second, unit="s"))
            )
            raise ValueError(
                f"most steps are {step}, but {part.text(here + 1)} comes {gap} after {part.text(here)} "
                f"({sum(int((one % whole.common != 0).sum()) for one in whole.passed)} such rows)"
            )
    raise ValueError(f"no step fits all of them; most are {step}")
