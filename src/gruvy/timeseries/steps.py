"""The regular step between times: counted on the clock, on the calendar, or in seconds that pass."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gruvy.timeseries.numbers import Moments
from gruvy.timeseries.patterns import ANCHOR, Hours, Listed, Months, Numbers, Pattern, Weekdays
from gruvy.timeseries.times import Times

_NAMES = {"M": "month", "D": "day", "nstep": "billionth", "step": "step", "ns": "nanosecond", "s": "second"}
_MOST_SECONDS = {"M": 31 * 86400, "D": 86400, "step": 1, "nstep": 1e-9, "s": 1, "ns": 1e-9}  # of one unit
_PASSING = {"s": "s", "ns": "ns", "step": "s", "nstep": "ns"}  # counted on UTC, in this unit
_LONGEST = 2**62 * 1e-9  # seconds, so that a step in nanoseconds fits 64 bits
_LONGEST_MONTHS = 12 * 9999
_FORM = re.compile(
    rf"(?:(?P<count>\d{{1,19}})(?:(?P<unit>D|nstep|step|ns|s)|M(?P<anchors>(?:{ANCHOR})(?:\+(?:{ANCHOR}))*))"
    r"|(?P<days>B[01]{0,7})|W(?P<hours>[\d:+]+)|(?P<listed>C))(?P<about>~?)",
    re.ASCII,
)
# A row may come so much of a step early or late where steps are only about equal.
TOLERANCE = 0.2


@dataclass(frozen=True)
class Step:
    """The time between two rows: a fixed duration or one of the calendar.

    Attributes:
        freq: "3600s" or "20000000ns", of time that passes; "1D", of the local clock; "1step" of a plain count; on the
            calendar "B" (weekdays), "B1111110" (the open days of a week, from Monday on), "1MS" or "3ME" (starts or
            ends of months), "1M15", "1MBE", "1M3FRI", "1MS+15" (other days of months, `patterns.ANCHOR`), "W..." (times
            of a week, `patterns.Hours.code`), "C" (those of ``open``). A "~" at the end: each row belongs to the
            nearest step, and keeps its own time.
        open: of "C", in microseconds since 1970 as the clock shows them.

    Raises:
        ValueError: freq is none of these.

    Example:
        >>> print(Step("1MS").after(Times(np.array(["2020-01-01"], "M8[D]")), 2).utc)
        ['2020-02-01' '2020-03-01']
    """

    freq: str
    open: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        found = _FORM.fullmatch(self.freq)
        fits = found is not None and (
            found["days"] is None or (len(found["days"]) in (1, 8) and found["days"][1:] != "0" * 7)
        )
        if found is not None and found["count"] is not None:
            count, unit = int(found["count"]), found["unit"] or "M"
            fits = 0 < count * _MOST_SECONDS[unit] < _LONGEST if unit != "M" else 0 < count < _LONGEST_MONTHS
            fits = fits and not (unit == "M" and "+" in found["anchors"] and count > 1)
        if found is not None and found["listed"] is not None:
            fits = len(self.open) > 1 and bool((np.diff(self.open) > 0).all())
        if found is not None and found["hours"] is not None:
            Hours.of_code(found["hours"])
        if not fits:
            raise ValueError(f"the step {self.freq!r} is none; expected such as 3600s, 1D, B, 1MS or 3ME")

    @cached_property
    def _parts(self) -> dict[str, str | None]:
        found = _FORM.fullmatch(self.freq)
        assert found is not None
        return found.groupdict()

    @property
    def unit(self) -> str:
        """One of "s", "ns", "step", "nstep", "D", "M", "B", "W", "C"."""
        return str(self._parts["unit"] or ("M" if self._parts["anchors"] else self.freq[0]))

    @property
    def count(self) -> int:
        """How many units."""
        return int(self._parts["count"] or 1)

    @property
    def about(self) -> bool:
        """Whether rows keep their own times, near to the steps."""
        return bool(self._parts["about"])

    @property
    def counted(self) -> bool:
        """Whether this is a step of a plain count, which has no calendar."""
        return self.unit in ("step", "nstep")

    @cached_property
    def pattern(self) -> Pattern | None:
        """The calendar that is followed; None for equal steps."""
        if self._parts["anchors"]:
            return Months(tuple(self._parts["anchors"].split("+")))
        if self._parts["days"]:
            return Weekdays(self._parts["days"][1:] or "1111100")
        if self._parts["hours"]:
            return Hours.of_code(self._parts["hours"])
        return Listed(self.open) if self._parts["listed"] else None

    def grid(self, times: Times) -> Times:
        """Every step from the first of these times to the last."""
        first, last = self._counted(times[np.array([0, -1])])
        if self.pattern is None:
            return self._in_zone(first + np.arange(int((last - first) // self._length) + 1) * self._length, times)
        start, end = self._numbers(np.array([first, last]), first)
        steps = self._moments(np.arange(start, end + 1, self.count), first)
        return self._in_zone(steps[steps <= last], times)

    def places(self, times: Times) -> Numbers | None:
        """The number of the step of each of these times, from 0 on; None where they are on none, or two on one."""
        if self.about:
            places = self._near(times)
        else:
            grid = self.grid(times)
            if not len(grid):
                return None
            places = np.searchsorted(grid.utc, times.utc).clip(max=len(grid) - 1)
            if (grid.utc[places] != times.utc).any():
                return None
        return places if (np.diff(places) > 0).all() else None

    def laid(self, times: Times, places: Numbers) -> Times:
        """Every step from the first of these times, which `places` numbered, to the last."""
        if not self.about:
            return self.grid(times)
        utc = times.utc.astype("M8[ns]" if np.datetime_data(times.utc.dtype)[0] == "ns" else "M8[us]")
        whole = np.interp(np.arange(places[-1] + 1), places, (utc - utc[0]).astype(np.int64))
        steps = utc[0] + np.round(whole).astype(np.int64)
        steps[places] = utc
        return replace(times, utc=steps)

    def off(self, times: Times) -> tuple[int, int]:
        """The number of the first of these times that is on no step, and how many there are."""
        grid = self.grid(times)
        wrong = np.flatnonzero(~np.isin(times.utc, grid.utc))
        return (int(wrong[0]), len(wrong)) if len(wrong) else (0, 0)

    def after(self, times: Times, count: int) -> Times:
        """The ``count`` times that follow the last of these.

        Raises:
            ValueError: a list of open times ends before.
        """
        (last,) = self._counted(times[-1:])
        if self.pattern is None:
            ahead = last + np.arange(1, count + 1) * self._length
            return self._in_zone(_as_fine(ahead, times.utc) if self.about else ahead, times)
        (start,) = self._numbers(np.array([last]), last)
        # A last time between two steps is followed by the later one.
        on_step = self._moments(np.array([start]), last)[0] == last
        numbers = start + self.count * (np.arange(count) + int(on_step))
        if self.about and not on_step:
            numbers = self._next(last) + self.count * np.arange(count)
        return self._in_zone(self._moments(numbers, last), times)

    @property
    def seconds(self) -> float:
        """The length of one step, for steps of the calendar the mean of many."""
        if self.pattern is None:
            return float(self._length / np.timedelta64(1, "ns")) * 1e-9 if self.unit != "D" else self.count * 86400.0
        if isinstance(self.pattern, Listed):
            return (self.open[-1] - self.open[0]) * 1e-6 / (len(self.open) - 1)
        per = {"M": len(getattr(self.pattern, "anchors", "1")) * 12 / 365.2425, "B": 0.0, "W": 0.0}[self.unit]
        if isinstance(self.pattern, Weekdays):
            per = self.pattern.mask.count("1") / 7
        if isinstance(self.pattern, Hours):
            per = len(self.pattern.seconds) / 7
        return self.count * 86400.0 / per

    @property
    def duration(self) -> np.timedelta64:
        """The length of one step, for steps of the calendar the mean of many; that of a weekday is 7/5 days."""
        if self.pattern is None:
            return self._length.astype("m8[ns]")  # type: ignore[no-any-return]
        seconds = self.seconds
        return np.timedelta64(round(seconds * 1e9), "ns") if seconds < _LONGEST else np.timedelta64(round(seconds), "s")

    def document(self) -> str | dict[str, Any]:
        """Return plain JSON."""
        return self.freq if not self.open else {"freq": self.freq, "open": list(self.open)}

    @classmethod
    def of_document(cls, document: str | Mapping[str, Any]) -> Step:
        """Return what `document` was made of."""
        if isinstance(document, str):
            return cls(document)
        return cls(str(document["freq"]), tuple(int(one) for one in document["open"]))

    def __str__(self) -> str:
        name, count = _NAMES.get(self.unit, ""), self.count
        if self.about and self.unit == "ns":
            return f"about {self.seconds:.6g} seconds"
        if isinstance(self.pattern, Weekdays):
            return "1 weekday" if self.freq.startswith("B") and len(self.freq) < 8 else f"1 open day ({self.pattern})"
        if isinstance(self.pattern, Hours):
            return f"1 open time ({self.pattern})"
        if isinstance(self.pattern, Listed):
            return "1 open time of the calendar"
        if isinstance(self.pattern, Months) and len(self.pattern.anchors) > 1:
            return f"half a month ({self.pattern})"
        if self.unit == "nstep":
            return f"{count * 1e-9:g} steps"
        for seconds, longer in ((3600, "hour"), (60, "minute")) if self.unit == "s" else ():
            if count % seconds == 0:
                count, name = count // seconds, longer
                break
        where = ""
        if isinstance(self.pattern, Months) and self.pattern.anchors[0] not in ("S", "E"):
            where = f" ({self.pattern})"
        return ("about " if self.about else "") + f"{count} {name}" + ("s" if count != 1 else "") + where

    @property
    def _length(self) -> np.timedelta64:
        return np.timedelta64(self.count, _PASSING.get(self.unit, "D"))  # type: ignore[call-overload, no-any-return]

    def _counted(self, times: Times) -> Moments:
        """What the steps are counted on: UTC, or the clock."""
        return times.utc if self.unit in _PASSING else times.clock

    def _numbers(self, clock: Moments, first: np.datetime64) -> Numbers:
        """The numbers of steps; those of days stand at the first one's time of day."""
        assert self.pattern is not None
        day = first.astype("M8[D]") if self.unit in "BM" else first
        return self.pattern.numbers(clock - (first - day))

    def _moments(self, numbers: Numbers, first: np.datetime64) -> Moments:
        assert self.pattern is not None
        day = first.astype("M8[D]") if self.unit in "BM" else first
        return self.pattern.clock(numbers) + (first - day)

    def _next(self, last: np.datetime64) -> np.int64:
        """The first step that is not the one near to this time."""
        number = self._near_numbers(np.array([last]))[0]
        return number + self.count  # type: ignore[no-any-return]

    def _near_numbers(self, clock: Moments) -> Numbers:
        if isinstance(self.pattern, Months):  # each row stands for its month
            return clock.astype("M8[M]").astype(np.int64)
        assert self.pattern is not None
        return self.pattern.numbers(clock.astype("M8[D]"))

    def _near(self, times: Times) -> Numbers:
        """The steps that times are nearest to."""
        clock = self._counted(times)
        if self.pattern is not None:
            numbers = self._near_numbers(clock)
            return (numbers - numbers[0]) // self.count  # type: ignore[no-any-return]
        gaps: NDArray[np.float64] = np.diff(clock) / self._length
        steps = np.round(gaps)
        wrong = (np.abs(gaps - steps) > TOLERANCE) & (steps < 2) | (steps < 1)
        return np.concatenate([[0], np.cumsum(np.where(wrong, 0, steps))]).astype(np.int64)

    def _in_zone(self, steps: Moments, times: Times) -> Times:
        if self.unit in _PASSING:
            return replace(times, utc=steps)
        return Times.of_clock(steps, times.zone, times.notation)


def _as_fine(steps: Moments, like: Moments) -> Moments:
    """Round to the resolution of the times that a clock showed."""
    fine = steps.astype("M8[ns]").astype(np.int64)
    unit = int(np.gcd.reduce(np.diff(like.astype("M8[ns]").astype(np.int64)))) if len(like) > 1 else 1
    first = like[:1].astype("M8[ns]").astype(np.int64)
    return (first + np.round((fine - first) / unit).astype(np.int64) * unit).astype("M8[ns]")
