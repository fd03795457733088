"""A table of results, column by column, as CSV and JSON: what pandas writes of it, without pandas."""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from numpy.typing import NDArray

_DAY = np.timedelta64(1, "D")


class Columns:
    """The columns of a table, which can be written as a DataFrame can.

    Args:
        columns: name -> array (T,): numbers, text, datetime64, or objects; None, NaN and NaT are empty cells.
    """

    def __init__(self, columns: Mapping[str, NDArray[Any]]):
        self.columns = columns

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def to_csv(self, target: Path | TextIO, *, index: bool = False) -> None:
        """Write the header and the rows."""
        if isinstance(target, Path):
            with target.open("w", encoding="utf-8", newline="") as file:
                self.to_csv(file)
            return
        writer = csv.writer(target, lineterminator=os.linesep)
        writer.writerow(self.columns)
        writer.writerows(zip(*(_cells(column) for column in self.columns.values()), strict=True))

    def to_dict(self, orient: str = "records") -> list[dict[str, Any]]:
        """The rows, as plain values."""
        rows = zip(*(_values(column) for column in self.columns.values()), strict=True)
        return [dict(zip(self.columns, row, strict=True)) for row in rows]


def _values(column: NDArray[Any]) -> list[Any]:
    return list(column.astype("M8[us]").tolist() if column.dtype.kind == "M" else column.tolist())


def _cells(column: NDArray[Any]) -> list[Any]:
    if column.dtype.kind == "M":
        days = column.astype("M8[D]")
        if (days == column).all():
            return list(days.astype(str))
        return [str(one).replace("T", " ") for one in column.astype("M8[s]")]
    if column.dtype.kind == "f":
        return ["" if value != value else value for value in column.tolist()]
    return ["" if value is None or value != value else value for value in column.tolist()]
