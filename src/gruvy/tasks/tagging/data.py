"""What a SequenceTagger is given, checked and brought to one form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gruvy.data import rows_of
from gruvy.errors import DataError
from gruvy.tasks.classification.data import Scaling, has_gaps, read_sequences
from gruvy.tasks.classification.data import read_labels as read_flat_labels
from gruvy.tasks.tagging.batches import Encoded
from gruvy.timeseries import Problems


@dataclass(frozen=True)
class Steps:
    """One sequence of T steps.

    Attributes:
        characters: T of them; None if it has none.
        values: (T, C); None if it has none.
    """

    characters: str | None
    values: NDArray[np.float64] | None

    @property
    def kind(self) -> str:
        """What messages call it."""
        if self.values is None:
            return "strings"
        return "numeric sequences" if self.characters is None else "pairs of a string and an array"

    def __len__(self) -> int:
        return len(self.characters or "") if self.values is None else len(self.values)


class Labels(NamedTuple):
    """The labels of N sequences.

    Attributes:
        classes: K, sorted.
        numbers: for each sequence (T,), places in ``classes``.
        text: whether each sequence's labels came as one string.
    """

    classes: NDArray[Any]
    numbers: list[NDArray[np.int64]]
    text: bool


def read_steps(X: Any) -> list[Steps]:
    """Return sequences in one form.

    Args:
        X: a list or Series of strings; or of arrays (T, C) or (T,); or a list of tuples of both.

    Raises:
        DataError: nothing, something else, or sequences that are empty, have NaN, or differ in channels.
    """
    if isinstance(X, (list, tuple)) and X and any(isinstance(row, tuple) for row in X):
        return _pairs(X)
    found = read_sequences(X)
    if not isinstance(found[0], str):
        having = np.flatnonzero(has_gaps(found))
        if len(having):
            raise DataError(
                f"X: {len(having)} of {len(found)} sequences have NaN, the first is number {having[0]}; "
                "fill the gaps in"
            )
        return [Steps(None, values) for values in found]
    empty = [number for number, text in enumerate(found) if not text]
    if empty:
        raise DataError(
            f"X: {len(empty)} of {len(found)} strings are empty, the first is number {empty[0]}; leave them out"
        )
    return [Steps(text, None) for text in found]


def read_labels(y: Any, sequences: Sequence[Steps]) -> Labels:
    """Return a label for each step of each sequence.

    Args:
        y: for each sequence a string, or a list or an array of labels.
        sequences: what they belong to.

    Raises:
        DataError: they are missing, do not fit the sequences, or are measurements.
    """
    if y is None:
        raise DataError("y: expected the labels of each sequence, got None; give as many as there are sequences")
    if isinstance(y, str) or not hasattr(y, "__len__"):
        raise DataError(f"y: expected a list with the labels of each sequence, got {type(y).__name__}")
    rows = rows_of(y)
    if len(rows) != len(sequences):
        raise DataError(f"y: expected the labels of {len(sequences)} sequences, got those of {len(rows)}")
    wrong = [number for number, row in enumerate(rows) if not hasattr(row, "__len__") or np.ndim(row) > 1]
    if wrong:
        raise DataError(
            f"y: expected a string or a list of labels for each sequence, number {wrong[0]} has {rows[wrong[0]]!r}"
        )
    lengths = [len(row) for row in rows]
    uneven = [number for number, length in enumerate(lengths) if length != len(sequences[number])]
    if uneven:
        first = uneven[0]
        raise DataError(
            f"y: {len(uneven)} of {len(rows)} sequences have another number of labels than of steps, the first is "
            f"number {first}: {lengths[first]} labels for {len(sequences[first])} steps; give each step one label"
        )
    text = all(isinstance(row, str) for row in rows)
    flat = np.array(list("".join(rows))) if text else [label for row in rows for label in list(row)]
    classes, numbers = np.unique(read_flat_labels(flat, sum(lengths)), return_inverse=True)
    return Labels(classes, np.split(numbers, np.cumsum(lengths)[:-1]), text)


def numbers_of(classes: NDArray[Any], labels: Labels) -> list[NDArray[np.int64]]:
    """Return labels as places among the classes of a fit.

    Raises:
        DataError: labels that the fit has not seen.
    """
    known = {label: number for number, label in enumerate(classes.tolist())}
    unknown = [repr(label) for label in labels.classes.tolist() if label not in known]
    if unknown:
        raise DataError(f"y: {', '.join(unknown[:5])}: no classes of the fit; there are {classes.tolist()}")
    places = np.array([known[label] for label in labels.classes.tolist()])
    return [places[numbers] for numbers in labels.numbers]


@dataclass(frozen=True)
class Preparation:
    """From sequences to what the network reads.

    Attributes:
        alphabet: the characters known, sorted; "" if the sequences have none.
        scaling: of the values; None if the sequences have none.
    """

    alphabet: str
    scaling: Scaling | None

    @classmethod
    def of(cls, sequences: Sequence[Steps]) -> Preparation:
        """Learn it from sequences of one kind."""
        alphabet = "".join(sorted(set().union(*(one.characters for one in sequences if one.characters is not None))))
        values = [one.values for one in sequences if one.values is not None]
        return cls(alphabet, Scaling.of(values) if values else None)

    @property
    def channels(self) -> int:
        """C, what the network reads of a step."""
        return len(self.alphabet) + (0 if self.scaling is None else len(self.scaling.mean))

    def inherited(self, fresh: Preparation, *, rescale: bool) -> Preparation:
        """Return what a training that begins with the weights of this one's fit reads by.

        Args:
            fresh: learnt from the new sequences.
            rescale: take the scaling from there.
        """
        return replace(self, scaling=fresh.scaling) if rescale else self

    def encode(self, sequences: Sequence[Steps]) -> list[Encoded]:
        """Check sequences against those of the fit and encode them.

        Raises:
            DataError: they are of another kind, have other channels, or characters that are not known.
        """
        self._check(sequences)
        codes = np.array([ord(character) for character in self.alphabet], np.uint32)
        encoded, unknown = [], Unknown()
        for number, one in enumerate(sequences):
            characters = None
            if one.characters is not None:
                came = np.frombuffer(one.characters.encode("utf-32-le"), np.uint32)
                characters = np.searchsorted(codes, came).clip(max=len(codes) - 1).astype(np.uint16)
                unknown.note(number, one.characters, codes[characters] != came)
            values = np.zeros((len(one), 0), np.float32)
            if one.values is not None and self.scaling is not None:
                values = self.scaling.scale(one.values)
            encoded.append(Encoded(characters, values))
        unknown.raise_for(self.alphabet)
        return encoded

    def _check(self, sequences: Sequence[Steps]) -> None:
        came, wanted = sequences[0], self._kind()
        if came.kind != wanted:
            raise DataError(f"X: expected {wanted}, as in the fit, got {came.kind}")
        if self.scaling is not None and came.values is not None and came.values.shape[1] != len(self.scaling.mean):
            raise DataError(f"X: expected {len(self.scaling.mean)} channels, as in the fit, got {came.values.shape[1]}")

    def _kind(self) -> str:
        return Steps(self.alphabet or None, None if self.scaling is None else self.scaling.mean).kind


class Unknown:
    """Characters that the fit has not seen, told together."""

    def __init__(self) -> None:
        self._first = ""
        self._found: set[str] = set()

    def note(self, number: int, characters: str, unknown: NDArray[np.bool_]) -> None:
        """Look through one sequence."""
        places = np.flatnonzero(unknown)
        if len(places) and not self._found:
            self._first = f"{characters[places[0]]!r} at step {places[0] + 1} of sequence {number}"
        self._found |= {characters[place] for place in places}

    def raise_for(self, alphabet: str) -> None:
        """Raise what was found, if anything was."""
        if self._found:
            raise DataError(
                f"X: characters that the fit has not seen: {''.join(sorted(self._found))!r}, the first is "
                f"{self._first}; put others in their place, known are {alphabet!r}"
            )


def class_counts(numbers: Sequence[NDArray[np.int64]], classes: int) -> NDArray[np.int64]:
    """How often each class occurs (K,)."""
    counts: NDArray[np.int64] = np.bincount(np.concatenate(numbers), minlength=classes)
    return counts


def _pairs(rows: Sequence[Any]) -> list[Steps]:
    wrong = [number for number, row in enumerate(rows) if not isinstance(row, tuple) or len(row) != 2]
    if wrong:
        raise DataError(
            f"X: expected tuples of a string and an array, sequence {wrong[0]} is none; give every sequence both"
        )
    texts = [one.characters for one in read_steps([text for text, _ in rows])]
    arrays = [one.values for one in read_steps([values for _, values in rows])]
    if texts[0] is None or arrays[0] is None:
        raise DataError("X: expected tuples of a string and an array (T, C), in this order")
    problems = Problems("X")
    for number, (text, values) in enumerate(zip(texts, arrays, strict=True)):
        if len(text) != len(values):  # type: ignore[arg-type]
            problems.add(f"sequence {number} has {len(text)} characters and {len(values)} rows of values")  # type: ignore[arg-type]
            break
    problems.raise_as(DataError)
    return [Steps(text, values) for text, values in zip(texts, arrays, strict=True)]
