"""The columns of a table, each read by what it is for."""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np
import pandas as pd

from gruvy.data.frames import as_frame, as_names
from gruvy.errors import DataError
from gruvy.tables.columns import Remarks, Roles, WrittenColumn, columns_of_grid, settle_decimals
from gruvy.tables.grid import Grid, is_empty
from gruvy.timeseries.problems import Problems


def frame_of_grid(grid: Grid, path: str, roles: Roles, decimal: str | None) -> pd.DataFrame:
    """The columns of a grid of cells, read by their roles."""
    columns = columns_of_grid(grid, path, roles)
    frame = pd.DataFrame({name: pd.Series(cells, dtype=object) for name, cells in columns.items()})
    return read_columns(frame, path, roles, decimal, grid)


def read_columns(
    frame: pd.DataFrame, path: str, roles: Roles, decimal: str | None = None, grid: Grid | None = None
) -> pd.DataFrame:
    """Return the table with its columns called as asked, and each of them read by its role.

    Args:
        frame: cells of text, or of the types that a spreadsheet, JSON or Parquet keeps.
        path: of the file, for messages.
        roles: what its columns are for.
        decimal: "." or ","; None to find it.
        grid: what the frame was made of, if a file of cells.

    Raises:
        DataError: numbers that are written in several ways, or in doubt.
    """
    if not isinstance(frame.index, pd.RangeIndex):
        named = [name for name in frame.index.names if name is not None and name not in frame.columns]
        nameless = None if "time" in frame.columns else "time"
        frame = as_frame(frame, named, time=roles.times[0] if roles.times else nameless)
    frame = as_frame(frame, roles.asked)
    delimited = grid is not None and grid.delimiter is not None
    written: dict[Hashable, WrittenColumn] = {
        name: text
        for name in frame.columns
        if name not in (*roles.texts, *roles.times)
        and frame[name].dtype == object
        and (text := WrittenColumn.of(name, list(frame[name]), must=roles.is_number(name), delimited=delimited))
        is not None
    }
    problems, remarks = Problems(path), Remarks([] if grid is None else grid.said)
    settle_decimals(written, decimal, "the file", problems, semicolons=grid is not None and grid.delimiter == ";")
    found = {}
    for name in frame.columns:
        if name in written:
            found[name] = _read(written[name], remarks, problems)
        elif name in roles.texts:
            found[name] = as_names(frame[name])
        elif frame[name].dtype == object:
            found[name] = _as_kept(frame[name])
        else:
            found[name] = frame[name]
    problems.raise_as(DataError)
    remarks.note(path)
    return pd.DataFrame(found, columns=frame.columns)


def number_column(column: pd.Series, problems: Problems) -> pd.Series:
    """Return a column of text, or of numbers and text, as numbers; what is none stays as it is written."""
    written = WrittenColumn.of(column.name, list(column), must=True, delimited=False)
    if written is None:
        return column
    remarks = Remarks()
    settle_decimals({column.name: written}, None, "the column", problems)
    found = pd.Series(_read(written, remarks, problems).to_numpy(), column.index, name=column.name)
    remarks.note("the table")
    return found


def _read(column: WrittenColumn, remarks: Remarks, problems: Problems) -> pd.Series:
    read = column.read(remarks, problems)
    cells = pd.Series(read, dtype=read.dtype)
    return cells.infer_objects() if column.kept else cells


def _as_kept(column: pd.Series) -> pd.Series:
    """A column of what a spreadsheet or JSON keeps: numbers, dates or text, empty cells missing."""
    cells = pd.Series([None if is_empty(cell) else cell for cell in column], dtype=object).infer_objects()
    if cells.dtype == np.float64 and (cells % 1 == 0).all() and (cells.abs() < 2**53).all():
        return cells.astype(np.int64)
    return cells
