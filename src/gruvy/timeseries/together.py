"""Times that a table keeps in several columns: a date and a time of day, or year, month, day and hour."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from gruvy.errors import note
from gruvy.timeseries.numbers import read_numbers, sniff_numbers
from gruvy.timeseries.reading import is_missing

_YEARS = (1000, 2999)
_CLOCK = re.compile(r"\d{1,2}[:.]\d{2}([:.]\d{2}([.,]\d{1,9})?)?\s?([AaPp]\.?[Mm]\.?)?")
_MIDNIGHT = re.compile(r"[T ]0?0:00(:00(\.0+)?)?$")


def columns_of_time(time: Any, names: Sequence[Any]) -> list[Any]:
    """Return the columns that hold the times together, none where ``time`` is one column, or is not there.

    Args:
        time: the name of a column, or several with commas between them.
        names: of the table's columns.

    Example:
        >>> columns_of_time("date, hour", ["date", "hour", "load"]), columns_of_time("t", ["t"])
        (['date', 'hour'], [])
    """
    if not isinstance(time, str) or "," not in time or time in names:
        return []
    found = []
    for part in (one.strip() for one in time.split(",")):
        same = [name for name in names if str(name).strip() == part]
        if len(same) != 1:
            return []
        found.append(same[0])
    return found


def is_clock(values: Sequence[Any]) -> bool:
    """Whether all cells are times of day, such as 13:00 or 1:00 PM."""
    return all(isinstance(one, dt.time) or (isinstance(one, str) and _CLOCK.fullmatch(one.strip())) for one in values)


def put_together(columns: Sequence[Any], names: Sequence[Any]) -> np.ndarray:
    """Return the times of several columns (T,) as texts, each in one; empty where one of them is.

    Args:
        columns: a date and a time of day (text, or hours from 0 to 24); or a year, a month, and so on down to the
            second; or a year and a quarter or a week.
        names: what they are called.

    Raises:
        ValueError: why they cannot be read, to stand behind their names.

    Example:
        >>> put_together([["31/01/2024"], [13]], ["day", "hour"]), put_together([[2024], [2]], ["y", "m"])
        (array(['31/01/2024 13:00'], dtype=object), array(['2024-02'], dtype=object))
    """
    cells = [_cells(column) for column in columns]
    missing = np.any([[is_missing(one) for one in column] for column in cells], axis=0)
    rows = np.flatnonzero(~missing)
    found = np.full(len(missing), "", object)
    if len(rows):
        given = [[column[row] for row in rows] for column in cells]
        texts = _calendar(given, names) if _are_years(given[0]) else _dates_and_clocks(given, names)
        found[rows] = np.array(texts, object)
    return found


def _cells(column: Any) -> list[Any]:
    array = np.asarray(column)
    if array.dtype.kind == "M":
        return [None if np.isnat(one) else str(one.astype("M8[s]")).replace("T", " ") for one in array]
    if array.dtype.kind == "m":
        return [None if np.isnat(one) else one / np.timedelta64(1, "h") for one in array]
    return list(array.tolist())


def _number(value: Any) -> float:
    try:
        return np.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        return np.nan


def _are_years(cells: Sequence[Any]) -> bool:
    values = np.array([_number(one) for one in cells])
    return bool(np.all((values == np.floor(values)) & (values >= _YEARS[0]) & (values <= _YEARS[1])))


def _whole(cells: Sequence[Any], name: Any, low: int, high: int) -> list[int]:
    values = np.array([_number(one) for one in cells])
    wrong = np.flatnonzero(~((values >= low) & (values <= high) & (values == np.floor(values))))
    if len(wrong):
        raise ValueError(f"holds {cells[wrong[0]]!r} in '{name}', expected integers from {low} to {high}")
    return [int(value) for value in values]


def _calendar(given: Sequence[Sequence[Any]], names: Sequence[Any]) -> list[str]:
    """Year, month, day, hour, minute, second; the month may have a name, or be a quarter or a week."""
    years = [int(_number(one)) for one in given[0]]
    seconds = [str(one).strip() for one in given[1]]
    if len(given) == 2:
        if all(re.fullmatch(r"[Qq][1-4]", one) for one in seconds):
            return [f"{year}-{quarter.upper()}" for year, quarter in zip(years, seconds, strict=True)]
        numbers = np.array([_number(one.lstrip("WwKk").lstrip("Ww")) for one in seconds])
        if 12 < np.nanmax(numbers, initial=0) <= 53 or seconds[0][:1] in "WwKk":
            weeks = _whole(numbers.tolist(), names[1], 1, 53)
            note(f"columns '{names[0]}' and '{names[1]}' are read as years and weeks of ISO 8601")
            return [f"{year}-W{week:02d}" for year, week in zip(years, weeks, strict=True)]
        if numbers.max(initial=0) == 4 and len(set(years)) > 1:
            note(f"columns '{names[0]}' and '{names[1]}' are read as years and quarters")
            return [f"{year}-Q{quarter:.0f}" for year, quarter in zip(years, numbers, strict=True)]
    if all(re.fullmatch(r"[^\W\d_]{3,}\.?", one) for one in seconds):
        days = [f"{day} " for day in _whole(given[2], names[2], 1, 31)] if len(given) > 2 else [""] * len(years)
        dates = [f"{day}{month} {year}" for day, month, year in zip(days, seconds, years, strict=True)]
    else:
        parts = [years, _whole(given[1], names[1], 1, 12)]
        parts += [_whole(given[2], names[2], 1, 31)] if len(given) > 2 else []
        dates = ["-".join(f"{one:02d}" for one in row) for row in zip(*parts, strict=True)]
    if len(given) <= 3:
        return dates
    if len(given) == 4:
        return _with_clock(dates, given[3], names[3])
    if len(given) > 6:
        raise ValueError("expected at most year, month, day, hour, minute and second")
    limits = ((0, 24), (0, 59), (0, 59))
    clocks = [_whole(given[3 + one], names[3 + one], *limits[one]) for one in range(len(given) - 3)]
    return [
        f"{date} {':'.join(f'{one:02d}' for one in clock)}"
        for date, clock in zip(dates, zip(*clocks, strict=True), strict=True)
    ]


def _dates_and_clocks(given: Sequence[Sequence[Any]], names: Sequence[Any]) -> list[str]:
    if len(given) != 2:
        raise ValueError("expected a date and a time of day, or a year, a month and so on")
    dates = [one.isoformat() if isinstance(one, dt.date) else one for one in given[0]]
    if not all(isinstance(one, str) for one in dates):
        numbers = np.array([_number(one) for one in dates])
        if np.isnan(numbers).any():
            raise ValueError(f"holds {dates[int(np.argmax(np.isnan(numbers)))]!r} in '{names[0]}', expected dates")
        dates = [str(one)[:10] for one in read_numbers(numbers, sniff_numbers(numbers)).astype("M8[D]")]
    texts = [str(one).strip() for one in dates]
    if all(_MIDNIGHT.search(one) for one in texts):
        texts = [_MIDNIGHT.sub("", one) for one in texts]
    return _with_clock(texts, given[1], names[1])


def _with_clock(dates: Sequence[str], clocks: Sequence[Any], name: Any) -> list[str]:
    return [f"{date} {clock}" for date, clock in zip(dates, _clocks(clocks, name), strict=True)]


def _clocks(cells: Sequence[Any], name: Any) -> list[str]:
    """Times of day as text."""
    if is_clock(cells):
        return [one.isoformat() if isinstance(one, dt.time) else str(one).strip() for one in cells]
    hours = np.array([_number(re.sub(r"\s?[hH]$", "", one) if isinstance(one, str) else one) for one in cells])
    wrong = np.flatnonzero(~((hours >= 0) & (hours <= 2400)))
    if len(wrong):
        raise ValueError(f"holds {cells[wrong[0]]!r} in '{name}', expected times of day or hours from 0 to 24")
    if hours.max() > 24:  # 1330 is 13:30
        minutes = hours // 100 * 60 + hours % 100
        if (hours % 100 >= 60).any():
            raise ValueError(f"holds {hours.max():g} in '{name}', expected times of day or hours from 0 to 24")
    elif (hours < 1).all() and (hours % 1 > 0).any():  # of a day, as spreadsheets keep them
        minutes = hours * 1440
    else:
        minutes = hours * 60
    seconds = np.round(minutes * 60).astype(np.int64)
    shown = "{:02d}:{:02d}:{:02d}" if (seconds % 60).any() else "{:02d}:{:02d}"
    return [shown.format(one // 3600, one // 60 % 60, one % 60) for one in seconds.tolist()]
