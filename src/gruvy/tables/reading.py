"""A table of delimited text as arrays."""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from gruvy.errors import DataError
from gruvy.tables.columns import Remarks, Roles, WrittenColumn, as_asked, columns_of_grid, objects, settle_decimals
from gruvy.tables.delimited import read_delimited
from gruvy.tables.grid import is_empty
from gruvy.tables.packed import TEXTS, content_of, kind_of
from gruvy.timeseries.problems import Problems


def read_text_table(
    path: Path,
    roles: Roles,
    *,
    delimiter: str | None = None,
    decimal: str | None = None,
    encoding: str | None = None,
    day_first: bool | None = None,
    sheet: str | int | None = None,
) -> dict[Any, NDArray[Any]] | None:
    """Read a table as `gruvy.data.read_table` does, without pandas.

    Args:
        path: of the file.
        roles: what its columns are for.
        delimiter, decimal, encoding, day_first, sheet: see `gruvy.data.read_table`.

    Returns:
        Column name -> cells (T,): numbers, or objects, where None is missing. None for what needs `read_table`: a file
        that is no delimited text, and days that are said to come first or second.

    Raises:
        DataError: the file cannot be read, is ambiguous, or has no rows.
        OSError, ValueError: the file is damaged.
    """
    kind = kind_of(path, TEXTS)
    if kind is None or day_first is not None or sheet is not None:
        return None
    wanted = [str(name) for name in roles.asked]
    grid = read_delimited(
        content_of(path), str(path), TEXTS[kind], wanted=wanted, delimiter=delimiter, encoding=encoding
    )
    cells = columns_of_grid(grid, str(path), roles)
    columns = dict(zip(as_asked(list(cells), roles.asked), cells.values(), strict=True))
    written = {
        name: column
        for name, column in ((name, _written(name, cells, roles)) for name, cells in columns.items())
        if column is not None
    }
    problems, remarks = Problems(str(path)), Remarks(grid.said)
    settle_decimals(written, decimal, "the file", problems, semicolons=grid.delimiter == ";")
    found = {
        name: written[name].read(remarks, problems) if name in written else objects(_kept(cells, name in roles.texts))
        for name, cells in columns.items()
    }
    problems.raise_as(DataError)
    remarks.note(str(path))
    return found


def _written(name: Hashable, cells: list[str], roles: Roles) -> WrittenColumn | None:
    if name in (*roles.texts, *roles.times):
        return None
    return WrittenColumn.of(name, cells, must=roles.is_number(name), delimited=True)


def _kept(cells: list[str], text: bool) -> list[str | None]:
    """Cells as they are written; a text may be of spaces alone, a time may not."""
    return [None if (cell == "" if text else is_empty(cell)) else cell for cell in cells]
