"""The rows of cells that a file has, and which of them are the table: header, units, blank rows."""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any, NamedTuple

from gruvy.errors import DataError

_COMMENTS = ("#", "%", "//", "!", '"#')
_LOOKED_AT = 100
_MOST_UNITS = 2
# Units as the row below a header has them: in brackets, with a sign, or of physics with or without a prefix.
_UNIT = re.compile(
    r"[\[(].*[\])]|.*[°%€$£µμΩ²³/].*|UTC|GMT|TS|RN|local|deg(?:rees?)?[ .]?[CFK]?|Volts?|Amps?|count"
    r"|[pnumcdhkMGT]?(?:m|g|s|A|K|N|Pa|bar|J|W|Wh|C|F|V|VA|Hz|l|L|t|ha|eV|mol|Ohms?)\d?|min|hr?|days?|sec|years?"
    r"|in|ft|mi|mph|psi|rpm|ppm|ppb|EUR|USD|GBP|y+[-/]m+[-/]d+.*",
    re.IGNORECASE,
)


class Line(NamedTuple):
    """A row of a file: its line, from 1, and its cells; text, or what a spreadsheet keeps."""

    number: int
    cells: Sequence[Any]


@dataclass
class Grid:
    """A table before its columns are read.

    Attributes:
        names: of the columns, as in the file.
        lines: the rows below the header.
        said: how the file was read where that was no matter of course, for one note.
        delimiter: of delimited text.
    """

    names: list[str]
    lines: list[Line]
    said: list[str] = field(default_factory=list)
    delimiter: str | None = None


def same_name(one: object, other: object) -> bool:
    """Whether two names of columns are the same except for spaces at the ends and the composition of their letters."""
    return bare_name(one) == bare_name(other)


def bare_name(name: object) -> str:
    """The name of a column without what cannot be seen at its ends, in composed letters."""
    return unicodedata.normalize("NFC", str(name)).replace("\ufeff", "").strip()


def is_empty(cell: object) -> bool:
    """Whether a cell has nothing in it."""
    return cell is None or (isinstance(cell, str) and not cell.strip())


def find_header(lines: Sequence[Line], name: str, wanted: Collection[str] = (), *, rectangular: bool) -> Grid:
    """Find the header of a table, and leave out what is above and below it.

    The header is the first row, unless what stands above one that has the wanted names, or fills the table's width, is
    blank, a comment, a title or pairs of a name and a value, as loggers write them.

    Args:
        lines: all rows of a file, of a spreadsheet as wide as its widest (``rectangular``).
        name: of the file, for messages.
        wanted: columns that the table should have.
        rectangular: whether all rows are of one length.

    Raises:
        DataError: there is no row, or no row below the header.
    """
    rows = [line for line in lines if not all(map(is_empty, line.cells))]
    if not rows:
        raise DataError(f"{name}: the file is empty; expected a first row with column names")
    at = _header(rows, wanted)
    said = []
    if at:
        last = "line" if at == 1 else f"{at} lines"
        said.append(f"the {last} above the header in line {rows[at].number} left out")
    header, below = rows[at], rows[at + 1 :]
    if _is_data(header.cells) and not any(same_name(cell, want) for cell in header.cells for want in wanted):
        shown = ", ".join(str(cell) for cell in header.cells[:4])
        raise DataError(
            f"{name}: line {header.number} ({shown}) has numbers or dates where the names of the columns are expected; "
            "write a line of names above it"
        )
    cells = ["" if is_empty(cell) else str(cell) for cell in header.cells]
    if cells[0].lstrip().startswith("#"):
        cells[0] = cells[0].lstrip("# ")
    keep = _kept(cells, below, rectangular=rectangular)
    if len(keep) < len(cells):
        width = len(cells)
        cells = [cells[column] for column in keep]
        below = [
            Line(line.number, [line.cells[column] for column in keep]) if len(line.cells) == width else line
            for line in below
        ]
    count, units = _units(below)
    if count:
        said.append(f"line {below[0].number} ({units}{', ...' if count > 1 else ''}) left out as units")
        below = below[count:]
    if not below:
        raise DataError(f"{name}: has column names but no rows; expected at least one row of data")
    return Grid(cells, below, said)


def _header(rows: Sequence[Line], wanted: Collection[str]) -> int:
    """The row of the header."""
    hits = [sum(any(same_name(cell, want) for cell in row.cells) for want in wanted) for row in rows[:_LOOKED_AT]]
    best = max(hits)
    at = hits.index(best)
    # One cell that is called as a wanted column does not prove a header, except below a title.
    if hits[0] < best and (best > 1 or all(map(_above, rows[:at]))):
        return at
    width = max(map(_filled, rows[:_LOOKED_AT]))
    if best or width == 1:
        return 0
    for at, row in enumerate(rows[:_LOOKED_AT]):
        if _comment_line(row) and at + 1 < len(rows) and _comment_line(rows[at + 1]):
            continue
        if _filled(row) == width or not _above(row):
            return at if can_be_names(row.cells) else 0
    return 0


def _is_data(cells: Sequence[Any]) -> bool:
    """Whether a row is all numbers and dates, and does not count up as the names of steps do."""
    if not all(_counts(cell) for cell in cells):
        return False
    numbers = [float(cell) for cell in cells if re.fullmatch(r"\s*[+-]?\d+(?:\.\d*)?\s*", str(cell))]
    return len(numbers) < len(cells) or any(after <= one for one, after in itertools.pairwise(numbers))


def _filled(row: Line) -> int:
    """The number of cells up to the last that is not empty."""
    return max((place + 1 for place, cell in enumerate(row.cells) if not is_empty(cell)), default=0)


def _above(row: Line) -> bool:
    """Whether a row can stand above a header: a comment, a title, a section, or a name with its value."""
    filled = [cell for cell in row.cells if not is_empty(cell)]
    if _comment_line(row) or len(filled) <= 1:
        return True
    return len(filled) == 2 and (len(row.cells) > 2 or str(filled[0]).strip().endswith((":", "=")))


def _comment_line(row: Line) -> bool:
    return isinstance(row.cells[0], str) and row.cells[0].lstrip().startswith(_COMMENTS)


def can_be_names(row: Sequence[Any]) -> bool:
    """Whether all cells of a row can be names of columns: texts that differ, none of them a number or a date."""
    cells = [cell for cell in row if not is_empty(cell)]
    if any(isinstance(cell, (int, float, datetime, date, time)) for cell in cells):
        return False
    return len(set(cells)) == len(cells) and not any(re.match(r"\s*[+-]?[.,]?\d", cell) for cell in map(str, cells))


def _kept(names: Sequence[str], lines: Sequence[Line], *, rectangular: bool) -> list[int]:
    """All columns except those without a name and without a value, which a delimiter at every line's end leaves."""
    nameless = [column for column, name in enumerate(names) if not name.strip()]
    empty = {
        column
        for column in nameless
        if all(is_empty(line.cells[column]) for line in lines if len(line.cells) > column)
        and (rectangular or all(len(line.cells) == len(names) for line in lines))
    }
    return [column for column in range(len(names)) if column not in empty]


def _units(lines: Sequence[Line]) -> tuple[int, str]:
    """How many rows below the header are units, or how a logger made its values, and the first of them."""
    shown = ""
    for count in range(_MOST_UNITS):
        found = _row_of_units(lines[count:], sure=count > 0)
        if found is None:
            return count, shown
        shown = shown or found
    return _MOST_UNITS, shown


def _row_of_units(lines: Sequence[Line], *, sure: bool) -> str | None:
    """The units in a row, if it has them: no cell of it is a number, and all below them are.

    Unless it follows such a row (``sure``), most of them have to be known: a word may be a mistake among the numbers.
    """
    if len(lines) < 3 or any(len(line.cells) != len(lines[0].cells) for line in lines[:_LOOKED_AT]):
        return None
    first, rest = lines[0].cells, lines[1 + (not sure) : _LOOKED_AT]
    if any((not isinstance(cell, str) and cell is not None) or _counts(cell) for cell in first):
        return None
    numeric = [
        column
        for column in range(len(first))
        if any(_counts(line.cells[column]) for line in rest)
        and all(is_empty(line.cells[column]) or _counts(line.cells[column]) for line in rest)
    ]
    cells = [str(first[column]).strip() for column in numeric if not is_empty(first[column])]
    known = sum(_UNIT.fullmatch(cell) is not None for cell in cells)
    if not cells or any(len(cell) > 16 for cell in cells) or not (sure or 2 * known > len(cells)):
        return None
    return ", ".join(cells[:4])


def _counts(cell: object) -> bool:
    """Whether a cell is a number or a date, by its first sign."""
    if isinstance(cell, str):
        return re.match(r"\s*['(+\-−$€£¥]*\s*[.,]?\d", cell) is not None
    return cell is not None


def named_columns(grid: Grid, name: str, needed: Collection[str] | None) -> list[str]:
    """Return a name for each column: nameless ones are called by their place, repeated ones numbered.

    Args:
        grid: the table.
        name: of the file, for messages.
        needed: columns that must be there once; None if all are.

    Raises:
        DataError: two columns have one name that is needed.
    """
    found: list[str] = []
    for column, cell in enumerate(grid.names):
        text = cell if cell.strip() else f"column {column + 1}"
        if text in found:
            twice = needed is None or any(same_name(text, one) for one in needed)
            if twice:
                places = [str(at + 1) for at, other in enumerate(grid.names) if other == cell]
                raise DataError(
                    f"{name}: column {text!r} is there {len(places)} times (columns {', '.join(places)}); give each a "
                    "name of its own"
                )
            number = 1
            while f"{text}.{number}" in found or f"{text}.{number}" in grid.names:
                number += 1
            text = f"{text}.{number}"
        found.append(text)
    return found
