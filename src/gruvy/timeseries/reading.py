"""A column of times in whatever form people keep it, as `Times`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gruvy.errors import note
from gruvy.timeseries import numbers, texts
from gruvy.timeseries.notation import Notation
from gruvy.timeseries.times import Times, utc_times
from gruvy.timeseries.zones import of_local_clock, zone_named, zone_of_offsets

# What stands for a missing value where an array holds objects; a float's NaN differs from itself.
MISSING_TYPES = ("NoneType", "NAType", "NaTType")


@dataclass(frozen=True)
class TimeFormat:
    """What the caller says of a column of times.

    Attributes:
        form: one of `gruvy.timeseries.numbers.FORMS`, or a format of `datetime.strptime`; None to find it.
        zone: the time zone of the clocks that were read, or in which times are to be shown; None for what they tell.
        day_first: whether 01/02/2024 is in February; None to find it.
    """

    form: str | None = None
    zone: str | None = None
    day_first: bool | None = None


UNSAID = TimeFormat()
_FULL, _SPARSE = 0.9, 0.5  # of the steps that one reading of a text has rows for, and that others may have


def is_missing(value: Any) -> bool:
    """Whether a cell is empty."""
    if isinstance(value, np.datetime64):
        return bool(np.isnat(value))
    return type(value).__name__ in MISSING_TYPES or (isinstance(value, str) and not value.strip()) or value != value


def read_times(
    column: Any,
    said: TimeFormat = UNSAID,
    known: Notation | None = None,
    parts: Sequence[np.ndarray] | None = None,
    regular: Callable[[Times], float] | None = None,
    name: str = "time",
) -> Times:
    """Read times, and say how where more than one reading was possible.

    Args:
        column: (T,) datetime64, datetimes or dates of Python, numbers, or text; T is 1 or more.
        said: what the caller says of them.
        known: how the table of the fit wrote them, which decides what is ambiguous.
        parts: the rows of each series; None for a single one.
        regular: tells which share of the regular steps between times has a row; of two readings of a text the one that
            fills them is meant, if no other one does.
        name: of the column, for notes.

    Returns:
        Their moments, in the order of the rows.

    Raises:
        ValueError: why they cannot be read, to stand behind the column's name, with the cure.

    Example:
        >>> print(read_times([1821, 1822], known=Notation("year", kind="int")).utc.astype("M8[Y]"))
        ['1821' '1822']
    """
    if said.zone is None and known is not None and known.zone:
        said = replace(said, zone=known.zone)
    values = _plain(column)
    kind = values.dtype.kind
    if kind == "M":
        coarse = np.datetime_data(values.dtype)[0] in "YMWDhm"
        return _in_zone(values.astype("M8[s]") if coarse else values, None, said, Notation(), parts, name)
    if kind in "iuf":
        return _numbers(values, values.dtype.kind, said, known, parts, name)
    if kind == "b":
        raise ValueError(f"holds truth values ({values[0]}), expected dates and times")
    first = values[0]
    for row, value in enumerate(values):
        if _sort(value) != _sort(first) or _sort(first) == "":
            raise ValueError(
                f"holds {value!r} in row {row}"
                + (f", but {first!r} in row 0" if _sort(first) else "")
                + "; expected dates and times, all in one form"
            )
    if _sort(first) == "number":
        return _numbers(np.array([float(value) for value in values]), "f", said, known, parts, name)
    if _sort(first) == "time":
        times = utc_times([_datetime(value) for value in values])
        return _shown(times, [_offset(value) for value in values], said, parts, name)
    return _texts([value.strip() for value in values], said, known, parts, regular, name)


def _plain(column: Any) -> np.ndarray:
    """The column as an array without empty cells."""
    values = np.asarray(column)
    if values.dtype.kind in "iub":
        return values
    if values.dtype.kind == "f":
        wrong = np.flatnonzero(~np.isfinite(values))
    elif values.dtype.kind == "M":
        wrong = np.flatnonzero(np.isnat(values))
    else:
        values = np.asarray(values, object)
        wrong = np.flatnonzero([is_missing(value) for value in values])
    if len(wrong):
        raise ValueError(f"is empty in {len(wrong)} of {len(values)} rows, the first is row {wrong[0]}; leave them out")
    return values


def _sort(value: Any) -> str:
    if isinstance(value, str):
        return "text"
    if isinstance(value, dt.date | np.datetime64):
        return "time"
    numeric = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    return "number" if numeric or type(value).__name__ == "Decimal" else ""


def _datetime(value: Any) -> dt.datetime:
    if isinstance(value, np.datetime64):
        plain: dt.datetime = value.astype("M8[us]").item()
        return plain
    if isinstance(value, dt.datetime):
        return value
    return dt.datetime(value.year, value.month, value.day)


def _offset(value: Any) -> float | None:
    offset = value.utcoffset() if isinstance(value, dt.datetime) else None
    return None if offset is None else offset.total_seconds() / 60


def _shown(times: Times, offsets: list[float | None], said: TimeFormat, parts: Any, name: str) -> Times:
    """Datetimes of Python with what the caller says of their zone."""
    if times.zone is None:
        return _in_zone(times.utc, None, said, Notation(), parts, name)
    if len(set(offsets)) > 1 and times.zone is dt.UTC:
        minutes = np.array([0.0 if one is None else one for one in offsets])
        return _in_zone(times.utc + minutes.astype("m8[m]"), minutes, said, Notation(), parts, name)
    return times if said.zone is None else Times(times.utc, zone_named(said.zone), Notation(zone=said.zone))


def _numbers(values: np.ndarray, kind: str, said: TimeFormat, known: Notation | None, parts: Any, name: str) -> Times:
    whole = bool((values == np.floor(values)).all())
    if kind == "u" or (kind == "f" and whole and np.abs(values).max() < 2**53):
        values = values.astype(np.int64)
    form, moments = said.form, None
    if form is None and known is not None and known.form in numbers.FORMS:
        form = known.form
    elif form is None:
        try:
            form = numbers.sniff_numbers(values)
        except ValueError as error:
            raise ValueError(f"holds numbers: {error}") from error
        if known is not None and form == "index":
            raise ValueError(f"holds numbers ({values[0]:g}) where the table of the fit has dates and times")
        moments = _read(values, form)
        plain = values[0] if not whole else int(values[0])
        first = f"{plain} is {Times(moments).text(0)}"
        note(
            f"column '{name}' (time) holds {numbers.FORMS[form]}" + ("" if form in ("index", "year") else f": {first}")
        )
    elif form not in numbers.FORMS:
        return _texts(
            [f"{value:g}" if not whole else str(int(value)) for value in values], said, None, parts, None, name
        )
    moments = _read(values, form) if moments is None else moments
    template = numbers.fraction_template(values, moments) if form == "decimal-year" else ""
    notation = Notation(form, template, {"i": "int", "u": "int", "f": "float"}.get(kind, "text"))
    if said.zone is None or form == "index":
        return Times(moments, None, notation)
    if form in ("s", "ms", "us", "ns"):  # they count in UTC, whatever clocks show
        return Times(moments, zone_named(said.zone), Notation(zone=said.zone))
    return _in_zone(moments, None, said, notation, parts, name)


def _read(values: np.ndarray, form: str) -> np.ndarray:
    try:
        return numbers.read_numbers(values, form)
    except ValueError as error:
        raise ValueError(f"cannot be read as {numbers.FORMS[form]}: {error}") from error


def _texts(
    given: list[str],
    said: TimeFormat,
    known: Notation | None,
    parts: Any,
    regular: Callable[[Times], float] | None,
    name: str,
) -> Times:
    digits = all(one.lstrip("+-").replace(".", "", 1).isdecimal() for one in given)
    if digits if said.form is None else said.form in numbers.FORMS:
        try:
            values = np.array([float(one) if "." in one else int(one) for one in given])
        except (ValueError, OverflowError):
            raise ValueError(f"holds {given[0]!r}, expected {numbers.FORMS[said.form or 'index']}") from None
        return _numbers(values, "t", said, known, parts, name)
    written = _written(given, said, known, parts, regular, name)
    for one in written.notes:
        note(f"column '{name}' (time): {one}")
    notation = Notation("text", written.template) if written.template else Notation()
    if written.zone and said.zone is None:
        said = replace(said, zone=written.zone)
    return _in_zone(written.clock, written.offsets, said, notation, parts, name)


def _written(
    given: list[str],
    said: TimeFormat,
    known: Notation | None,
    parts: Any,
    regular: Callable[[Times], float] | None,
    name: str,
) -> texts.Written:
    try:
        if said.form:
            return texts.read_texts(given, said.form)
        if known is not None and known.template and known.form == "text":
            try:
                return texts.read_texts(given, known.template)
            except texts.UnreadableError:
                pass  # another form than that of the fit may be as clear
        return texts.read_texts(given)
    except texts.UnreadableError as error:
        expected = error.hint or "ISO 8601 such as 2013-01-31 06:00, or name their form with --time-format, such as "
        expected += "" if error.hint else "%d.%m.%Y (time_format in Python)"
        raise ValueError(
            f"has {error.count} values that are not times, the first in row {error.row}: {given[error.row]!r}; "
            f"expected {expected}"
        ) from error
    except texts.ReadingsError as error:
        readings = error.found
        if said.day_first is not None:
            first = "%d" if said.day_first else "%m"
            readings = {form: one for form, one in readings.items() if form.startswith(first)} or readings
        if len(readings) > 1 and regular is not None:
            shares = {form: regular(Times(one.clock)) for form, one in readings.items()}
            best = max(shares, key=lambda form: shares[form])
            if shares[best] >= _FULL and all(share <= _SPARSE for form, share in shares.items() if form != best):
                readings = {best: readings[best]}
        if len(readings) == 1:
            return next(iter(readings.values()))
        row = next(row for row in range(len(given)) if len({one.clock[row] for one in readings.values()}) > 1)
        shown = " or ".join(str(one.clock[row].astype("M8[D]")) for one in readings.values())
        forms = " or ".join(f"'{form}'" for form in readings)
        raise ValueError(
            f"is in doubt: {given[row]!r} in row {row} may be {shown}, and no other row decides; say which with "
            f"--time-format {forms} (time_format in Python)"
        ) from error


def _in_zone(
    clock: np.ndarray,
    offsets: np.ndarray | None,
    said: TimeFormat,
    notation: Notation,
    parts: Sequence[np.ndarray] | None,
    name: str,
) -> Times:
    """What clocks show, with their offsets to UTC where these are known, as moments."""
    if offsets is None:
        if said.zone is None:
            return Times(clock, None, notation)
        parts = [np.arange(len(clock))] if parts is None else parts
        times = of_local_clock(clock, zone_named(said.zone), parts)
        return replace(times, notation=replace(notation, zone=said.zone))
    utc = clock - offsets.astype("m8[m]")
    if said.zone is not None:
        return Times(utc, zone_named(said.zone), replace(notation, zone=said.zone))
    if (offsets == offsets[0]).all():
        minutes = int(offsets[0])
        return Times(utc, dt.timezone(dt.timedelta(minutes=minutes)) if minutes else dt.UTC, notation)
    found = zone_of_offsets(utc, offsets)
    shown = " and ".join(
        f"{'-' if one < 0 else '+'}{abs(int(one)) // 60:02d}:{abs(int(one)) % 60:02d}" for one in np.unique(offsets)[:3]
    )
    if found is None:
        note(
            f"column '{name}' (time): the offsets {shown} are those of no one time zone, so times are read as UTC; "
            "--timezone names another (timezone in Python)"
        )
        return Times(utc, dt.UTC, notation)
    note(
        f"column '{name}' (time): the offsets {shown} are read as those of {found}; --timezone names another "
        "(timezone in Python)"
    )
    return Times(utc, zone_named(found), replace(notation, zone=found))
