"""Tables from files."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from gruvy.errors import DataError

_READERS: dict[str, Callable[[Path], pd.DataFrame]] = {
    ".csv": lambda path: pd.read_csv(path, low_memory=False),
    ".csv.gz": lambda path: pd.read_csv(path, low_memory=False),
    ".tsv": lambda path: pd.read_csv(path, sep="\t", low_memory=False),
    ".jsonl": lambda path: _read_jsonl(path),
    ".parquet": pd.read_parquet,
}


def read_table(path: str | os.PathLike[str]) -> pd.DataFrame:
    """Read a CSV, TSV, JSON Lines or Parquet file whose first row, keys or schema name the columns.

    Args:
        path: a file that ends in .csv, .csv.gz, .tsv, .jsonl or .parquet.

    Returns:
        The table as it is in the file; times are parsed later, by the column that holds them.

    Raises:
        DataError: the file is missing, of another type, unreadable, or has no rows.

    Example:
        >>> from gruvy.data import read_table
        >>> frame = read_table("weather.csv")  # doctest: +SKIP
    """
    path = Path(path)
    known = ", ".join(_READERS)
    if not path.exists():
        raise DataError(f"{path}: no such file; check the path")
    if path.is_dir():
        raise DataError(f"{path}: expected a file ({known}), got a folder; give the file inside it")
    reader = _reader(path)
    if reader is None:
        raise DataError(f"{path}: expected a file that ends in {known}; convert it, or rename it if it is one")
    try:
        frame = reader(path)
    except pd.errors.EmptyDataError as error:
        raise DataError(f"{path}: the file is empty; expected a first row with column names") from error
    except (pd.errors.ParserError, UnicodeDecodeError, OSError, ValueError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise DataError(f"{path}: cannot be read as {path.suffix.lstrip('.')} ({reason}); export it again") from error
    if frame.empty:
        raise DataError(f"{path}: has column names but no rows; expected at least one row of data")
    return frame


def is_table(path: str | os.PathLike[str]) -> bool:
    """Whether the name is that of a file that `read_table` reads."""
    return _reader(Path(path)) is not None


def _reader(path: Path) -> Callable[[Path], pd.DataFrame] | None:
    return next((_READERS[end] for end in _READERS if path.name.lower().endswith(end)), None)


def _read_jsonl(path: Path) -> pd.DataFrame:
    if not path.stat().st_size:
        raise pd.errors.EmptyDataError
    # What the file says is a text stays one.
    return pd.read_json(path, lines=True, dtype=False)
