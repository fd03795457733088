"""Labelled sequences in a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gruvy.errors import DataError
from gruvy.tasks.classification.baselines import LinearClassifier
from gruvy.tasks.classification.classifier import SequenceClassifier
from gruvy.tasks.classification.columns import ClassColumns
from gruvy.tasks.labels.reading import as_classes, read_labels
from gruvy.tasks.labels.scores import score_row
from gruvy.tasks.shared.holdout import HeldOut, draw_classes, split_seed
from gruvy.tasks.shared.sequences import read_sequences
from gruvy.tasks.shared.tables import columns_of, read_sequence_file


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
    """Read a table, or of an AnnData file the expression and the annotations; see `read_sequence_file`."""
    ids = () if id is None else (id,)
    return read_sequence_file(
        path, [label], series, text=text, id=ids, values=values, complete=labelled, reading=reading
    )


def fit_table(
    model: SequenceClassifier, frame: pd.DataFrame, columns: ClassColumns, *, test_fraction: float, **options: Any
) -> HeldOut:
    """Fit on a table except for a test part, ``test_fraction`` of the sequences of every class.

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
    columns = columns.of_parent(options.get("warm_start"))
    X, _ = columns.read(frame)
    sequences = read_sequences(X)
    y = read_labels(columns.labels(frame), len(sequences))
    classes, numbers = np.unique(y, return_inverse=True)
    seed = split_seed(model)
    drawn = draw_classes(numbers, test_fraction, seed)
    if len(classes) > 1 and not drawn.any():
        raise DataError("the table: no class has two sequences, so that none is left to test with; give more")
    learnt, tested = ([sequences[row] for row in np.flatnonzero(part)] for part in (~drawn, drawn))
    model.fit(learnt, y[~drawn], **options)
    model.columns_ = columns
    weight = model.class_weight
    if isinstance(weight, Mapping):  # of labels; the linear model is given their numbers
        weight = {classes.tolist().index(label): float(value) for label, value in weight.items()}
    one_length = len({len(one) for one in sequences}) == 1
    linear = LinearClassifier(weight, seed, one_length=one_length).fit(learnt, numbers[~drawn])
    score = score_row(linear.name, numbers[drawn], linear.predict_proba(tested))
    return HeldOut(tested, y[drawn], [score])


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
