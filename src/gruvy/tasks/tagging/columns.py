"""What the columns of a table of sequences with a label at every step are."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gruvy.data import as_frame
from gruvy.data.series import read_numbers
from gruvy.errors import ArgumentError, DataError
from gruvy.tasks.shared.tables import CURE, check_names, groups
from gruvy.timeseries import Problems

# Share of rows with more than one character from which on they are words: of those some are single letters and signs,
# among single residues a pair of them is a mistake.
_WORDS = 0.2


@dataclass(frozen=True)
class TagColumns:
    """What the columns of a table are, in one of two layouts.

    With ``series`` each row is a step: rows with the same id are one sequence, in their order; ``string`` has the
    character of each step, and all columns that are not named are values. Without it each row is a sequence: ``string``
    and ``label`` have as long strings, or lists of words and of their labels. A FASTA file is read as such a table,
    with the columns of `FASTA_COLUMNS`, and a CoNLL file with those of `CONLL_COLUMNS`.

    Attributes:
        label: the column of the labels.
        string: the column of the characters, or of the words; None if there are none.
        series: the column of ids.
        values: the columns of numbers.
        name: what the sequences are called, where each row is one; None for their rows.
        conll: of a CoNLL file the numbers of the columns of words and labels; None for the usual ones.
    """

    label: str
    string: str | None = None
    series: str | None = None
    values: tuple[str, ...] = ()
    name: str | None = None
    conll: tuple[int, int] | None = None

    @classmethod
    def of(cls, frame: pd.DataFrame, label: str, string: str | None = None, series: str | None = None) -> TagColumns:
        """Find the columns of numbers: all that are not named, where a row is a step.

        Raises:
            ArgumentError: neither the column of strings nor that of ids is named.
            DataError: a named column is missing, or none is left.
        """
        frame = as_frame(frame, [name for name in (label, string, series) if name is not None])
        check_names(frame, {"label": label, "string": string, "series": series})
        if series is None and string is None:
            raise ArgumentError(
                "the table: name the column of ids where each row is a step (series), or the column of strings where "
                "each row is a sequence (string)"
            )
        if series is None:
            return cls(label, string)
        values = tuple(str(name) for name in frame.columns if name not in (label, string, series))
        if string is None and not values:
            raise DataError("the table: no column is left for the values; add them, or name the column of characters")
        return cls(label, string, series, values)

    def read(self, frame: pd.DataFrame) -> tuple[list[Any], list[Hashable]]:
        """Return the sequences, as a `SequenceTagger` takes them, and what each is called: its id, or its row.

        Raises:
            DataError: a column is missing, or has something else than numbers or characters.
        """
        named = {"string": self.string, "series": self.series, "name": self.name}
        frame = as_frame(frame, [*self.values, *(name for name in named.values() if name is not None)])
        check_names(frame, named | {name: name for name in self.values})
        if self.series is None:
            if pd.api.types.is_numeric_dtype(frame[self.string]):  # of a Parquet file, or of Python
                raise DataError(f"column '{self.string}': expected strings, got {frame[self.string].iloc[0]}")
            missing = np.flatnonzero(frame[self.string].isna())
            if len(missing):
                raise DataError(
                    f"column '{self.string}': {len(missing)} of {len(frame)} strings are missing, the first in row "
                    f"{missing[0]}; leave those rows out"
                )
            of_rows = list(range(len(frame))) if self.name is None else frame[self.name].tolist()
            return frame[self.string].tolist(), of_rows
        names, rows = groups(frame[self.series])
        problems = Problems("the table")
        strings, arrays = None, None
        if self.string is not None:
            strings = self._strings(frame, rows, problems)
        if self.values:
            numbers = np.column_stack([read_numbers(frame[name], problems, CURE) for name in self.values])
            arrays = [numbers[part] for part in rows]
        problems.raise_as(DataError)
        if strings is not None and arrays is not None:
            return list(zip(strings, arrays, strict=True)), names
        return list(strings or arrays or ()), names

    def labels(self, frame: pd.DataFrame) -> list[Any]:
        """Return the labels of each sequence.

        Raises:
            DataError: the column is missing.
        """
        if self == FASTA_COLUMNS and self.label not in frame:
            raise DataError("the FASTA file has no labels: give each entry a third line of them, or fit with --labels")
        frame = as_frame(frame, [self.label, *([] if self.series is None else [self.series])])
        check_names(frame, {"label": self.label})
        if self.series is None:
            return frame[self.label].tolist()
        column = frame[self.label].to_numpy()
        return [column[part] for part in groups(frame[self.series])[1]]

    def _strings(self, frame: pd.DataFrame, rows: Sequence[NDArray[np.int64]], problems: Problems) -> list[Any]:
        """Of each sequence its characters as a string, or its words as a list where some have more than one."""
        column: list[Any] = frame[self.string].tolist()
        long = [isinstance(one, str) and len(one) > 1 for one in column]
        words = sum(long) >= _WORDS * len(column)
        wrong = [row for row, one in enumerate(column) if not isinstance(one, str) or not one or long[row] > words]
        if wrong:
            step = "word" if words else "character"
            problems.add(
                f"column '{self.string}': expected one {step} in each row, got {column[wrong[0]]!r} in row "
                f"{wrong[0]} ({len(wrong)} such rows)"
            )
            return []
        if words:
            return [[column[row] for row in part] for part in rows]
        return ["".join(column[row] for row in part) for part in rows]


FASTA_COLUMNS = TagColumns("label", "sequence", name="name")
CONLL_COLUMNS = TagColumns("label", "word", name="sentence")
