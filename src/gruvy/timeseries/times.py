"""`Times`: moments, and what the clocks of their time zone show."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo

import numpy as np
from numpy.typing import NDArray

from gruvy.timeseries.notation import TIMES, Notation
from gruvy.timeseries.numbers import Moments

_DAY = np.timedelta64(1, "D")


@dataclass(frozen=True, eq=False)
class Times:
    """Moments in order, all in one time zone or none.

    Attributes:
        utc: (T,) datetime64 of any unit; without a zone what the clock shows.
        zone: the time zone, or None.
        notation: how the table writes them.

    Example:
        >>> from zoneinfo import ZoneInfo
        >>> summer = Times(np.array(["2024-07-01T12:00"], "M8[s]"), ZoneInfo("Europe/Berlin"))
        >>> print(summer.clock[0], summer.text(0))
        2024-07-01T14:00:00 2024-07-01 14:00:00+02:00
    """

    utc: Moments
    zone: tzinfo | None = None
    notation: Notation = TIMES

    @classmethod
    def of_clock(cls, clock: Moments, zone: tzinfo | None, notation: Notation = TIMES) -> Times:
        """Return the moments at which the clocks show these times.

        Of two such moments, when clocks go back, it is the first. Where there is none, when they go forward, it is what
        a clock would show that nobody has put forward.
        """
        if zone is None:
            return cls(clock, None, notation)
        first, _ = clock_moments(clock, zone)
        return cls(first, zone, notation)

    @property
    def clock(self) -> Moments:
        """What the clocks show."""
        return self.utc if self.zone is None else self.utc + _offsets(self.utc, self.zone)

    def followed_by(self, others: Times) -> Times:
        """Return these moments and then the others."""
        return replace(self, utc=np.concatenate([self.utc, others.utc]))

    def written(self) -> np.ndarray | None:
        """Return them in the form of the table; None where that has times as such."""
        return self.notation.write(self.clock)

    def column(self) -> np.ndarray:
        """Return them as a column of a table: in its form, or datetime64, or with a zone Python's datetimes."""
        written = self.written()
        if written is not None:
            return written
        return self.utc if self.zone is None else self.datetimes()

    def datetimes(self) -> np.ndarray:
        """Return Python's datetimes in the zone, to the microsecond: an array of objects."""
        plain = self.utc.astype("M8[us]").tolist()
        moments = [one if self.zone is None else one.replace(tzinfo=UTC).astimezone(self.zone) for one in plain]
        found = np.empty(len(moments), object)
        found[:] = moments
        return found

    def text(self, number: int) -> str:
        """Return one of them as people write it."""
        written = self[number : number + 1 or None].written()
        if written is not None:
            return str(written[0])
        moment = self.clock[number : number + 1 or None]
        seconds = moment.astype("M8[s]")
        exact = moment if (moment != seconds).any() else seconds
        shown = str(exact[0]).replace("T", " ")
        if self.zone is None:
            return shown
        minutes = int(_offsets(self.utc[number : number + 1 or None], self.zone)[0] / np.timedelta64(1, "m"))
        return f"{shown}{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"

    def __len__(self) -> int:
        return len(self.utc)

    def __getitem__(self, part: slice | np.ndarray) -> Times:
        return replace(self, utc=self.utc[part])


def clock_moments(clock: Moments, zone: tzinfo) -> tuple[Moments, Moments]:
    """Return the first and the second moment (T,) at which the clocks of a zone show these times.

    They differ only where clocks go back. Where there is no such moment, when they go forward, both are what a clock
    would show that nobody has put forward.
    """
    before, after = clock - _offsets(clock - _DAY, zone), clock - _offsets(clock + _DAY, zone)
    fits_before = before + _offsets(before, zone) == clock
    fits_after = after + _offsets(after, zone) == clock
    first = np.where(~fits_before & fits_after, after, before)
    return first, np.where(fits_before & fits_after, np.maximum(before, after), first)


def _offsets(utc: Moments, zone: tzinfo) -> NDArray[np.timedelta64]:
    """How far the clocks are ahead of UTC. They are set so seldom that it is mostly enough to ask once a day."""
    if not len(utc):
        return np.zeros(0, "m8[s]")
    days, where = np.unique(utc.astype("M8[D]"), return_inverse=True)
    edges = np.unique(np.concatenate([days, days + _DAY]))
    at_edges = _ask(edges, zone)
    first, last = (at_edges[np.searchsorted(edges, edge)] for edge in (days, days + _DAY))
    found = first[where]
    changing = (first != last)[where]
    found[changing] = _ask(utc[changing], zone)
    return found


def _ask(utc: Moments, zone: tzinfo) -> NDArray[np.timedelta64]:
    seconds = utc.astype("M8[s]").astype(np.int64).tolist()
    offsets = [datetime.fromtimestamp(second, UTC).astimezone(zone).utcoffset() for second in seconds]
    return np.array([0 if offset is None else round(offset.total_seconds()) for offset in offsets], "m8[s]")


def utc_times(moments: list[datetime]) -> Times:
    """Return the times of Python's datetimes; of several zones or offsets in UTC.

    Raises:
        ValueError: some have a zone and some have none.
    """
    zones = {moment.tzinfo for moment in moments}
    if None in zones and len(zones) > 1:
        raise ValueError("is in doubt: some have a time zone and some have none; give all a zone, or none")
    if zones in (set(), {None}):
        return Times(np.array([moment.replace(tzinfo=None) for moment in moments], "M8[us]"))
    plain = np.array([moment.astimezone(UTC).replace(tzinfo=None) for moment in moments], "M8[us]")
    return Times(plain, zones.pop() if len(zones) == 1 else UTC)
