"""Tables from files."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from pathlib import Path

import pandas as pd

from gruvy.errors import DataError

_READERS: dict[str, Callable[[Path, Collection[str]], pd.DataFrame]] = {
    ".csv": lambda path, texts: _read_csv(path, ",", texts),
    ".csv.gz": lambda path, texts: _read_csv(path, ",", texts),
    ".tsv": lambda path, texts: _read_csv(path, "\t", texts),
    ".jsonl": lambda path, texts: _read_jsonl(path),
    ".parquet": lambda path, texts: pd.read_parquet(path),
}


def read_table(path: str | os.PathLike[str], *, texts: Collection[str] = ()) -> pd.DataFrame:
    """Read a CSV, TSV, JSON Lines or Parquet file whose first row, keys or schema name the columns.

    Args:
        path: a file that ends in .csv, .csv.gz, .tsv, .jsonl or .parquet.
        texts: columns that are to stay as they are written in CSV and TSV files: only an empty cell is missing there,
            not a "null" or "NA", and digits are no number.

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
        frame = reader(path, texts)
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


def _reader(path: Path) -> Callable[[Path, Collection[str]], pd.DataFrame] | None:
    return next((_READERS[end] for end in _READERS if path.name.lower().endswith(end)), None)


def _read_csv(path: Path, separator: str, texts: Collection[str]) -> pd.DataFrame:
    frame = pd.read_csv(path, sep=separator, low_memory=False)
    if not set(texts) & set(frame.columns):
        return frame
    written = pd.read_csv(
        path, sep=separator, usecols=lambda name: name in texts, dtype=str, keep_default_na=False, na_values=[""]
    )
    for name in written.columns:
        frame[name] = written[name]
        if separator == "\t":
            joined = written[name].str.contains(r"[\t\n]", na=False)
            if joined.any():
                raise ValueError(
                    f"row {joined.idxmax()} of column '{name}' goes on over a tab or a line's end, as after a "
                    "quotation mark that is not closed: write a mark in a cell twice, and the cell in marks"
                )
    return frame


def _read_jsonl(path: Path) -> pd.DataFrame:
    if not path.stat().st_size:
        raise pd.errors.EmptyDataError
    # What the file says is a text stays one.
    return pd.read_json(path, lines=True, dtype=False)
