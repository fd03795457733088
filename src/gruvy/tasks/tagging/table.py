"""Sequences with labels in a table or a FASTA file."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gruvy.data import as_frame, is_fasta, read_fasta, read_table
from gruvy.data.conll import is_conll, read_conll
from gruvy.data.series import read_numbers
from gruvy.data.tables import is_table
from gruvy.errors import ArgumentError, DataError
from gruvy.tasks.classification.table import CURE, as_classes, check_names, groups
from gruvy.tasks.shared.run import parent_columns
from gruvy.timeseries import Problems

if TYPE_CHECKING:
    from gruvy.tasks.tagging.tagger import SequenceTagger

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


@dataclass(frozen=True)
class TestPart:
    """What `fit_table` kept out of the fit: sequences and labels, and the scores of simpler models on them."""

    X: list[Any]
    y: list[Any]
    baselines: list[dict[str, Any]]


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
    if reading:
        raise ArgumentError(f"{', '.join(reading)}: {path} is no table")
    records = read_fasta(path, labels, known=known)
    frame = pd.DataFrame({"name": [one.name for one in records], "sequence": [one.sequence for one in records]})
    return frame.assign(label=[one.labels for one in records]) if records[0].labels else frame


def is_sentences(path: Path) -> bool:
    """Whether a file is read as CoNLL: by its name, or because it is named as no table and no FASTA file is."""
    return is_conll(path) or (path.is_file() and not is_table(path) and not is_fasta(path))


def fit_table(
    model: SequenceTagger, frame: pd.DataFrame, columns: TagColumns, *, test_fraction: float, **options: Any
) -> TestPart:
    """Fit on a table but for a test part of it, ``test_fraction`` of the sequences.

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
    from gruvy.tasks.tagging.data import read_labels, read_steps

    parent = options.get("warm_start")
    if parent is not None and parent.columns_ is not None and parent.columns_.values and columns.values:
        columns = replace(columns, values=parent_columns(parent.columns_.values, columns.values))
    X, _ = columns.read(frame)
    y = columns.labels(frame)
    read_labels(y, read_steps(X))  # all of it, before any of it is held out
    if len(X) < 3:
        raise DataError(f"the table: expected three sequences or more, to learn, to validate and to test, got {len(X)}")
    seed = model.random_state if isinstance(model.random_state, int) else 0
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
    return TestPart(*test, [_baseline(model, parts, test, seed)])


def _baseline(
    model: SequenceTagger, parts: tuple[list[Any], list[Any]], test: tuple[list[Any], list[Any]], seed: int
) -> dict[str, Any]:
    """The row of a simpler model of the same sequences."""
    from gruvy.tasks.tagging.baselines import WindowTagger, WordLabels
    from gruvy.tasks.tagging.data import read_steps
    from gruvy.tasks.tagging.spans import step_row

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


def columns_of(model: SequenceTagger) -> TagColumns:
    """Return the columns of the table that a model was fitted on.

    Raises:
        ArgumentError: it was fitted on sequences.
    """
    if model.columns_ is None:
        raise ArgumentError("the model was fitted on sequences, not on a file; use its predict or evaluate in Python")
    return model.columns_
