"""Times that are written as numbers: years, dates in digits, seconds since 1970, Excel's days, or a plain count."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Moments = NDArray[np.datetime64]

# What each form is called in messages.
FORMS = {
    "index": "a count of steps",
    "year": "years",
    "yyyymm": "months written as yyyymm",
    "yyyymmdd": "dates written as yyyymmdd",
    "yyyymmddhh": "hours written as yyyymmddhh",
    "yyyymmddhhmm": "minutes written as yyyymmddhhmm",
    "yyyymmddhhmmss": "seconds written as yyyymmddhhmmss",
    "s": "seconds since 1970 (UTC)",
    "ms": "milliseconds since 1970 (UTC)",
    "us": "microseconds since 1970 (UTC)",
    "ns": "nanoseconds since 1970 (UTC)",
    "excel": "days as Excel counts them, from 1899-12-30 on",
    "decimal-year": "years with a fraction",
    "yyyy.mm": "months written as yyyy.mm",
    "yyyy.q": "quarters written as yyyy.q",
}
# Since 1970, for values between 1973 and 2103: no two of these ranges meet.
_SINCE_1970 = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_DIGITS = ("yyyymmddhhmmss", "yyyymmddhhmm", "yyyymmddhh", "yyyymmdd", "yyyymm")
_EXCEL = np.datetime64("1899-12-30")
_LARGEST_INDEX = 9.2e9  # so that a billionth of it can be told in 64 bits
_EXCEL_DAYS = (20_000, 80_000)  # 1954 to 2119
_MOMENT_YEARS = (1000, 2999)


def sniff_numbers(values: np.ndarray) -> str:
    """Return the form of `FORMS` in which whole or broken numbers (T,) are times.

    Raises:
        ValueError: there is none, or there are two and nothing in the numbers decides.

    Example:
        >>> sniff_numbers(np.array([1821, 1822])), sniff_numbers(np.array([20240131, 20240201]))
        ('year', 'yyyymmdd')
    """
    low, high = values.min(), values.max()
    if (values == np.floor(values)).all():
        for form in _DIGITS:
            if 10 ** (len(form) - 1) <= low and high < 10 ** len(form) and _digits_fit(values, form):
                return form
    for form, scale in _SINCE_1970.items():
        if 1e8 * scale <= low and high <= 4.2e9 * scale:
            return form
    if _MOMENT_YEARS[0] <= low and high <= _MOMENT_YEARS[1]:
        return "year" if (values == np.floor(values)).all() else _fraction_form(values)
    if _EXCEL_DAYS[0] <= low and high <= _EXCEL_DAYS[1]:
        gaps = np.diff(np.unique(values))
        if (gaps == np.round(gaps)).all() and (not len(gaps) or (gaps == gaps[0]).all()):
            first = read_numbers(values[:1], "excel")[0].astype("M8[D]")
            raise ValueError(
                f"{values[0]:g} may be {first} as Excel counts days, or a count of steps; "
                "say which with --time-format excel or index (time_format='excel' or 'index' in Python)"
            )
        return "excel"
    if max(abs(low), abs(high)) < _LARGEST_INDEX:
        return "index"
    raise ValueError(
        f"{values[np.abs(values).argmax()]:g} is too large for a count of steps and no time since 1970 in s, ms, us or "
        f"ns between 1973 and 2103; say how times are written with --time-format: {', '.join(FORMS)} (time_format in "
        "Python)"
    )


def read_numbers(values: np.ndarray, form: str) -> Moments:
    """Return the moments that numbers (T,) of a form of `FORMS` mean, what UTC or the clock shows.

    Raises:
        ValueError: a number is none of this form.
    """
    if form == "index":
        if np.abs(values).max() >= _LARGEST_INDEX:
            raise ValueError(f"{values[np.abs(values).argmax()]:g} is too large for a count of steps")
        if (values == np.round(values)).all():
            return values.astype(np.int64).view("M8[s]") if values.dtype == np.int64 else _as_seconds(values)
        return np.round(values * 1e9).astype(np.int64).astype("M8[ns]")
    if form == "year":
        _check(values, (values == np.floor(values)) & (values > -9999) & (values < 9999), form)
        return (values.astype(np.int64) - 1970).astype("M8[Y]").astype("M8[s]")
    if form in _SINCE_1970:
        if (values == np.floor(values)).all():
            return values.astype(np.int64).astype(f"M8[{form}]")
        return np.round(values * (10**9 // _SINCE_1970[form])).astype(np.int64).astype("M8[ns]")
    if form == "excel":
        _check(values, (values >= 1) & (values < 2_958_466), form)
        return _EXCEL + np.round(values * 86_400_000).astype("m8[ms]")
    if form == "yyyy.mm":
        return _of_parts(np.floor(values), np.round((values - np.floor(values)) * 100))
    if form == "yyyy.q":
        return _of_parts(np.floor(values), np.round((values - np.floor(values)) * 10) * 3 - 2)
    if form == "decimal-year":
        return _of_fraction(values)
    _check(values, _digits_valid(values, form), form)
    return _of_digits(values, form)


def fraction_template(values: np.ndarray, moments: Moments) -> str:
    """Return how years with a fraction count: the way that comes nearest to what is written, and its digits."""
    digits = max(len(f"{value:.9f}".rstrip("0").partition(".")[2]) for value in values[:100])
    ways = {name: np.abs(way(moments) - values).max() for name, way in _FRACTIONS.items()}
    return f"{min(ways, key=lambda name: ways[name])}:{digits}"


def write_numbers(clock: Moments, form: str, kind: str, template: str = "") -> np.ndarray:
    """Return moments (T,) as numbers of a form, the inverse of `read_numbers`.

    Args:
        clock: what UTC or the clock shows.
        form: of `FORMS`.
        kind: "int", "float" or "text".
        template: what `fraction_template` returned.
    """
    digits = 9
    if form == "index":
        numbers = clock.astype("M8[ns]").astype(np.int64) / 1e9 if _unit(clock) == "ns" else _seconds(clock)
    elif form == "year":
        numbers = clock.astype("M8[Y]").astype(np.int64) + 1970
    elif form in _SINCE_1970:
        exact = clock.astype("M8[ns]").astype(np.int64)
        scale = 10**9 // _SINCE_1970[form]
        numbers = exact // scale if kind == "int" or not (exact % scale).any() else exact / scale
    elif form == "excel":
        numbers = (clock - _EXCEL) / np.timedelta64(1, "D")
    else:
        year, month = _year(clock), clock.astype("M8[M]").astype(np.int64) % 12 + 1
        if form == "yyyy.mm":
            numbers, digits = np.round(year + month / 100, 2), 2
        elif form == "yyyy.q":
            numbers, digits = np.round(year + ((month - 1) // 3 + 1) / 10, 1), 1
        elif form == "decimal-year":
            way, _, places = template.partition(":")
            digits = int(places)
            numbers = np.round(_FRACTIONS[way](clock), digits)
        else:
            numbers = _to_digits(clock, form)
    if kind == "int":
        return np.round(numbers).astype(np.int64)
    if kind == "float":
        return numbers.astype(np.float64)
    fixed = form in ("decimal-year", "yyyy.mm", "yyyy.q")
    written = [f"{number:.{digits}f}" for number in numbers.tolist()]
    return np.array([text if fixed else text.rstrip("0").rstrip(".") for text in written], object)


def _check(values: np.ndarray, fits: np.ndarray, form: str) -> None:
    wrong = np.flatnonzero(~fits)
    if len(wrong):
        raise ValueError(f"{values[wrong[0]]:g} in row {wrong[0]} is none of {FORMS[form]}")


def _as_seconds(values: np.ndarray) -> Moments:
    return values.astype(np.int64).astype("M8[s]")


def _seconds(clock: Moments) -> NDArray[np.int64]:
    return clock.astype("M8[s]").astype(np.int64)


def _unit(clock: Moments) -> str:
    return str(np.datetime_data(clock.dtype)[0])


def _year(clock: Moments) -> NDArray[np.int64]:
    return clock.astype("M8[Y]").astype(np.int64) + 1970


def _of_parts(year: np.ndarray, month: np.ndarray) -> Moments:
    return ((year.astype(np.int64) - 1970) * 12 + month.astype(np.int64) - 1).astype("M8[M]").astype("M8[s]")


def _parts(values: np.ndarray, form: str) -> list[NDArray[np.int64]]:
    """Year, month, day, hour, minute and second of digits; what a form lacks is its first."""
    rest, parts = values.astype(np.int64), []
    for _ in range((len(form) - 4) // 2):
        rest, part = np.divmod(rest, 100)
        parts.append(part)
    found = [rest, *parts[::-1]]
    least = [0, 1, 1, 0, 0, 0]
    return found + [np.full(len(values), first) for first in least[len(found) :]]


def _digits_valid(values: np.ndarray, form: str) -> NDArray[np.bool_]:
    year, month, day, hour, minute, second = _parts(values, form)
    valid = (values == np.floor(values)) & (year >= 1) & (year <= 9999) & (month >= 1) & (month <= 12)
    first = ((np.where(valid, year, 1970) - 1970) * 12 + np.where(valid, month, 1) - 1).astype("M8[M]")
    length = ((first + 1).astype("M8[D]") - first.astype("M8[D]")).astype(np.int64)
    valid &= (day >= 1) & (day <= length) & (hour <= 23) & (minute <= 59) & (second <= 59)
    return valid  # type: ignore[no-any-return]


def _digits_fit(values: np.ndarray, form: str) -> bool:
    year = _parts(values, form)[0]
    return bool((year >= 1500).all() and (year <= 2200).all() and _digits_valid(values, form).all())


def _of_digits(values: np.ndarray, form: str) -> Moments:
    year, month, day, hour, minute, second = _parts(values, form)
    date = _of_parts(year, month) + (day - 1).astype("m8[D]")
    return date + (hour * 3600 + minute * 60 + second).astype("m8[s]")  # type: ignore[no-any-return]


def _to_digits(clock: Moments, form: str) -> NDArray[np.int64]:
    day = (clock.astype("M8[D]") - clock.astype("M8[M]").astype("M8[D]")).astype(np.int64) + 1
    seconds = _seconds(clock) % 86400
    parts = [clock.astype("M8[M]").astype(np.int64) % 12 + 1, day, seconds // 3600, seconds // 60 % 60, seconds % 60]
    found = _year(clock)
    for part in parts[: (len(form) - 4) // 2]:
        found = found * 100 + part
    return found


def _fraction_form(values: np.ndarray) -> str:
    """Years that are not whole: with a fraction, or with a month or quarter behind the point."""
    for form, scale, most in (("yyyy.q", 10, 4), ("yyyy.mm", 100, 12)):
        part = (values - np.floor(values)) * scale
        number = np.round(part)
        whole = (np.abs(part - number) < 1e-6 * scale).all() and number.min() >= 1 and number.max() <= most
        if whole and len(np.unique(np.floor(values))) > 1 and number.max() == most:
            return form
    return "decimal-year"


def _of_fraction(values: np.ndarray) -> Moments:
    """The months, quarters or days that these are the beginnings or the middles of."""
    year = np.floor(values + 1e-6)
    gaps = np.diff(np.unique(values))
    usual = float(np.median(gaps)) if len(gaps) else 0.0
    for parts, months in ((12, 1), (4, 3), (2, 6)):
        if abs(usual * parts - 1) > 0.2:
            continue
        places = (values - year) * parts
        for shift in (0.0, 0.5):
            number = np.round(places - shift)
            if (np.abs(places - shift - number) < 0.15 + 0.1 * (shift > 0)).all():
                return _of_parts(year, number * months + 1)
    if (values == year).all():
        return _of_parts(year, np.ones(len(values)))
    if abs(usual * 365.25 - 1) < 0.05:
        start = (year.astype(np.int64) - 1970).astype("M8[Y]")
        length = ((start + 1).astype("M8[D]") - start.astype("M8[D]")).astype(np.int64)
        days: Moments = start.astype("M8[D]") + np.round((values - year) * length).astype("m8[D]")
        return days.astype("M8[s]")
    raise ValueError(
        f"years with a fraction such as {values[0]:g} are read where they are months, quarters, half-years or days, "
        f"but these are {usual:.4g} years apart; write dates, such as 2013-01-31"
    )


def _month_starts(clock: Moments) -> np.ndarray:
    return _year(clock) + (clock.astype("M8[M]").astype(np.int64) % 12) / 12


def _by_days(clock: Moments) -> np.ndarray:
    year = clock.astype("M8[Y]")
    days = (clock.astype("M8[D]") - year.astype("M8[D]")).astype(np.float64)
    length = ((year + 1).astype("M8[D]") - year.astype("M8[D]")).astype(np.float64)
    fraction: np.ndarray = days / length
    found: np.ndarray = _year(clock) + fraction
    return found


def _middles_by_days(clock: Moments) -> np.ndarray:
    month = clock.astype("M8[M]")
    half = ((month + 1).astype("M8[D]") - month.astype("M8[D]")).astype(np.float64) / 2
    year = clock.astype("M8[Y]")
    length = ((year + 1).astype("M8[D]") - year.astype("M8[D]")).astype(np.float64)
    fraction: np.ndarray = half / length
    found: np.ndarray = _by_days(clock) + fraction
    return found


_FRACTIONS = {
    "start": _month_starts,
    "middle": lambda clock: _month_starts(clock) + 1 / 24,
    "middle of quarter": lambda clock: _month_starts(clock) + 1 / 8,
    "middle of half-year": lambda clock: _month_starts(clock) + 1 / 4,
    "day": _by_days,
    "middle day": _middles_by_days,
}
