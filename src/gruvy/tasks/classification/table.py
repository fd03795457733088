"""Labelled sequences in a table."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gruvy.data import as_frame, read_expression, read_table
from gruvy.data.series import read_numbers
from gruvy.errors import ArgumentError, DataError
from gruvy.tasks.classification.baselines import LinearClassifier
from gruvy.tasks.classification.data import held_out, read_labels, read_sequences
from gruvy.tasks.classification.scores import score_row
from gruvy.tasks.shared.run import parent_columns
from gruvy.timeseries import Problems, did_you_mean, places_of

if TYPE_CHECKING:
    from gruvy.tasks.classification.classifier import SequenceClassifier

# What to do about a value that is no number.
CURE = "leave the column out, or name it as the text"


@dataclass(frozen=True)
class SequenceColumns:
    """What the columns of a table are, in one of three layouts.

    With ``text`` each row is a text. With ``series`` each row is a step: rows with the same id are one sequence, in
    their order, with one label. With neither each row is a sequence of one channel, and its values are the steps. An
    empty cell is a value that was not measured.

    Attributes:
        label: the column of the classes.
        text: the column of the texts.
        series: the column of ids.
        values: the columns of numbers; empty of texts.
        id: the column that names the rows, where each is a sequence; it is no value.
    """

    label: str
    text: str | None = None
    series: str | None = None
    values: tuple[str, ...] = ()
    id: str | None = None

    @classmethod
    def of(
        cls,
        frame: pd.DataFrame,
        label: str,
        text: str | None = None,
        series: str | None = None,
        id: str | None = None,
    ) -> SequenceColumns:
        """Find the columns of numbers: all that are not named.

        Raises:
            ArgumentError: both a series and an id.
            DataError: a named column is missing, or none is left.
        """
        if series is not None and id is not None:
            raise ArgumentError(f"series '{series}' and id '{id}': expected one of them; a series is its own id")
        frame = as_frame(frame, [name for name in (label, text, series, id) if name is not None])
        names = [str(name) for name in frame.columns]
        check_names(frame, {"label": label, "text": text, "series": series, "id": id})
        if text is not None:
            return cls(label, text, id=id)
        values = tuple(name for name in names if name not in (label, series, id))
        if not values:
            raise DataError("the table: no column is left for the values; name the column of the texts, or add values")
        return cls(label, None, series, values, id)

    def read(self, frame: pd.DataFrame) -> tuple[Any, NDArray[Any]]:
        """Return the sequences, as a `SequenceClassifier` takes them, and what each is called: its id, or its row.

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

    def labels(self, frame: pd.DataFrame) -> NDArray[Any]:
        """Return the label of each sequence.

        Raises:
            DataError: the column is missing, or a series has two labels.
        """
        frame = as_frame(frame, [self.label, *([] if self.series is None else [self.series])])
        check_names(frame, {"label": self.label})
        column = frame[self.label].to_numpy()
        if self.series is None:
            return column
        ids, rows = groups(frame[self.series])
        for name, part in zip(ids, rows, strict=True):
            if len(pd.unique(column[part])) > 1:
                raise DataError(
                    f"column '{self.label}': expected one label a series, got {pd.unique(column[part])[:2].tolist()} "
                    f"in series {name!r}; give each label an id of its own"
                )
        return column[[part[0] for part in rows]]


@dataclass(frozen=True)
class TestPart:
    """What `fit_table` kept out of the fit: sequences, labels, and the score of a linear model on them."""

    X: list[Any]
    y: NDArray[Any]
    baselines: list[dict[str, Any]]


def read_file(
    path: Path,
    label: str,
    series: str | None = None,
    *,
    text: str | None = None,
    id: str | None = None,
    values: Sequence[str] | None = None,
    labelled: bool = True,
    reading: Mapping[str, Any] | None = None,
) -> pd.DataFrame:
    """Read a table, or of an AnnData file the expression and the annotations that are named.

    Args:
        path: a file that `gruvy.data.read_table` reads, or a .h5ad file.
        label: the column or annotation of the classes.
        series: that of the ids.
        text: the column of the texts.
        id: the column that names the rows.
        values: the columns of numbers; None for all others, where there are no texts.
        labelled: whether the file has to have the label.
        reading: how a table is written, for `gruvy.data.read_table`.

    Raises:
        DataError: the file cannot be read.
        MissingExtraError: a .h5ad file without anndata.
    """
    if path.suffix.lower() != ".h5ad":
        texts = [name for name in (label, text, series, id) if name is not None]
        return read_table(path, texts=texts, numbers=() if text is not None else values, **(reading or {}))
    if reading:
        raise ArgumentError(f"{', '.join(reading)}: {path} is no such table")
    ids = [] if series is None else [series]
    return read_expression(path, [*ids, label] if labelled else ids, [] if labelled else [label])


def fit_table(
    model: SequenceClassifier, frame: pd.DataFrame, columns: SequenceColumns, *, test_fraction: float, **options: Any
) -> TestPart:
    """Fit on a table but for a test part of it, ``test_fraction`` of the sequences of every class.

    Args:
        model: the estimator to fit; it remembers the columns.
        frame: the table.
        columns: what its columns are.
        test_fraction: between 0 and 1.
        options: what ``fit`` takes besides: checkpoint, resume, progress, warm_start (a fitted model) and more.

    Returns:
        The test part.

    Raises:
        DataError: the table cannot be used.
    """
    parent = options.get("warm_start")
    if parent is not None and parent.columns_ is not None and parent.columns_.values and columns.values:
        columns = replace(columns, values=parent_columns(parent.columns_.values, columns.values))
    X, _ = columns.read(frame)
    sequences = read_sequences(X)
    y = read_labels(columns.labels(frame), len(sequences))
    classes, numbers = np.unique(y, return_inverse=True)
    seed = model.random_state if isinstance(model.random_state, int) else 0
    kept = held_out(numbers, test_fraction, seed)
    if len(classes) > 1 and not kept.any():
        raise DataError("the table: no class has two sequences, so that none is left to test with; give more")
    learnt, tested = ([sequences[row] for row in np.flatnonzero(part)] for part in (~kept, kept))
    model.fit(learnt, y[~kept], **options)
    model.columns_ = columns
    weight = model.class_weight
    if isinstance(weight, Mapping):  # of labels; the linear model is given their numbers
        weight = {classes.tolist().index(label): float(value) for label, value in weight.items()}
    one_length = len({len(one) for one in sequences}) == 1
    linear = LinearClassifier(weight, seed, one_length=one_length).fit(learnt, numbers[~kept])
    score = score_row(linear.name, numbers[kept], linear.predict_proba(tested))
    return TestPart(tested, y[kept], [score])


def predict_table(model: SequenceClassifier, frame: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each sequence of a table: its row or id, its class, and the probability of every class.

    Raises:
        ArgumentError: the model was not fitted on a table.
        DataError: the table cannot be used.
    """
    columns = columns_of(model)
    X, names = columns.read(frame)
    probabilities = model.predict_proba(X)
    found = {
        columns.series or columns.id or "row": names,
        columns.label: model.classes_[probabilities.argmax(axis=1)],
    }
    found |= {f"p_{label}": probabilities[:, number] for number, label in enumerate(model.classes_.tolist())}
    return pd.DataFrame(found)


def evaluate_table(model: SequenceClassifier, frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of ``evaluate`` for a table.

    Raises:
        ArgumentError: the model was not fitted on a table.
        DataError: the table cannot be used.
    """
    columns = columns_of(model)
    return model.evaluate(columns.read(frame)[0], as_classes(columns.labels(frame), model.classes_))


def as_classes(labels: NDArray[Any], classes: NDArray[Any]) -> NDArray[Any]:
    """Return labels of a table, which are text, as the classes of a model that may have learnt them as numbers."""
    if classes.dtype.kind in "US":
        return labels
    known = classes.tolist()
    found = places_of(labels, known)
    return np.array(
        [label if place is None else known[place] for label, place in zip(labels, found, strict=True)], object
    )


def columns_of(model: SequenceClassifier) -> SequenceColumns:
    """Return the columns of the table that a model was fitted on.

    Raises:
        ArgumentError: it was fitted on sequences.
    """
    if model.columns_ is None:
        raise ArgumentError("the model was fitted on sequences, not on a table; use its predict or evaluate in Python")
    return model.columns_


def check_names(frame: pd.DataFrame, named: dict[str, str | None]) -> None:
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
