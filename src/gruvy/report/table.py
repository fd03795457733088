"""A table of results, as plain text in cells: the command line prints it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Table:
    """Columns and rows; the first column is text, the others are numbers.

    Attributes:
        columns: the headers; they may have line breaks.
        rows: a cell for each column.
        models: so many rows at the top are trained networks and stand out.
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    models: int = 1
