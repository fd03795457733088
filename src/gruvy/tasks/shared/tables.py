"""What the columns of a table are, and what is read of them."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gruvy.data import as_frame, read_expression, read_table
from gruvy.data.series import read_numbers
from gruvy.errors import ArgumentError, DataError, note
from gruvy.timeseries import Problems, did_you_mean

# What to do about a value that is no number.
CURE = "leave the column out, or name it as the text"


@dataclass(frozen=True)
class SequenceColumns:
    """What the columns of a table are, in one of three layouts.

    With ``text`` each row is a text. With ``series`` each row is a step: rows with the same id are one sequence, in
    their order. With neither each row is a sequence of one channel, and its values are the steps. An empty cell is a
    value that was not measured.

    Attributes:
        text: the column of the texts.
        series: the column of ids.
        values: the columns of numbers; empty of texts.
        id: the column that names the rows, where each is a sequence; it is no value.
    """

    text: str | None = None
    series: str | None = None
    values: tuple[str, ...] = ()
    id: str | None = None

    @classmethod
    def find(
        cls,
        frame: pd.DataFrame,
        outcomes: Mapping[str, str],
        text: str | None = None,
        series: str | None = None,
        id: str | None = None,
        **more: Any,
    ) -> Self:
        """Find the columns of numbers: all that are not named.

        Args:
            frame: the table.
            outcomes: role -> column of what is to be predicted.
            text, series, id: as the attributes.
            more: further attributes of a subclass.

        Raises:
            ArgumentError: both a series and an id.
            DataError: a named column is missing, or none is left.
        """
        if series is not None and id is not None:
            raise ArgumentError(f"series '{series}' and id '{id}': expected one of them; a series is its own id")
        named = {**outcomes, "text": text, "series": series, "id": id}
        given = [name for name in named.values() if name is not None]
        frame = as_frame(frame, given)
        check_names(frame, named)
        if text is not None:
            return cls(text=text, id=id, **more)
        values = tuple(str(name) for name in frame.columns if str(name) not in given)
        if not values:
            raise DataError("the table: no column is left for the values; name the column of the texts, or add values")
        return cls(series=series, values=values, id=id, **more)

    def read(self, frame: pd.DataFrame) -> tuple[Any, NDArray[Any]]:
        """Return the sequences, as estimators take them, and what each is called: its id, or its row.

        Raises:
            DataError: a column is missing, or has something else than numbers.
        """
        named = {"text": self.text, "series": self.series, "id": self.id}
        frame = as_frame(frame, [*self.values, *(name for name in named.values() if name is not None)])
        check_names(frame, named | {name: name for name in self.values})
        names = (frame.index if self.id is None else frame[self.id]).to_numpy()
        if self.text is not None:
            if pd.to_numeric(frame[self.text], errors="coerce").notna().all():
                raise DataError(
                    f"column '{self.text}': expected texts, got numbers such as {frame[self.text].iloc[0]!r}; for "
                    "sequences of numbers name no column of texts"
                )
            # An empty cell is an empty text, whichever way the file says so.
            return frame[self.text].astype(object).where(frame[self.text].notna(), "").tolist(), names
        problems = Problems("the table")
        values = np.column_stack([read_numbers(frame[name], problems, CURE) for name in self.values])
        problems.raise_as(DataError)
        if self.series is None:
            return values[:, :, None], names
        ids, rows = groups(frame[self.series])
        return [values[part] for part in rows], np.array(ids)

    def constant(self, frame: pd.DataFrame, name: str, what: str) -> NDArray[Any]:
        """Return a column with one value for each sequence.

        Args:
            frame: the table.
            name: the column.
            what: it is, as "label".

        Raises:
            DataError: the column is missing, or a series has two values.
        """
        frame = as_frame(frame, [name, *([] if self.series is None else [self.series])])
        check_names(frame, {what: name})
        column = frame[name].to_numpy()
        if self.series is None:
            return column
        ids, rows = groups(frame[self.series])
        for one, part in zip(ids, rows, strict=True):
            if len(pd.unique(column[part])) > 1:
                raise DataError(
                    f"column '{name}': expected one {what} a series, got {pd.unique(column[part])[:2].tolist()} in "
                    f"series {one!r}; give each {what} an id of its own"
                )
        return column[[part[0] for part in rows]]

    def of_parent(self, parent: Any) -> Self:
        """The columns that a fit which begins with the weights of another model reads.

        Args:
            parent: that model, or None.
        """
        if parent is None or parent.columns_ is None or not (parent.columns_.values and self.values):
            return self
        return replace(self, values=parent_columns(parent.columns_.values, self.values))


def read_sequence_file(
    path: Path,
    outcomes: Sequence[str],
    series: str | None = None,
    *,
    text: str | None = None,
    id: Sequence[str] = (),
    values: Sequence[str] | None = None,
    complete: bool = True,
    numeric: bool = False,
    reading: Mapping[str, Any] | None = None,
) -> pd.DataFrame:
    """Read a table of sequences, or of an AnnData file the expression and the annotations that are named.

    Args:
        path: a file that `gruvy.data.read_table` reads, or a .h5ad file.
        outcomes: the columns or annotations of what is to be predicted.
        series: that of the ids.
        text: the column of the texts.
        id: the columns of names, which are no values.
        values: the columns of numbers; None for all others, where there are no texts.
        complete: whether the file has to have the outcomes.
        numeric: whether the outcomes are numbers.
        reading: how a table is written, for `gruvy.data.read_table`.

    Raises:
        DataError: the file cannot be read.
        MissingExtraError: a .h5ad file without anndata.
    """
    if path.suffix.lower() != ".h5ad":
        texts = [name for name in (*(() if numeric else outcomes), text, series, *id) if name is not None]
        known = list(outcomes) if numeric and complete else []
        numbers = known if text is not None else None if values is None else [*values, *known]
        return read_table(path, texts=texts, numbers=numbers, **(reading or {}))
    refuse_reading(reading, path)
    ids = [] if series is None else [series]
    return read_expression(path, [*ids, *outcomes] if complete else ids, [] if complete else list(outcomes))


def columns_of(model: Any, instead: str = "sequences", cure: str = "") -> Any:
    """Return the columns of the table that a model was fitted on.

    Args:
        model: the fitted estimator.
        instead: what else it can be fitted on, for the message.
        cure: what can be done besides using it in Python.

    Raises:
        ArgumentError: it was fitted on something else.
    """
    if model.columns_ is None:
        raise ArgumentError(
            f"the model was fitted on {instead}, not on a table; {cure}use its predict or evaluate in Python"
        )
    return model.columns_


def refuse_reading(reading: Mapping[str, Any] | None, path: object) -> None:
    """Refuse to be told how a table is written, for a file that is none.

    Raises:
        ArgumentError: naming what was given.
    """
    if reading:
        raise ArgumentError(f"{', '.join(reading)}: {path} is no table")


def parent_columns(own: Sequence[str], came: Sequence[object]) -> tuple[str, ...]:
    """Return the columns of numbers that a parent has learnt with, which are all that is read of a new table.

    Args:
        own: of the parent, in its order.
        came: those of the new table that would be read without it; what is left out of them is said.
    """
    more = [f"'{name}'" for name in came if name not in own]
    if more:
        note(
            f"the table: {', '.join(more[:5])}{f' and {len(more) - 5} more' if len(more) > 5 else ''}: no columns of "
            "the model that this one begins from; left out"
        )
    return tuple(own)


def check_names(frame: pd.DataFrame, named: Mapping[str, str | None]) -> None:
    """Refuse a table without the columns that are named, role -> column."""
    problems = Problems("the table")
    for role, name in named.items():
        if name is not None and name not in frame.columns:
            problems.add(
                f"no column '{name}'"
                + ("" if role == name else f" ({role})")
                + f"; {did_you_mean(name, frame.columns)}"
            )
    problems.raise_as(DataError)


def groups(column: pd.Series) -> tuple[list[Hashable], list[NDArray[np.int64]]]:
    """Return the ids in the order in which they come, and the rows of each."""
    codes, names = pd.factorize(column)
    if (codes < 0).any():
        raise DataError(f"column '{column.name}': {(codes < 0).sum()} rows have no id; fill it in")
    rows = np.split(np.argsort(codes, kind="stable"), np.cumsum(np.bincount(codes))[:-1])
    return list(names), rows
