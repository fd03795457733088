"""Times that are written as text: the forms that there are, each read and written by one row of a table."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from gruvy.timeseries.numbers import Moments

_YEAR = r"(?P<Y>\d{4})"
_SHORT = r"(?P<y>\d{2})"
_MONTH = r"(?P<m>\d{1,2})"
_DAY = r"(?P<d>\d{1,2})"
_NAME = r"(?P<b>[^\W\d_]{3,}\.?)"

# Of each form of a date what finds it; how it is written follows from that. %q is the quarter, %h the half-year, %V
# the week of ISO 8601, %u its day. The day of a form that has none is the first.
_DATES: dict[str, str] = {
    f"%Y{mark}%m{mark}%d": rf"{_YEAR}{re.escape(mark)}{_MONTH}{re.escape(mark)}{_DAY}" for mark in "-/."
}
for _mark in "/-. ":
    _between = re.escape(_mark)
    for _year, _pattern in (("%Y", _YEAR), ("%y", _SHORT)):
        _DATES[f"%d{_mark}%m{_mark}{_year}"] = _between.join((_DAY, _MONTH, _pattern))
        if _mark != ".":
            _DATES[f"%m{_mark}%d{_mark}{_year}"] = _between.join((_MONTH, _DAY, _pattern))
_DATES |= {f"%y{mark}%m{mark}%d": rf"{_SHORT}{mark}{_MONTH}{mark}{_DAY}" for mark in "-/"}
_DATES |= {f"%Y{mark}%m": rf"{_YEAR}{re.escape(mark)}{_MONTH}" for mark in "-/."}
_DATES |= {f"%m{mark}%Y": rf"{_MONTH}{re.escape(mark)}{_YEAR}" for mark in "-/."}
_DATES |= {"%YM%m": rf"{_YEAR}M{_MONTH}", "%Y-M%m": rf"{_YEAR}-M{_MONTH}"}
for _mark in ("", "-", " ", "/"):
    _DATES |= {f"%Y{_mark}Q%q": rf"{_YEAR}{_mark}Q(?P<q>[1-4])", f"Q%q{_mark}%Y": rf"Q(?P<q>[1-4]){_mark}{_YEAR}"}
    _DATES |= {f"%Y{_mark}H%h": rf"{_YEAR}{_mark}[HS](?P<h>[12])", f"%Y{_mark}W%V": rf"{_YEAR}{_mark}W(?P<V>\d{{1,2}})"}
_DATES |= {"%qQ%y": rf"(?P<q>[1-4])Q{_SHORT}", "%qQ%Y": rf"(?P<q>[1-4])Q{_YEAR}", "Q%q %y": rf"Q(?P<q>[1-4]) {_SHORT}"}
_DATES |= {"%Y-W%V-%u": rf"{_YEAR}-W(?P<V>\d{{2}})-(?P<u>[1-7])", "%YW%V%u": rf"{_YEAR}W(?P<V>\d{{2}})(?P<u>[1-7])"}
for _mark in (" ", "-", "/", ""):
    for _year, _pattern in (("%Y", _YEAR), ("%y", _SHORT)):
        _DATES[f"%d{_mark}%b{_mark}{_year}"] = f"{_DAY}{_mark}{_NAME}{_mark}{_pattern}"
        _DATES[f"%b{_mark}{_year}"] = f"{_NAME}{_mark}{_pattern}"
    _DATES[f"%Y{_mark}%b{_mark}%d"] = f"{_YEAR}{_mark}{_NAME}{_mark}{_DAY}"
    _DATES[f"%Y{_mark}%b"] = f"{_YEAR}{_mark}{_NAME}"
_DATES |= {"%b %d, %Y": rf"{_NAME} {_DAY}, {_YEAR}", "%b %d %Y": rf"{_NAME} {_DAY} {_YEAR}"}
_DATES |= {"%b, %Y": rf"{_NAME}, {_YEAR}", "%d. %b %Y": rf"{_DAY}\. {_NAME} {_YEAR}"}

_WEEKDAY = r"(?P<weekday>[^\W\d_]{2,}\.?,? )?"
_CLOCK = (
    r"(?:(?P<gap>[T ,:]\s?)(?P<H>\d{1,2})(?P<colon>[:.])(?P<M>\d{2})(?:(?P=colon)(?P<S>\d{2})(?P<f>[.,]\d{1,9})?)?"
    r"(?P<p>\s?[AaPp]\.?[Mm]\.?)?)?"
)
_ZONE = r"(?:\s?(?P<zone>Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)(?:\[(?P<named>[\w/+-]+)\])?)?"
_FIRST_THREE = (
    *("jan ene gen janv", "feb fev fév", "mar mär mrz maa mrt mars", "apr abr avr", "may mai mei mag maj"),
    *("jun giu juin", "jul lug juil", "aug ago aoû aou", "sep set", "oct okt ott out", "nov", "dec dez dic déc"),
)
_NAMES = {name: number for number, names in enumerate(_FIRST_THREE, 1) for name in names.split()}
_SHORT_NAMES = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_LONG_NAMES = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
# Dates that could be read in another order, where they are not written with points: with these the day comes first.
_EITHER = {
    form for form in _DATES if form.startswith(("%d", "%m", "%y")) and "%d" in form and "%m" in form and "." not in form
}


class Written(NamedTuple):
    """Times read from text.

    Attributes:
        clock: (T,) what clocks show.
        offsets: (T,) minutes that they are ahead of UTC; None where the text does not say.
        zone: the name of a time zone that the text gives; "" for none.
        template: to write more of them with; "" for ISO 8601.
        notes: what is worth saying of how they were read.
    """

    clock: Moments
    offsets: np.ndarray | None
    zone: str
    template: str
    notes: tuple[str, ...]


class UnreadableError(ValueError):
    """A text is no time, or not one in the form of the others.

    Attributes:
        row: the number of the first one.
        count: how many there are.
        hint: what was expected.
    """

    def __init__(self, row: int, count: int, hint: str):
        super().__init__(hint)
        self.row, self.count, self.hint = row, count, hint


class ReadingsError(ValueError):
    """Day and month, or day and year, cannot be told apart.

    Attributes:
        found: each way to read all the texts: the form of `datetime.strptime` with its times.
    """

    def __init__(self, found: dict[str, Written]):
        super().__init__("day, month and year cannot be told apart")
        self.found = found


def read_texts(texts: Sequence[str], template: str = "") -> Written:
    """Read times that are all written in one form.

    Args:
        texts: one or more, without spaces at their ends.
        template: the form, as an earlier call returned it, or a format of `datetime.strptime`; "" to find it.

    Raises:
        UnreadableError: some are in none of the forms, or in another one than the first.
        ReadingsError: they have day, month and year in an order that none of them shows.

    Example:
        >>> print(read_texts(["31/01/2024 5:00 PM"]).clock, read_texts(["2020-Q3"]).clock)
        ['2024-01-31T17:00:00'] ['2020-07-01T00:00:00']
    """
    if template:
        return _read(texts, *_given(template), template)
    iso = _iso(texts)
    if iso is not None:
        return iso
    fits = [form for form in _DATES if _PATTERNS[form].fullmatch(texts[0])]
    if not fits:
        wrong = [row for row, text in enumerate(texts) if not any(p.fullmatch(text) for p in _PATTERNS.values())]
        raise UnreadableError(wrong[0], len(wrong), "")
    found: dict[str, Written] = {}
    failed: list[UnreadableError] = []
    for form in fits:
        try:
            one = _read(texts, form, _PATTERNS[form], "")
            if not any((one.clock == other.clock).all() for other in found.values()):
                found[form] = one
        except UnreadableError as error:
            failed.append(error)
    if not found:
        raise max(failed, key=lambda error: error.row)
    if len(found) > 1:
        raise ReadingsError({_format(form, texts[0]): one for form, one in found.items()})
    return next(iter(found.values()))


def _format(form: str, text: str) -> str:
    """A form with the time of day beside it, as strptime has it."""
    one = _PATTERNS[form].fullmatch(text)
    assert one is not None
    if one["H"] is None:
        return form + ("%z" if one["zone"] else "")
    seconds = f"{one['colon']}%S" if one["S"] else ""
    half = re.sub("[AaPp].?[Mm].?", "%p", one["p"] or "")
    return f"{form}{one['gap']}%{'I' if half else 'H'}{one['colon']}%M{seconds}{half}" + ("%z" if one["zone"] else "")


def write_texts(clock: Moments, template: str) -> np.ndarray:
    """Write what clocks show (T,) in the form of a template: an array of objects."""
    date, _, rest = template.partition("\x1f")
    found = np.empty(len(clock), object)
    for row, moment in enumerate(clock):
        found[row] = _one(moment, date, rest)
    return found


def _iso(texts: Sequence[str]) -> Written | None:
    """ISO 8601 down to the day or finer: by far the most usual, and read by NumPy at once."""
    found = [_ISO.fullmatch(text) for text in texts]
    if not all(found):
        return None
    matches = [one for one in found if one is not None]
    digits = max(len(one["f"] or "") for one in matches)
    unit = "s" if digits <= 1 else ("ms", "us", "ns")[(digits - 2) // 3]
    late = np.array([one["H"] == "24" for one in matches])
    plain = [
        f"{one['date']}T{'00' if one['H'] == '24' else one['H'] or '00'}:{one['M'] or '00'}:{one['S'] or '00'}"
        + (one["f"] or "").replace(",", ".")
        for one in matches
    ]
    try:
        clock = np.array(plain, f"M8[{unit}]")
    except ValueError:
        wrong = [row for row, text in enumerate(plain) if not _is_time(text)]
        raise UnreadableError(wrong[0], len(wrong), "") from None
    clock = np.where(late, clock + np.timedelta64(1, "D"), clock)
    notes = ("24:00 is read as 00:00 of the day after",) if late.any() else ()
    return Written(clock, _offsets([one["zone"] for one in matches]), matches[0]["named"] or "", "", notes)


def _is_time(text: str) -> bool:
    try:
        np.datetime64(text)
    except ValueError:
        return False
    return True


def _read(texts: Sequence[str], form: str, pattern: re.Pattern[str], template: str) -> Written:
    matches = [pattern.fullmatch(text) for text in texts]
    wrong = [row for row, one in enumerate(matches) if one is None]
    if wrong:
        raise UnreadableError(
            wrong[0], len(wrong), f"{_shown(form)} as in the first row" if not template else _shown(form)
        )
    groups = [one.groupdict() for one in matches if one is not None]
    clock = np.empty(len(texts), "M8[us]")
    bad = []
    for row, group in enumerate(groups):
        try:
            clock[row] = _moment(group)
        except ValueError:
            bad.append(row)
    if bad:
        raise UnreadableError(bad[0], len(bad), f"{_shown(form)}, and there is no such day or time")
    if all(group.get("f") is None for group in groups):
        clock = clock.astype("M8[s]")
    late = any(group.get("H") == "24" for group in groups)
    notes = ["24:00 is read as 00:00 of the day after"] if late else []
    if _ambiguous(form):
        notes.append(f"it is read with the {_order(form)} first ({texts[0]} is {str(clock[0]).replace('T', ' ')})")
    made = template if template and "%" in template and "\x1f" in template else _template(form, groups, texts[0])
    return Written(
        clock, _offsets([group.get("zone") for group in groups]), groups[0].get("named") or "", made, tuple(notes)
    )


def _order(form: str) -> str:
    return {"%d": "day", "%m": "month", "%y": "year"}[form[:2]]


def _ambiguous(form: str) -> bool:
    return form in _EITHER


def _shown(form: str) -> str:
    return "the form " + form.partition("\x1f")[0].replace("%q", "quarter").replace("%h", "half")


def _moment(group: dict[str, str | None]) -> np.datetime64:
    number = {name: int(text) for name, text in group.items() if name in "YymdqhVuHMS" and text is not None}
    year = number["Y"] if "Y" in number else number["y"] + (2000 if number["y"] < 69 else 1900)
    name = group.get("b")
    month = number.get("m", 1)
    if name is not None:
        month = _month_of(name)
    elif "q" in number:
        month = number["q"] * 3 - 2
    elif "h" in number:
        month = number["h"] * 6 - 5
    day: np.datetime64 = np.datetime64(f"{year:04d}-{month:02d}-{number.get('d', 1):02d}", "D")
    if "V" in number:
        day = _week(year, number["V"], number.get("u", 1))
    hour, late = number.get("H", 0), 0
    half = (group.get("p") or "").strip().lower()[:1]
    if half:
        if not 1 <= hour <= 12:
            raise ValueError("an hour of the 12-hour clock is 1 to 12")
        hour = hour % 12 + (12 if half == "p" else 0)
    if hour == 24 and not number.get("M") and not number.get("S"):
        hour, late = 0, 1
    if hour > 23 or number.get("M", 0) > 59 or number.get("S", 0) > 59:
        raise ValueError("there is no such time of day")
    seconds = hour * 3600 + number.get("M", 0) * 60 + number.get("S", 0)
    fraction = round(float("0" + (group.get("f") or "").replace(",", ".")) * 1e6)
    return day + np.timedelta64(late, "D") + np.timedelta64(seconds * 10**6 + fraction, "us")


def _month_of(name: str) -> int:
    plain = name.lower().rstrip(".")
    bare = unicodedata.normalize("NFKD", plain).encode("ascii", "ignore").decode()
    for key in (plain[:4], plain[:3], bare[:4], bare[:3]):
        if key in _NAMES:
            return _NAMES[key]
    raise ValueError(f"{name} is no month")


def _week(year: int, week: int, day: int) -> np.datetime64:
    fourth = np.datetime64(f"{year:04d}-01-04", "D")
    monday = fourth - (fourth.astype(np.int64) + 3) % 7
    found: np.datetime64 = monday + 7 * (week - 1) + day - 1
    if not 1 <= week <= 53 or (week == 53 and (monday + 364 + 3).astype("M8[Y]") != fourth.astype("M8[Y]")):
        raise ValueError("there is no such week")
    return found


def _offsets(zones: Sequence[str | None]) -> np.ndarray | None:
    """Minutes ahead of UTC; None where no text has any.

    Raises:
        UnreadableError: some have and some have not.
    """
    missing = [row for row, zone in enumerate(zones) if not zone]
    if len(missing) == len(zones):
        return None
    if missing:
        raise UnreadableError(missing[0], len(missing), "an offset to UTC as in other rows; give all a zone, or none")
    known: dict[str, int] = {}
    for zone in set(zones):
        assert zone is not None
        digits = zone[1:].replace(":", "")
        minutes = int(digits[:2]) * 60 + int(digits[2:] or 0) if zone[0] in "+-" else 0
        known[zone] = -minutes if zone[0] == "-" else minutes
    return np.array([known[str(zone)] for zone in zones])


# Templates: the form of the date, and after a mark that no text has what follows it, as fields of their own.


def _template(form: str, groups: list[dict[str, str | None]], text: str) -> str:
    """The form with what the text shows beside it: widths, names in full, the time of day."""
    first = groups[0]
    date = form
    for field in ("m", "d"):
        if any(len(group.get(field) or "00") < 2 for group in groups):
            date = date.replace(f"%{field}", f"%-{field}")
    names = [str(group["b"]) for group in groups if group.get("b")]
    if names:
        full = any(len(name.rstrip(".")) > 4 for name in names) or all(n.lower() == "may" for n in names)
        style = "upper" if names[0].isupper() else "lower" if names[0].islower() else ""
        ours = all(_english(name) for name in names)
        date = date.replace("%b", f"%{'B' if full else 'b'}") if ours else ""
        date = f"{style}:{date}" if style and date else date
    rest = ""
    if first.get("H") is not None:
        late = "24" if any(group.get("H") == "24" for group in groups) else ""
        rest = (first["gap"] or " ") + ("I" if first.get("p") else "H") + late
        rest += "-" if any(len(group.get("H") or "") < 2 for group in groups) else ""
        rest += str(first["colon"]) + ("S" if any(group.get("S") for group in groups) else "")
        rest += first["p"] or ""
    if not date or any(group.get("zone") or group.get("weekday") or group.get("f") for group in groups):
        return ""  # not worth a form of its own: such times are written as times
    return f"{date}\x1f{rest}"


def _english(name: str) -> bool:
    plain = name.lower().rstrip(".")
    return any(plain in (long.lower(), long.lower()[:3], long.lower()[:4]) for long in _LONG_NAMES)


def _one(moment: np.datetime64, date: str, rest: str) -> str:
    clock = moment.astype("M8[s]")
    seconds = int(clock.astype(np.int64)) % 86400
    if "24" in rest and not seconds:
        clock, seconds = clock - np.timedelta64(1, "D"), 86400
    year, month, day = str(clock.astype("M8[D]")).rsplit("-", 2)
    style, _, form = date.rpartition(":") if date.startswith(("upper:", "lower:")) else ("", "", date)
    number, last = int(month), int(day)
    fields = {
        "%Y": year,
        "%y": year[-2:],
        "%m": month,
        "%-m": str(number),
        "%d": day,
        "%-d": str(last),
        "%q": str((number + 2) // 3),
        "%h": str((number + 5) // 6),
        "%b": _SHORT_NAMES[number - 1],
        "%B": _LONG_NAMES[number - 1],
    }
    if style:
        fields |= {name: getattr(fields[name], style)() for name in ("%b", "%B")}
    if "%V" in form:
        weekday = (int(clock.astype("M8[D]").astype(np.int64)) + 3) % 7
        thursday = clock.astype("M8[D]") - weekday + 3
        fields["%Y"] = str(thursday.astype("M8[Y]"))
        fields["%V"] = f"{int((thursday - thursday.astype('M8[Y]').astype('M8[D]')).astype(np.int64)) // 7 + 1:02d}"
        fields["%u"] = str(weekday + 1)
    text = re.sub(r"%-?[a-zA-Z]", lambda found: fields[found[0]], form)
    return text + (_time_of_day(seconds, rest) if rest else "")


def _time_of_day(seconds: int, rest: str) -> str:
    found = re.fullmatch(r"(?P<gap>[T ,:]\s?)(?P<kind>[HI])(?:24)?(?P<short>-?)(?P<colon>[:.])(?P<S>S?)(?P<p>.*)", rest)
    assert found is not None
    hour, minute, second = seconds // 3600, seconds // 60 % 60, seconds % 60
    half = found["p"]
    if found["kind"] == "I":
        half = re.sub("[AaPp]", lambda one: ("pP" if hour >= 12 else "aA")[one[0].isupper()], half, count=1)
        hour = (hour + 11) % 12 + 1
    shown = str(hour) if found["short"] else f"{hour:02d}"
    return found["gap"] + found["colon"].join([shown, f"{minute:02d}"] + [f"{second:02d}"] * bool(found["S"])) + half


def _given(template: str) -> tuple[str, re.Pattern[str]]:
    """The form and the pattern of a template of `read_texts`, or of a format of strptime."""
    if "\x1f" in template:
        form = template.partition("\x1f")[0].rpartition("er:")[2].replace("%-", "%").replace("%B", "%b")
        return form, _PATTERNS[form]
    pattern = re.escape(template.replace("%T", "%H:%M:%S").replace("%F", "%Y-%m-%d"))
    for field, finds in _FIELDS.items():
        pattern = pattern.replace(field, finds)
    if "%" in pattern:
        raise ValueError(f"the form {template!r} has a field that is none of {', '.join(_FIELDS)}")
    return template, re.compile(pattern, re.IGNORECASE)


_FIELDS = {
    "%Y": _YEAR,
    "%y": _SHORT,
    "%m": _MONTH,
    "%d": _DAY,
    "%b": _NAME,
    "%B": _NAME,
    "%H": r"(?P<H>\d{1,2})",
    "%I": r"(?P<H>\d{1,2})",
    "%M": r"(?P<M>\d{2})",
    "%S": r"(?P<S>\d{2})",
    "%f": r"(?P<f>\d{1,9})",
    "%p": r"(?P<p>[AaPp]\.?[Mm]\.?)",
    "%z": r"(?P<zone>Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)",
    "%a": r"[^\W\d_]+\.?",
    "%A": r"[^\W\d_]+\.?",
}
_PATTERNS = {form: re.compile(_WEEKDAY + pattern + _CLOCK + _ZONE, re.IGNORECASE) for form, pattern in _DATES.items()}
_ISO = re.compile(
    r"(?P<date>\d{4}-\d{2}-\d{2})(?:[T ](?P<H>\d{2})(?::?(?P<M>\d{2})(?::?(?P<S>\d{2})(?P<f>[.,]\d{1,9})?)?)?)?" + _ZONE
)
