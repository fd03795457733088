"""What a SequenceTagger is given, checked and brought to one form."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gruvy.data import rows_of
from gruvy.data.words import folded
from gruvy.errors import DataError
from gruvy.tasks.labels.reading import as_numbers
from gruvy.tasks.labels.reading import read_labels as read_flat_labels
from gruvy.tasks.shared.sequences import SequenceScaling, has_gaps, read_sequences
from gruvy.tasks.tagging.batches import Encoded
from gruvy.tasks.tagging.words import WordFeatures
from gruvy.text import Unknown, aligned, canonical, canonical_texts, visible
from gruvy.timeseries import Problems


@dataclass(frozen=True)
class Steps:
    """One sequence of T steps.

    Attributes:
        characters: T of them; None if it has none.
        values: (T, C); None if it has none.
        words: T of them; None if it has none.
    """

    characters: str | None
    values: NDArray[np.float64] | None
    words: tuple[str, ...] | None = None

    @property
    def kind(self) -> str:
        """What messages call it."""
        if self.values is None:
            return "strings" if self.words is None else "lists of words"
        if self.words is not None:
            return "pairs of a list of words and an array"
        return "numeric sequences" if self.characters is None else "pairs of a string and an array"

    def __len__(self) -> int:
        return len(self.words or self.characters or "") if self.values is None else len(self.values)


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
        X: a list or Series of strings; or of lists of words; or of arrays (T, C) or (T,); or a list of tuples of a
            string or a list of words and an array.

    Raises:
        DataError: nothing, something else, or sequences that are empty, have NaN, or differ in channels.
    """
    if isinstance(X, (list, tuple)) and X and any(_is_pair(row) for row in X):
        return _pairs(X)
    rows = hasattr(X, "__iter__") and not isinstance(X, str) and not hasattr(X, "toarray")  # of a sparse matrix
    if rows and any(_has_words(row) for row in X):
        return _words(list(X))
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
    rows: list[Any] = list(rows_of(y))
    if len(rows) == len(sequences):  # the labels of words may be words too
        rows = [
            row.split() if one.words and isinstance(row, str) else row for one, row in zip(sequences, rows, strict=True)
        ]
    if len(rows) != len(sequences):
        raise DataError(f"y: expected the labels of {len(sequences)} sequences, got those of {len(rows)}")
    wrong = [
        number
        for number, row in enumerate(rows)
        if not hasattr(row, "__len__") or (not isinstance(row, list) and np.ndim(row) > 1)
    ]
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
            + _hint(sequences[first], lengths[first])
        )
    text = all(isinstance(row, str) for row in rows)
    flat = np.array(list("".join(rows))) if text else [label for row in rows for label in list(row)]
    classes, numbers = np.unique(read_flat_labels(flat, sum(lengths), nested=True), return_inverse=True)
    return Labels(classes, np.split(numbers, np.cumsum(lengths)[:-1]), text)


def numbers_of(classes: NDArray[Any], labels: Labels) -> list[NDArray[np.int64]]:
    """Return labels as places among the classes of a fit.

    Raises:
        DataError: labels that the fit has not seen.
    """
    places = as_numbers(classes, labels.classes.tolist())
    return [places[numbers] for numbers in labels.numbers]


@dataclass(frozen=True)
class Preparation:
    """From sequences to what the network reads.

    Attributes:
        alphabet: the characters known, sorted; "" if the sequences have none.
        scaling: of the values; None if the sequences have none.
        words: what is known of words; None if the sequences have none.
    """

    alphabet: str
    scaling: SequenceScaling | None
    words: WordFeatures | None = None

    @classmethod
    def of(cls, sequences: Sequence[Steps]) -> Preparation:
        """Learn it from sequences of one kind."""
        strings = canonical_texts([one.characters for one in sequences if one.characters is not None], "X")
        values = [one.values for one in sequences if one.values is not None]
        words = [one.words for one in sequences if one.words is not None]
        return cls(
            "".join(sorted(set().union(*strings))),
            SequenceScaling.of(values) if values else None,
            WordFeatures.of(words) if words else None,
        )

    @property
    def channels(self) -> int:
        """C, the channels of characters and values that the network reads at a step."""
        return len(self.alphabet) + (0 if self.scaling is None else len(self.scaling.mean))

    def inherited(self, fresh: Preparation, *, rescale: bool) -> Preparation:
        """Return what a training that begins with the weights of this one's fit reads by.

        Args:
            fresh: learnt from the new sequences.
            rescale: take the scaling from there.
        """
        return replace(self, scaling=fresh.scaling) if rescale else self

    def encode(self, sequences: Sequence[Steps], unknown: str | None = None) -> list[Encoded]:
        """Check sequences against those of the fit and encode them.

        Args:
            sequences: of one kind.
            unknown: the rule for characters that the fit has not seen; see `gruvy.tasks.tagging.SequenceTagger`.

        Raises:
            DataError: they are of another kind, have other channels, or characters that are not known.
        """
        self._check(sequences)
        texts = canonical_texts([one.characters for one in sequences if one.characters is not None], "X")
        rule = Unknown(set(self.alphabet), unknown)
        rule.read_all(texts, "X")
        if self.words is not None:
            known = Unknown(set(self.words.characters), unknown, usual="replace")
            known.read_all(["".join(map(folded, one.words or ())) for one in sequences], "X")
        return [self._encoded(one, rule.chosen == "skip") for one in sequences]

    def _encoded(self, one: Steps, skip: bool) -> Encoded:
        characters = places = words = None
        values = np.zeros((len(one), 0), np.float32)
        if one.values is not None and self.scaling is not None:
            values = self.scaling.scale(one.values)
        if one.words is not None and self.words is not None:
            words = self.words.encode(one.words)
        if one.characters is not None and canonical(one.characters) == one.characters and self._knows(one.characters):
            codes = np.frombuffer(one.characters.encode("utf-32-le"), np.uint32)
            characters = np.searchsorted(self._codes, codes).astype(np.uint16)
        elif one.characters is not None:
            form = aligned(one.characters, self._known_form)
            characters = np.array(
                [self._numbers.get(character, len(self.alphabet)) for character in form.text], np.uint16
            )
            given = form.first.clip(max=len(characters) - 1)
            known = characters < len(self.alphabet)
            if skip and known.any() and not known.all():  # its label is that of the step before it
                given = np.maximum(np.cumsum(known) - 1, 0)[given]
                characters = characters[known]
            if not np.array_equal(given, np.arange(len(characters))):
                places = given
                values = values[np.searchsorted(given, np.arange(len(characters)))]
        return Encoded(characters, values, words, places)

    def _known_form(self, cluster: str) -> str:
        """A letter with its marks in the form of the fit; in older files that may be the decomposed one."""
        whole = canonical(cluster)
        apart = unicodedata.normalize("NFD", whole)
        return apart if not self._knows(whole) and self._knows(apart) else whole

    def _knows(self, text: str) -> bool:
        return self._numbers.keys() >= set(text)

    @cached_property
    def _codes(self) -> NDArray[np.uint32]:
        return np.array([ord(character) for character in self.alphabet], np.uint32)

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {character: number for number, character in enumerate(self.alphabet)}

    def _check(self, sequences: Sequence[Steps]) -> None:
        came, wanted = sequences[0], self._kind()
        if came.kind != wanted:
            raise DataError(f"X: expected {wanted}, as in the fit, got {came.kind}")
        if self.scaling is not None and came.values is not None and came.values.shape[1] != len(self.scaling.mean):
            raise DataError(f"X: expected {len(self.scaling.mean)} channels, as in the fit, got {came.values.shape[1]}")

    def _kind(self) -> str:
        words = None if self.words is None else self.words.names
        return Steps(self.alphabet or None, None if self.scaling is None else self.scaling.mean, words).kind


def class_counts(numbers: Sequence[NDArray[np.int64]], classes: int) -> NDArray[np.int64]:
    """How often each class occurs (K,)."""
    counts: NDArray[np.int64] = np.bincount(np.concatenate(numbers), minlength=classes)
    return counts


def _hint(one: Steps, labels: int) -> str:
    """What to do where a sentence has a label for each word."""
    words = len((one.characters or "").split())
    return "; to label words, give lists of words" if words == labels and one.words is None else ""


def _is_pair(row: Any) -> bool:
    return isinstance(row, tuple) and not all(isinstance(one, str) for one in row)


def _has_words(row: Any) -> bool:
    """Whether a row is a list or an array of strings."""
    return isinstance(row, (list, tuple, np.ndarray)) and any(isinstance(one, str) for one in row)


def _words(rows: Sequence[Any]) -> list[Steps]:
    for number, row in enumerate(rows):
        if isinstance(row, str) or not hasattr(row, "__len__"):
            raise DataError(f"X: expected lists of words, as others are, sequence {number} is {row!r}; give its words")
        if not len(row):
            raise DataError(f"X: sequence {number} has no words; leave it out")
        wrong = [place for place, word in enumerate(row) if not isinstance(word, str) or not visible(word)]
        if wrong:
            raise DataError(f"X: word {wrong[0]} of sequence {number} is {row[wrong[0]]!r}; expected a word, or a sign")
    return [Steps(None, None, tuple(map(str, row))) for row in rows]


def _pairs(rows: Sequence[Any]) -> list[Steps]:
    wrong = [number for number, row in enumerate(rows) if not isinstance(row, tuple) or len(row) != 2]
    if wrong:
        raise DataError(
            f"X: expected tuples of a string and an array, sequence {wrong[0]} is none; give every sequence both"
        )
    texts = read_steps([text for text, _ in rows])
    arrays = [one.values for one in read_steps([values for _, values in rows])]
    if texts[0].values is not None or arrays[0] is None:
        raise DataError("X: expected tuples of a string, or a list of words, and an array (T, C), in this order")
    problems = Problems("X")
    for number, (text, values) in enumerate(zip(texts, arrays, strict=True)):
        if len(text) != len(values):  # type: ignore[arg-type]
            steps = "characters" if text.words is None else "words"
            problems.add(f"sequence {number} has {len(text)} {steps} and {len(values)} rows of values")  # type: ignore[arg-type]
            break
    problems.raise_as(DataError)
    return [replace(text, values=values) for text, values in zip(texts, arrays, strict=True)]
