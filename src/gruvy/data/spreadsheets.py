"""Rows of cells from spreadsheets: .xlsx, .xls, .xlsb, .ods."""

from __future__ import annotations

import zipfile
from collections.abc import Collection
from datetime import date, datetime
from pathlib import Path
from typing import Any

from gruvy.errors import ArgumentError, DataError, MissingExtraError
from gruvy.tables.grid import Grid, Line, find_header, is_empty
from gruvy.timeseries.problems import did_you_mean

SPREADSHEETS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")


def read_spreadsheet(path: Path, *, wanted: Collection[str] = (), sheet: str | int | None = None) -> Grid:
    """Return the table of one sheet, with the cells as the spreadsheet keeps them: numbers, texts, dates.

    Args:
        path: the file.
        wanted: columns that the table should have.
        sheet: its name, or its number from 1; None for the first that has cells.

    Raises:
        ArgumentError: there is no such sheet.
        DataError: the file cannot be read, or has no cells.
        MissingExtraError: python-calamine is not installed.
    """
    try:
        import python_calamine as calamine
    except ModuleNotFoundError as error:
        raise MissingExtraError("reading spreadsheets", "train", error.name) from error
    try:
        book = calamine.load_workbook(str(path))
    except calamine.PasswordError as error:
        raise DataError(f"{path}: is locked with a password; save it without one") from error
    except (calamine.CalamineError, OSError, ValueError) as error:
        raise DataError(
            f"{path}: cannot be read as a spreadsheet ({error}); save it again as .xlsx, or export it as .csv"
        ) from error
    names = [one.name for one in book.sheets_metadata if one.typ == calamine.SheetTypeEnum.WorkSheet]
    said = []
    if sheet is None:
        filled = [name for name in names if not _is_blank(book, name)]
        if not filled:
            raise DataError(f"{path}: has no cells; expected a first row with column names")
        chosen = filled[0]
        if len(filled) > 1:
            said = [f"sheet {chosen!r} of {', '.join(map(repr, names))} (--sheet chooses; in Python sheet=)"]
    else:
        chosen = _named(names, sheet, path)
    try:
        lines, merged = _lines(book.get_sheet_by_name(chosen))
    except calamine.CalamineError as error:
        raise DataError(f"{path}: sheet {chosen!r} cannot be read ({error}); save it again") from error
    grid = find_header(lines, f"{path}, sheet {chosen!r}" if len(names) > 1 else str(path), wanted, rectangular=True)
    grid.said = said + grid.said
    if errors := _errors(path):
        grid.said.append(f"{errors} cells of the file that have an error such as #DIV/0! empty")
    if merged:
        grid.said.append(f"{merged} merged cells filled with the value of the first")
    return grid


def _named(names: list[str], sheet: str | int, path: Path) -> str:
    if str(sheet) in names:
        return str(sheet)
    if str(sheet).isdecimal() and 1 <= int(sheet) <= len(names):
        return names[int(sheet) - 1]
    raise ArgumentError(f"sheet: {path} has no sheet {str(sheet)!r}; {did_you_mean(sheet, names)}")


def _is_blank(book: Any, name: str) -> bool:
    return all(is_empty(cell) for row in book.get_sheet_by_name(name).to_python() for cell in row)


def _errors(path: Path) -> int:
    """How many cells of the workbook have an error, which calamine gives as empty cells."""
    if not zipfile.is_zipfile(path):
        return 0
    with zipfile.ZipFile(path) as file:
        names = file.namelist()
        if "content.xml" in names:  # OpenDocument: LibreOffice keeps an error as an empty string of this type
            return file.read("content.xml").count(b'calcext:value-type="error"')
        sheets = [name for name in names if name.startswith("xl/worksheets/") and name.endswith(".xml")]
        return sum(file.read(name).count(b' t="e"') for name in sheets)


def _lines(sheet: Any) -> tuple[list[Line], int]:
    """All rows, and how many cells of merged ones were filled."""
    rows = [[_moment(cell) for cell in row] for row in sheet.to_python(skip_empty_area=False)]
    count = 0
    for (top, left), (bottom, right) in sheet.merged_cell_ranges or ():
        # Down alone: a title that is merged over the columns is no name of each of them.
        if left != right or top == 0:
            continue
        for row in range(top + 1, min(bottom + 1, len(rows))):
            rows[row][left] = rows[top][left]
            count += 1
    return [Line(number, cells) for number, cells in enumerate(rows, 1)], count


def _moment(cell: Any) -> Any:
    """A date as the datetime that it is in a column with others."""
    return datetime(cell.year, cell.month, cell.day) if type(cell) is date else cell
