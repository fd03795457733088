"""Numbers as people write them: decimal commas, thousands, signs, units, and marks for what is missing."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

Decimal = Literal[".", ","]

# What stands for a missing number in spreadsheets, databases and statistics; lower case.
_MARKS = frozenset(
    (
        *("-", "--", "---", "–", "—", "?", ".", "..", "...", "*", r"\n"),
        *("na", "n/a", "n.a.", "#n/a", "#na", "#n/a n/a", "nan", "-nan", "nat", "<na>", "missing"),
        *("null", "(null)", "none", "nil"),
        *("#div/0!", "#value!", "#ref!", "#name?", "#num!", "#null!"),
    )
)
_TRUTH = {"true": 1.0, "false": 0.0}
_SPACES = "\u00a0\u2007\u2009\u202f"
# Between thousands: a space of any kind or an apostrophe, whatever the decimal separator is.
_GAPS = rf" '’{_SPACES}"
_PATTERNS = {
    decimal: re.compile(
        rf"(?:\d+|[1-9]\d{{0,2}}(?P<gap>[{_GAPS}{other}])(?:\d{{2,3}}(?P=gap))*\d{{3}})?(?:{re.escape(decimal)}\d*)?"
    )
    for decimal, other in ((".", ","), (",", "."))
}
_PARTS = re.compile(
    r"(?P<open>\()?(?P<sign>[+-]?)(?P<before>[^\W\d_]{0,3}[^\w\s.,+\-()'’%]?)\s*(?P<second>[+-]?)"
    rf"(?P<body>[\d.,][\d.,{_GAPS}]*?)(?P<power>[eE][+-]?\d+)?\s*(?P<after>[^\d\s.,+\-()'’_:#?*][^\s_:]{{0,11}})?"
    r"(?P<last>-)?(?P<close>\))?"
)
# Units before a number are those of money alone: "Q1" and "ID7" are names.
_MONEY = frozenset(
    (
        *("AUD", "BRL", "CAD", "CHF", "CNY", "CZK", "DKK", "EUR", "Fr", "GBP", "HKD", "HUF", "INR", "JPY", "KRW"),
        *("kr", "MXN", "NOK", "NZD", "PLN", "Rs", "SEK", "SGD", "TRY", "USD", "ZAR"),
    )
)
_SHARES = {"%": "e-2", "‰": "e-3"}


class Written(NamedTuple):
    """A cell taken apart: ``sign``, the digits with their separators, the power of ten, and the unit."""

    sign: str
    body: str
    power: str
    unit: str

    def value(self, decimal: Decimal) -> float | None:
        """The number under one decimal separator; None if it is none."""
        match = _PATTERNS[decimal].fullmatch(self.body)
        if match is None or not any(map(str.isdigit, self.body)):
            return None
        digits = self.body if match["gap"] is None else self.body.replace(match["gap"], "")
        number = float(self.sign + digits.replace(decimal, ".") + self.power)
        # The power is part of the text, because a division would round once more.
        share = _SHARES.get(self.unit)
        return float(f"{self.sign}{digits.replace(decimal, '.')}{share}") if share and not self.power else number


def taken_apart(cell: str) -> Written | None:
    """Return the parts of a number that is written with signs, separators or a unit; None of anything else."""
    text = cell.strip().removeprefix("'").replace("−", "-").strip()
    match = _PARTS.fullmatch(text)
    if match is None or bool(match["open"]) != bool(match["close"]):
        return None
    before, after = match["before"], match["after"] or ""
    if before and (after or not (before in _MONEY or unicodedata.category(before[-1]) == "Sc")):
        return None
    if re.match(r"[xX]\d|[^\d]+\d+[^\d]", after):
        return None  # 0x1F and the like; m2 is a unit
    if after and not (after[0].isalpha() or after[0] in "%‰°" or unicodedata.category(after[0]) == "Sc"):
        return None
    signs = [
        sign for sign in (match["sign"], match["second"], match["last"] or "", "-" if match["open"] else "") if sign
    ]
    if len(signs) > 1:
        return None
    return Written(signs[0] if signs else "", match["body"].strip(), match["power"] or "", before or after)


@dataclass
class NumberText:
    """The cells of a column that is to hold numbers, looked at before the decimal separator is known.

    Attributes:
        cells: (T,) as written; "" is missing.
        plain: (T,) their values where all are numbers as programs write them; None where some are not.
        parts: of the others, each different cell taken apart; None for one that is no number.
        marks: cells that stand for a missing value, as written.
    """

    cells: Sequence[str]
    plain: NDArray[np.float64] | None = None
    parts: dict[str, Written | None] = field(default_factory=dict)
    marks: set[str] = field(default_factory=set)
    truths: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, cells: Sequence[str]) -> NumberText:
        """Look at the cells of a column."""
        found = cls(cells, _plain(cells))
        if found.plain is not None:
            return found
        for cell in dict.fromkeys(cells):
            text = cell.strip()
            if not text:
                continue
            if text.casefold() in _MARKS:
                found.marks.add(cell)
            elif text.casefold() in _TRUTH:
                found.truths.add(cell)
            elif text.lower().lstrip("+-") in ("inf", "infinity"):
                found.parts[cell] = None
            else:
                found.parts[cell] = taken_apart(text)
        return found

    @property
    def written(self) -> Iterable[Written]:
        """The parts of each different number."""
        return (one for one in self.parts.values() if one is not None)

    def decimals(self) -> set[Decimal]:
        """The separators that the column shows beyond doubt: none, one, or both where its writing is mixed."""
        if self.plain is not None:
            return {"."} if any("." in cell and not _either(cell) for cell in self.cells) else set()
        shown: set[Decimal] = set()
        for one in self.written:
            point, comma = one.value("."), one.value(",")
            if (point is None) != (comma is None):
                shown.add("." if comma is None else ",")
        if not shown and (unsure := self.unsure()) is not None:
            # A column that writes thousands without a separator has its separator for decimals alone.
            separator: Decimal = "," if "," in unsure else "."
            if any(re.match(r"\d{4}", one.body) for one in self.written):
                shown.add(separator)
        return shown

    def unsure(self) -> str | None:
        """The first cell, such as "1,234", that is one number with a decimal point and another with a comma."""
        if self.plain is not None:
            return next((cell for cell in self.cells if "." in cell and _either(cell)), None)
        return next(
            (
                cell
                for cell, one in self.parts.items()
                if one is not None and None not in (pair := (one.value("."), one.value(","))) and pair[0] != pair[1]
            ),
            None,
        )

    def example(self, decimal: Decimal) -> str:
        """A cell that is a number with this separator alone."""
        other: Decimal = "." if decimal == "," else ","
        fits = (cell for cell, one in self.parts.items() if one is not None and one.value(other) is None)
        return next(fits, "")

    def units(self) -> set[str]:
        """The units of its numbers, "" among them where one has none; a zero needs none."""
        return {one.unit for one in self.written if one.unit or one.body.strip("0.,")}

    def is_code(self) -> bool:
        """Whether a cell has leading zeros, as codes have."""
        return any(_CODE.match(cell) for cell in self.cells)

    def values(self, decimal: Decimal) -> NDArray[np.float64]:
        """(T,): NaN where missing, and where a cell is no number."""
        if self.plain is not None and decimal == ".":
            return self.plain
        parts = self.parts if self.plain is None else {cell: taken_apart(cell) for cell in dict.fromkeys(self.cells)}
        known = {cell: one.value(decimal) for cell, one in parts.items() if one is not None}
        known |= {cell: _TRUTH[cell.strip().casefold()] for cell in self.truths}
        known |= {cell: float(cell) for cell in parts if cell.strip().lower().lstrip("+-") in ("inf", "infinity")}
        return np.array([np.nan if (value := known.get(cell)) is None else value for cell in self.cells], np.float64)

    def wrong(self, values: NDArray[np.float64]) -> NDArray[np.int64]:
        """The rows of ``values`` whose cell is neither a number nor missing."""
        rows = np.flatnonzero(np.isnan(values))
        if self.plain is not None and len(rows) == 0:
            return rows
        odd = [row for row in rows.tolist() if self.cells[row].strip() and self.cells[row] not in self.marks]
        return np.array(odd, np.int64)


def in_doubt(name: object, cell: str, where: str) -> str:
    """The message about a cell that is one number with a decimal point and another with a decimal comma."""
    one = taken_apart(cell)
    point, comma = (None if one is None else one.value(decimal) for decimal in (".", ","))
    return (
        f"column '{name}': {cell!r} can be {point} (decimal point) or {comma} (decimal comma), and nothing in {where} "
        "tells which; say --decimal . or --decimal , (in Python read_table(..., decimal=))"
    )


_CODE = re.compile(r"\s*0\d")


def _either(cell: str) -> bool:
    """Whether a number with a point would be another one if the point stood between thousands."""
    one = taken_apart(cell)
    return one is not None and None not in (pair := (one.value("."), one.value(","))) and pair[0] != pair[1]


def _plain(cells: Sequence[str]) -> NDArray[np.float64] | None:
    try:
        # Python's float rounds correctly, which pandas' faster reader of texts does not.
        values = np.array([float(cell) if cell else np.nan for cell in cells], dtype=np.float64)
    except ValueError:
        return None
    odd = np.flatnonzero(~np.isfinite(values)).tolist()
    if any(cells[row] for row in odd) or any("_" in cell for cell in cells):
        return None  # "nan", "inf", or digits as programmers group them
    return values
