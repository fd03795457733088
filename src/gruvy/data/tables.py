"""Tables from files: what a column is decides how its cells are read."""

from __future__ import annotations

import lzma
import os
import zipfile
from collections.abc import Collection, Hashable
from pathlib import Path

import numpy as np
import pandas as pd

from gruvy.data.records import RECORDS, read_records
from gruvy.data.roles import frame_of_grid, read_columns
from gruvy.data.spreadsheets import SPREADSHEETS, read_spreadsheet
from gruvy.data.times import read_time_column
from gruvy.errors import ArgumentError, DataError
from gruvy.tables.columns import Roles
from gruvy.tables.delimited import read_delimited
from gruvy.tables.packed import TEXTS, content_of, kind_of
from gruvy.timeseries import Series, TimeFormat, is_clock

_ARROW = (".parquet", ".feather", ".arrow")
_KNOWN = (*TEXTS, *SPREADSHEETS, *RECORDS, *_ARROW)


def read_table(
    path: str | os.PathLike[str],
    *,
    texts: Collection[Hashable] = (),
    times: Collection[Hashable] = (),
    numbers: Collection[Hashable] | None = (),
    others: Collection[Hashable] = (),
    delimiter: str | None = None,
    decimal: str | None = None,
    encoding: str | None = None,
    day_first: bool | None = None,
    sheet: str | int | None = None,
) -> pd.DataFrame:
    """Read a table from delimited text, a spreadsheet, JSON, Parquet or Arrow.

    What a column is for decides how its cells are read: texts as they are written ("007", "NA"), numbers with the
    decimal separator, thousands, units and marks of missing values that they are written with. How the file is written
    is found where it leaves no doubt, and said; the arguments say it where it does.

    Args:
        path: a file that ends in .csv, .tsv, .txt, .xlsx, .xls, .ods, .jsonl, .ndjson, .json, .parquet, .feather or
            .arrow; text also compressed (.gz, .bz2, .xz, .zip).
        texts: columns of ids, labels or words.
        times: columns of dates and times; see ``day_first``.
        numbers: columns of numbers; None for all but texts and times.
        others: more columns that are asked for by these names. Like those that are not asked for, they are numbers
            where all of their cells are, else text.
        delimiter: between the fields of a text; None to find it.
        decimal: "." or ","; None to find it.
        encoding: of a text; None to find it.
        day_first: whether 01.02.2024 is the first of February; None to find it out where the times are used.
        sheet: of a spreadsheet, its name, or its number from 1; None for the first that is not empty.

    Returns:
        The table; columns that are asked for are called as they are asked for, even where the file has spaces around
        them. Times stay as they are in the file unless ``day_first`` is given.

    Raises:
        ArgumentError: a sheet, encoding or delimiter that cannot be, or that the file has no use for.
        DataError: the file is missing, unreadable, in doubt, has rows of another length than its header, or no rows.

    Example:
        >>> from gruvy.data import read_table
        >>> frame = read_table("sales.csv", texts=["shop"], times=["day"], numbers=["units"])  # doctest: +SKIP
    """
    path = Path(path)
    if not path.exists():
        raise DataError(f"{path}: no such file; check the path")
    known = ", ".join(_KNOWN)
    if path.is_dir():
        raise DataError(f"{path}: expected a file ({known}), got a folder; give the file inside it")
    kind = kind_of(path, _KNOWN)
    if kind is None:
        raise DataError(f"{path}: expected a file that ends in {known}; convert it, or rename it if it is one")
    if decimal not in (None, ".", ","):
        raise ArgumentError(f"decimal: expected '.' or ',', got {decimal!r}")
    for name, value, kinds in (
        ("delimiter", delimiter, TEXTS),
        ("encoding", encoding, TEXTS),
        ("sheet", sheet, SPREADSHEETS),
    ):
        if value is not None and kind not in kinds:
            raise ArgumentError(f"{name}: {path} has none; it is for {', '.join(kinds)}")
    if day_first is not None and not times:
        raise ArgumentError("day_first: is for dates, and no column of times is asked for; leave it out")
    roles = Roles(tuple(texts), tuple(times), None if numbers is None else tuple(numbers), tuple(others))
    wanted = [str(name) for name in roles.asked]
    try:
        if kind in SPREADSHEETS:
            grid = read_spreadsheet(path, wanted=wanted, sheet=sheet)
            frame = frame_of_grid(grid, str(path), roles, decimal)
        elif kind in TEXTS:
            grid = read_delimited(
                content_of(path), str(path), TEXTS[kind], wanted=wanted, delimiter=delimiter, encoding=encoding
            )
            frame = frame_of_grid(grid, str(path), roles, decimal)
        else:
            frame = read_columns(_load(path, kind), str(path), roles, decimal)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, lzma.LZMAError) as error:
        if isinstance(error, (DataError, ArgumentError)):
            raise
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise DataError(f"{path}: cannot be read as {path.suffix.lstrip('.')} ({reason}); export it again") from error
    if frame.empty:
        raise DataError(f"{path}: has column names but no rows; expected at least one row of data")
    if day_first is not None:
        for column in roles.times:
            if column in frame.columns and not is_clock(frame[column].tolist()):
                frame[column] = _times(frame[column], str(path), day_first)
    return frame


def is_table(path: str | os.PathLike[str]) -> bool:
    """Whether the name is that of a file that `read_table` reads; text alone (.txt) is none."""
    return kind_of(Path(path), _KNOWN) not in (None, ".txt", ".dat")


def _times(column: pd.Series, path: str, day_first: bool) -> pd.DatetimeIndex:
    try:
        times = read_time_column(column, TimeFormat(day_first=day_first))
    except ValueError as error:
        raise DataError(f"{path}: column '{column.name}' (time) {error}") from error
    return Series(None, times, np.zeros((len(times), 0))).index


def _load(path: Path, kind: str) -> pd.DataFrame:
    """A table of a file that knows the types of its cells."""
    if kind in RECORDS:
        return read_records(path, content_of(path).decode("utf-8-sig"))
    if kind == ".parquet":
        return pd.read_parquet(path)
    import pyarrow

    with pyarrow.memory_map(str(path)) as source:
        try:
            found = pyarrow.ipc.open_file(source)
        except pyarrow.ArrowInvalid:
            source.seek(0)
            found = pyarrow.ipc.open_stream(source)
        frame: pd.DataFrame = found.read_all().to_pandas()
        return frame
