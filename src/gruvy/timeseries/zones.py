"""Time zones: by name, by the offsets that a table writes, and of clocks that are set twice a year."""

from __future__ import annotations

import zoneinfo
from collections.abc import Sequence
from datetime import tzinfo

import numpy as np

from gruvy.errors import ArgumentError
from gruvy.timeseries.numbers import Moments
from gruvy.timeseries.problems import did_you_mean
from gruvy.timeseries.times import Times, clock_moments

# Of zones with the same offsets the one that most people live in.
_USUAL = (
    *("America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles", "America/Halifax"),
    *("America/St_Johns", "America/Anchorage", "America/Sao_Paulo", "America/Santiago", "Europe/London"),
    *("Europe/Berlin", "Europe/Athens", "Europe/Istanbul", "Europe/Moscow", "Africa/Cairo", "Asia/Jerusalem"),
    *("Asia/Tehran", "Australia/Sydney", "Australia/Adelaide", "Australia/Lord_Howe", "Pacific/Auckland"),
)
_ASKED = 200  # offsets in a column that are compared before all of them are


def zone_named(name: str) -> tzinfo:
    """Return a time zone of the IANA database.

    Raises:
        ArgumentError: there is none of this name.

    Example:
        >>> print(zone_named("Europe/Berlin"))
        Europe/Berlin
    """
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        known = sorted(zoneinfo.available_timezones())
        hint = did_you_mean(name, known) if known else "install the package tzdata, which has them"
        raise ArgumentError(f"timezone: expected a name such as Europe/Berlin, got {name!r}; {hint}") from error


def zone_of_offsets(utc: Moments, offsets: np.ndarray) -> str | None:
    """Return the zone whose clocks are that far ahead of UTC at these moments; None if there is none.

    Args:
        utc: (T,) moments.
        offsets: (T,) minutes.

    Example:
        >>> zone_of_offsets(np.array(["2024-01-01", "2024-07-01"], "M8[s]"), np.array([-300, -240]))
        'America/New_York'
    """
    changes = np.flatnonzero(np.diff(offsets))
    some = np.unique(np.concatenate([[0, len(utc) - 1], changes[:_ASKED], changes[:_ASKED] + 1]))
    available = zoneinfo.available_timezones()
    for name in (*_USUAL, *sorted(one for one in available if "/" in one)):
        if name not in available:
            continue
        zone = zoneinfo.ZoneInfo(name)
        if all(_agree(utc[rows], offsets[rows], zone) for rows in (some, np.arange(len(utc)))):
            return name
    return None


def _agree(utc: Moments, offsets: np.ndarray, zone: tzinfo) -> bool:
    return bool((Times(utc, zone).clock == utc + offsets.astype("m8[m]")).all())


def zone_of_doubled(clock: Moments, most: int) -> str | None:
    """Return a zone whose clocks show all of these times twice; None if there is none, or one is there more than twice.

    Args:
        clock: (T,) the times that occur more than once.
        most: how often the most frequent one does.
    """
    if most > 2 or len(clock) > _ASKED:
        return None
    for name in _USUAL:
        try:
            first, second = clock_moments(clock, zoneinfo.ZoneInfo(name))
        except zoneinfo.ZoneInfoNotFoundError:
            continue
        if (first != second).all():
            return name
    return None


def of_local_clock(clock: Moments, zone: tzinfo, parts: Sequence[np.ndarray]) -> Times:
    """Return the moments at which clocks showed these times, row after row.

    Of an hour that clocks show twice, a row that would come before the one above it, or with it, is in the second.

    Args:
        clock: (T,) what clocks show.
        zone: of the clocks.
        parts: the rows of each series, in order.

    Raises:
        ValueError: clocks never show one of them.
    """
    first, second = clock_moments(clock, zone)
    wrong = np.flatnonzero(Times(first, zone).clock != clock)
    if len(wrong):
        shown = Times(clock[wrong[:1]]).text(0)
        raise ValueError(
            f"{shown} in row {wrong[0]} is in the hour that clocks of {zone} leave out when they go forward "
            f"({len(wrong)} such rows); if these clocks are never set, name a zone without summer time, such as UTC"
        )
    twice = first != second
    utc = first.copy()
    for rows in parts:
        falling = len(rows) > 1 and clock[rows[0]] > clock[rows[-1]]
        ordered = rows[::-1] if falling else rows
        for place in np.flatnonzero(twice[ordered]):
            row = ordered[place]
            if place and utc[row] <= utc[ordered[place - 1]]:
                utc[row] = second[row]
    return Times(utc, zone)
