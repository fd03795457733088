"""Patterns of the calendar: which days of a month, which days or hours of a week, or which listed times are open."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from gruvy.timeseries.numbers import Moments

Numbers = NDArray[np.int64]

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
WEEK = 7 * 86400
_MONDAY = np.datetime64("1970-01-05")
# What stands for the day of a month: S its first, E its last, B with them the first or last from Monday to Friday; a
# number; or a weekday such as 3FRI, LFRI for the last one.
ANCHOR = r"B?[SE]|\d{1,2}|[1-5L](?:MON|TUE|WED|THU|FRI|SAT|SUN)"
_FEWEST_HALVES = 3
_ANCHORS = {"S": "start", "E": "end", "BS": "first weekday", "BE": "last weekday"}


class Pattern(Protocol):
    """Clock times, numbered without gaps."""

    def numbers(self, clock: Moments) -> Numbers:
        """The numbers of these times, or of the next ones of the pattern."""
        ...

    def clock(self, numbers: Numbers) -> Moments:
        """The times with these numbers."""
        ...


@dataclass(frozen=True)
class Weekdays:
    """Some days of the week.

    Example:
        >>> open_days = Weekdays("1111110")
        >>> print(open_days.clock(open_days.numbers(np.array(["2024-01-06"], "M8[D]")) + 1))
        ['2024-01-08']
    """

    mask: str = "1111100"

    def numbers(self, clock: Moments) -> Numbers:
        """See `Pattern`."""
        # Counted from the Monday: a negative count would leave out another end.
        weeks = (clock.astype("M8[D]") - _MONDAY).astype(np.int64) // 7
        monday = _MONDAY + 7 * weeks
        day = np.busday_count(monday, clock.astype("M8[D]"), weekmask=self.mask)
        late = (clock > clock.astype("M8[D]")) & np.is_busday(clock.astype("M8[D]"), weekmask=self.mask)
        return weeks * self.mask.count("1") + day + late

    def clock(self, numbers: Numbers) -> Moments:
        """See `Pattern`."""
        weeks, day = np.divmod(numbers, self.mask.count("1"))
        open_days = np.flatnonzero([one == "1" for one in self.mask])
        return _MONDAY + 7 * weeks + open_days[day]

    def __str__(self) -> str:
        return ", ".join(name for name, one in zip(WEEKDAYS, self.mask, strict=True) if one == "1")


@dataclass(frozen=True)
class Months:
    """Some days of each month, in order.

    Attributes:
        anchors: each as `ANCHOR` has it.
    """

    anchors: tuple[str, ...]

    def numbers(self, clock: Moments) -> Numbers:
        """See `Pattern`."""
        month = clock.astype("M8[M]")
        before = sum((anchor_day(month, one) < clock).astype(np.int64) for one in self.anchors)
        found: Numbers = month.astype(np.int64) * len(self.anchors) + before
        return found

    def clock(self, numbers: Numbers) -> Moments:
        """See `Pattern`."""
        month, slot = np.divmod(numbers, len(self.anchors))
        days = np.stack([anchor_day(month.astype("M8[M]"), one) for one in self.anchors])
        found: Moments = days[slot, np.arange(len(slot))] if slot.ndim else days[slot]
        return found

    def __str__(self) -> str:
        return " and ".join(_ANCHORS.get(one, f"day {one}" if one.isdigit() else one) for one in self.anchors)


@dataclass(frozen=True)
class Hours:
    """Some times of the week.

    Attributes:
        seconds: since Monday 0:00, increasing.
    """

    seconds: tuple[int, ...]

    def numbers(self, clock: Moments) -> Numbers:
        """See `Pattern`."""
        since = clock - _MONDAY
        weeks = (since // np.timedelta64(WEEK, "s")).astype(np.int64)
        rest = (since - weeks * np.timedelta64(WEEK, "s")) / np.timedelta64(1, "s")
        return weeks * len(self.seconds) + np.searchsorted(np.array(self.seconds), rest)

    def clock(self, numbers: Numbers) -> Moments:
        """See `Pattern`."""
        weeks, slot = np.divmod(numbers, len(self.seconds))
        found: Moments = _MONDAY.astype("M8[s]") + weeks * WEEK + np.array(self.seconds)[slot]
        return found

    def code(self) -> str:
        """Return the seconds as first:last:step, joined by +."""
        seconds, runs, at = np.array(self.seconds), [], 0
        while at < len(seconds):
            end, step = at, 1
            if at + 1 < len(seconds):
                step = int(seconds[at + 1] - seconds[at])
                while end + 1 < len(seconds) and seconds[end + 1] - seconds[end] == step:
                    end += 1
            if end == at:
                step = 1
            runs.append(f"{seconds[at]}:{seconds[end]}:{step}")
            at = end + 1
        return "+".join(runs)

    @classmethod
    def of_code(cls, code: str) -> Hours:
        """Read what `code` wrote.

        Raises:
            ValueError: it is none.
        """
        found: list[int] = []
        for run in code.split("+"):
            if not re.fullmatch(r"\d{1,6}:\d{1,6}:\d{1,6}", run):
                raise ValueError(f"no times of a week: {run!r}")
            first, last, step = map(int, run.split(":"))
            found += range(first, last + 1, max(step, 1))
        if not found or found[-1] >= WEEK or (np.diff(found) <= 0).any():
            raise ValueError("the times of a week do not increase")
        return cls(tuple(found))

    def __str__(self) -> str:
        days = sorted({second // 86400 for second in self.seconds})
        clocks = sorted({second % 86400 for second in self.seconds})
        shown = [f"{one // 3600:02d}:{one // 60 % 60:02d}" for one in (clocks[0], clocks[-1])]
        return f"{', '.join(WEEKDAYS[day] for day in days)} {shown[0]} to {shown[1]}"


@dataclass(frozen=True)
class Listed:
    """Open times from a list, in microseconds since 1970 as clocks show them, increasing."""

    times: tuple[int, ...]

    def numbers(self, clock: Moments) -> Numbers:
        """See `Pattern`."""
        return np.searchsorted(self._moments(), clock).astype(np.int64)

    def clock(self, numbers: Numbers) -> Moments:
        """See `Pattern`.

        Raises:
            ValueError: the list ends before.
        """
        moments = self._moments()
        if len(numbers) and int(np.max(numbers)) >= len(moments):
            raise ValueError(
                f"the calendar ends at {str(moments[-1].astype('M8[s]')).replace('T', ' ')}, and "
                f"{int(np.max(numbers)) - len(moments) + 1} more open times are needed"
            )
        found: Moments = moments[numbers]
        return found

    def _moments(self) -> Moments:
        return np.array(self.times, np.int64).astype("M8[us]")


def anchor_day(month: Moments, anchor: str) -> Moments:
    """Return the day of each month M8[M] that an anchor means; the last one where a month is too short."""
    first: Moments = month.astype("M8[D]")
    next_first: Moments = (month + 1).astype("M8[D]")
    last = next_first - 1
    if anchor.isdigit():
        shifted: Moments = first + (int(anchor) - 1)
        return np.minimum(shifted, last)
    if anchor in ("S", "E"):
        return first if anchor == "S" else last
    if anchor in ("BS", "BE"):
        start = anchor == "BS"
        return np.busday_offset(first if start else last, 0, roll="forward" if start else "backward")
    name = anchor[1:].title()
    if anchor[0] == "L":
        return np.busday_offset(last, 0, roll="backward", weekmask=name)
    return np.busday_offset(first, int(anchor[0]) - 1, roll="forward", weekmask=name)


def month_anchors(days: Moments) -> tuple[str, ...]:
    """Return the anchors that all of these days (T,) M8[D] stand on, the plainest ones; none if there are none."""
    month = days.astype("M8[M]")
    numbers = (days - month.astype("M8[D]")).astype(np.int64) + 1
    tried: list[str] = ["S", "E", "BS", "BE", str(numbers.max())]
    weekday = int((days[0].astype(np.int64) + 3) % 7)
    name = WEEKDAYS[weekday].upper()
    tried += [f"{(numbers.min() - 1) // 7 + 1}{name}", f"L{name}"]
    for anchor in tried:
        if (anchor_day(month, anchor) == days).all():
            return (anchor,)
    return _halves(days, numbers)


def _halves(days: Moments, numbers: Numbers) -> tuple[str, ...]:
    """Two days a month."""
    early = numbers <= (numbers.min() + numbers.max()) / 2
    if min(early.sum(), (~early).sum()) < _FEWEST_HALVES:
        return ()
    found: list[str] = []
    for half in (days[early], days[~early]):
        own = (half - half.astype("M8[M]").astype("M8[D]")).astype(np.int64) + 1
        fits = [one for one in ("S", "E", str(own.max())) if (anchor_day(half.astype("M8[M]"), one) == half).all()]
        if not fits:
            return ()
        found.append(fits[0])
    return tuple(found)


def open_weekdays(days: Sequence[int]) -> str:
    """Return the mask of `Weekdays` with these days, Monday is 0."""
    return "".join("1" if day in days else "0" for day in range(7))
