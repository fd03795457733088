"""Sequences with labels in a table or a FASTA file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gruvy.data import is_fasta, read_fasta, read_table
from gruvy.data.conll import is_conll, read_conll
from gruvy.data.tables import is_table
from gruvy.errors import DataError
from gruvy.tasks.labels.reading import as_classes
from gruvy.tasks.shared.holdout import HeldOut, split_seed
from gruvy.tasks.shared.tables import columns_of, parent_columns, refuse_reading
from gruvy.tasks.tagging.baselines import WindowTagger, WordLabels
from gruvy.tasks.tagging.columns import TagColumns
from gruvy.tasks.tagging.data import read_labels, read_steps
from gruvy.tasks.tagging.spans import step_row
from gruvy.tasks.tagging.tagger import SequenceTagger


def read_frame(
    path: Path,
    labels: Path | None = None,
    *,
    texts: Sequence[str] = (),
    numbers: Sequence[str] | None = (),
    known: Sequence[str] | None = None,
    reading: Mapping[str, Any] | None = None,
    conll: tuple[int, int] | None = None,
) -> pd.DataFrame:
    """Return a table file as it is, a FASTA file as a table of name, sequence and label, and a CoNLL file as one of
    sentence, words and labels.

    Args:
        path: the file.
        labels: of a FASTA file, the one with the labels.
        texts: of a table, the columns of strings, labels and ids.
        numbers: of a table, the columns of numbers; None for all others.
        known: all labels there can be; None if that is not known, or they have to be in the file.
        reading: how a table is written, for `gruvy.data.read_table`.
        conll: of a CoNLL file, the numbers of the columns of words and labels.

    Raises:
        DataError: the file cannot be used.
    """
    if is_sentences(path):
        sentences = read_conll(path, conll, labelled=known is None)
        frame = pd.DataFrame({"sentence": range(1, len(sentences) + 1), "word": [one.words for one in sentences]})
        labelled: Any = [one.labels for one in sentences]
        return frame if known is not None else frame.assign(label=labelled)
    if not is_fasta(path):
        return read_table(path, texts=texts, numbers=numbers, **(reading or {}))
    refuse_reading(reading, path)
    records = read_fasta(path, labels, known=known)
    frame = pd.DataFrame({"name": [one.name for one in records], "sequence": [one.sequence for one in records]})
    return frame.assign(label=[one.labels for one in records]) if records[0].labels else frame


def is_sentences(path: Path) -> bool:
    """Whether a file is read as CoNLL: by its name, or because it is named as no table and no FASTA file is."""
    return is_conll(path) or (path.is_file() and not is_table(path) and not is_fasta(path))


def fit_table(
    model: SequenceTagger, frame: pd.DataFrame, columns: TagColumns, *, test_fraction: float, **options: Any
) -> HeldOut:
    """Fit on a table except for a test part, ``test_fraction`` of the sequences.

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
    y = columns.labels(frame)
    read_labels(y, read_steps(X))  # all of it, before any of it is held out
    if len(X) < 3:
        raise DataError(f"the table: expected three sequences or more, to learn, to validate and to test, got {len(X)}")
    seed = split_seed(model)
    order = np.random.default_rng(seed).permutation(len(X))
    count = min(max(1, round(test_fraction * len(X))), len(X) - 2)
    seen = {label for row in order[count:] for label in y[row]}
    # A label of one test sequence alone could not be learnt: such a sequence goes to the others.
    tested = sorted(row for row in order[:count] if seen.issuperset(y[row]))
    if not tested:
        raise DataError(
            "the table: every sequence that was drawn to be tested has a label that no other one has; give more "
            "sequences, or a larger test part"
        )
    learnt = sorted(set(range(len(X))) - set(tested))
    parts = [X[row] for row in learnt], [y[row] for row in learnt]
    model.fit(*parts, **options)
    model.columns_ = columns
    test = [X[row] for row in tested], [y[row] for row in tested]
    return HeldOut(*test, [_baseline(model, parts, test, seed)])


def _baseline(
    model: SequenceTagger, parts: tuple[list[Any], list[Any]], test: tuple[list[Any], list[Any]], seed: int
) -> dict[str, Any]:
    """The row of a simpler model of the same sequences."""
    learnt = read_steps(parts[0])
    if learnt[0].words is None:
        how = {"class_weight": model.class_weight, "validation_fraction": model.validation_fraction}
        window = WindowTagger.of(**how, unknown=model.unknown, random_state=seed).fit(*parts)
        return {**window.evaluate(*test)[0], "name": window.name}
    labels = WordLabels().fit([one.words or () for one in learnt], model.numbers(*parts), len(model.classes_))
    found = labels.predict_proba([one.words or () for one in read_steps(test[0])])
    return step_row(labels.name, model.classes_, model.numbers(*test), found)


def predict_table(model: SequenceTagger, frame: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each step: its sequence, its position from 1, its label, the probability of every class.

    Raises:
        ArgumentError: the model was not fitted on a table or a FASTA file.
        DataError: the table cannot be used.
    """
    columns = columns_of(model)
    X, names = columns.read(frame)
    found = model.predict_proba(X)
    probabilities, lengths = np.concatenate(found), [len(one) for one in found]
    result: dict[str, Any] = {
        columns.series or columns.name or "row": np.repeat(np.array(names, dtype=object), lengths),
        "position": np.concatenate([np.arange(1, length + 1) for length in lengths]),
    }
    if columns.string is not None:
        strings = [one[0] if isinstance(one, tuple) else one for one in X]
        result[columns.string] = [step for one in strings for step in one]
    result[columns.label] = model.classes_[probabilities.argmax(axis=1)]
    result |= {f"p_{label}": probabilities[:, number] for number, label in enumerate(model.classes_.tolist())}
    return pd.DataFrame(result)


def evaluate_table(model: SequenceTagger, frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of ``evaluate`` for a table.

    Raises:
        ArgumentError: the model was not fitted on a table or a FASTA file.
        DataError: the table cannot be used.
    """
    columns = columns_of(model)
    X, _ = columns.read(frame)
    labels = columns.labels(frame)
    if columns.series is not None:
        labels = [as_classes(one, model.classes_) for one in labels]
    return model.evaluate(X, labels)
