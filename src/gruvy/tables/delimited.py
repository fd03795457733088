"""Rows of cells from delimited text: which delimiter, where the header is, and whether every row has its fields."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence

from gruvy.errors import ArgumentError, DataError
from gruvy.tables.encoding import decode
from gruvy.tables.grid import Grid, Line, can_be_names, find_header, same_name
from gruvy.tables.numbers import taken_apart

DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
_SAID = {**DELIMITERS, " ": "spaces"}
_SPELLED = {"comma": ",", "semicolon": ";", "tab": "\t", r"\t": "\t", "bar": "|", "pipe": "|", "space": " "}
_LOOKED_AT = 200
_MOST = 0.9
# A cell may be a whole document; the limit of the csv module is there for its own memory's sake.
csv.field_size_limit(2**31 - 1)


def read_delimited(
    data: bytes,
    name: str,
    usual: str,
    *,
    wanted: Collection[str] = (),
    delimiter: str | None = None,
    encoding: str | None = None,
) -> Grid:
    """Cut a text into cells.

    Args:
        data: the file's bytes.
        name: of the file, for messages.
        usual: the delimiter of files that are called so.
        wanted: columns that the table should have.
        delimiter: between fields; None to find it.
        encoding: None to find it.

    Raises:
        ArgumentError: a delimiter of several characters, an unknown encoding.
        DataError: the text is empty, cannot be decoded, or has a row with more or fewer fields than the header.
    """
    text, said = decode(data, name, encoding)
    if not text.strip():
        raise DataError(f"{name}: the file is empty; expected a first row with column names")
    if "\0" in text:
        raise DataError(
            f"{name}: is no text (line {text[: text.index(chr(0))].count(chr(10)) + 1} has zero bytes); export it again"
        )
    declared = re.match(r"sep=(.)\r?\n", text)  # as Excel writes and reads it
    if declared is not None:
        text, delimiter = "\n" + text[declared.end() :], delimiter or declared[1]
    chosen = _find(text, name, usual, wanted) if delimiter is None else _given(delimiter)
    lines = [Line(number, cells) for number, cells in _records(text, chosen, name) if cells]
    grid = find_header(lines, name, wanted, rectangular=False)
    if said is not None:
        grid.said.append(f"encoding {said}")
    if delimiter is None and chosen != usual:
        grid.said.append(f"{_SAID.get(chosen, repr(chosen))} between fields")
    _check_counts(grid, name, chosen)
    grid.delimiter = chosen
    return grid


def _given(delimiter: str) -> str:
    found = _SPELLED.get(delimiter.lower(), delimiter)
    if len(found) != 1 or found in '"\r\n':
        raise ArgumentError(
            f"delimiter: expected one character, or comma, semicolon, tab, bar or space, got {delimiter!r}"
        )
    return found


def _records(text: str, delimiter: str, name: str) -> Iterator[tuple[int, list[str]]]:
    """The number of each record's first line, and its cells."""
    # With `strict` a quotation mark that is not closed is an error instead of one long cell.
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=delimiter, strict=True, skipinitialspace=delimiter == " "
    )
    start = 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise DataError(
                f"{name}: line {start}: a quotation mark that opens there is not closed where its cell ends ({error}); "
                "write a mark in a cell twice, and the cell in marks"
            ) from error
        if delimiter == "\t":
            for cell in cells:
                if "\t" in cell or "\n" in cell:
                    raise DataError(
                        f"{name}: line {start}: a cell goes on over a tab or a line's end, as after a quotation mark "
                        "that is not closed: write a mark in a cell twice, and the cell in marks"
                    )
        yield start, cells if cells != [""] else []
        start = reader.line_num + 1


def _check_counts(grid: Grid, name: str, delimiter: str) -> None:
    width = len(grid.names)
    wrong = [line for line in grid.lines if len(line.cells) != width]
    if not wrong:
        return
    first = wrong[0]
    more = f" ({len(wrong)} such rows)" if len(wrong) > 1 else ""
    cells, shown = len(first.cells), delimiter.join(first.cells)
    mark = {"\t": "tab"}.get(delimiter, repr(delimiter))
    if cells > width:
        cure = f"put a cell that has a {mark} in it into quotation marks, or give the header a name for each field"
        if not first.cells[-1].strip():
            cure = f"take the {mark} at the line's end away, or write one after the header too"
    else:
        cure = "complete the row, or take it out if it is no row of the table"
    raise DataError(
        f"{name}: line {first.number}: {cells} fields, expected {width} as in the header{more}: {shown[:60]!r}; {cure}"
    )


def _find(text: str, name: str, usual: str, wanted: Collection[str]) -> str:
    """The delimiter under which the first lines are a table."""
    sample = _sample(text)
    looks = {one: _rows(sample, one) for one in DELIMITERS}
    even = [one for one, rows in looks.items() if _is_even(rows)]
    if len(even) > 1 and wanted:
        named = {one: sum(same_name(cell, want) for cell in looks[one][0] for want in wanted) for one in even}
        even = [one for one in even if named[one] == max(named.values())]
    if len(even) > 1:
        # Of two that cut the rows evenly, the one is within the other's cells: those are then no numbers.
        clean = {one: _numbers(looks[one]) for one in even}
        even = [one for one in even if clean[one] == max(clean.values())]
    if len(even) > 1:
        one, other = even[:2]
        raise DataError(
            f"{name}: {DELIMITERS[one]} between fields make the header {looks[one][0]}, {DELIMITERS[other]} make it "
            f"{looks[other][0]}; say which (--delimiter {_word(one)} or {_word(other)}; in Python delimiter=)"
        )
    if even:
        return even[0]
    # One column, or rows that do not fit their header: the header tells.
    header = next((rows for rows in sample if rows.strip()), "")
    counts = {one: header.count(one) for one in DELIMITERS}
    if (
        not max(counts.values())
        and wanted
        and len(header.split()) > 1
        and all(any(same_name(one, want) for one in header.split()) for want in wanted)
    ):
        return " "
    return max(counts, key=lambda one: (counts[one], one == usual)) if max(counts.values()) else usual


def _word(delimiter: str) -> str:
    return next(word for word, mark in _SPELLED.items() if mark == delimiter)


def _sample(text: str) -> list[str]:
    return text[: _LOOKED_AT * 1000].splitlines()[:_LOOKED_AT]


def _rows(lines: Sequence[str], delimiter: str) -> list[list[str]]:
    return [cells for cells in csv.reader(lines, delimiter=delimiter) if cells]


def _is_even(rows: Sequence[Sequence[str]]) -> bool:
    """Whether nearly all rows have one number of fields, above one, and a line that can be the header has it too."""
    if not rows:
        return False
    counts = Counter(len(cells) for cells in rows)
    width, most = counts.most_common(1)[0]
    begins = next(number for number, cells in enumerate(rows) if len(cells) == width)
    # What stands above the table, as loggers write it, is narrower; a header stands below it.
    above, table = rows[:begins], rows[begins:]
    if above and (len(table) < 2 or not can_be_names(table[0]) or any(len(cells) > 2 for cells in above)):
        return False
    return width > 1 and most >= _MOST * len(table)


def _numbers(rows: Sequence[Sequence[str]]) -> float:
    cells = [cell for row in rows[1:] for cell in row]
    return sum(not cell.strip() or taken_apart(cell) is not None for cell in cells) / max(len(cells), 1)
