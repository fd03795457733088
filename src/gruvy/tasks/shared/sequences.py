"""Sequences as they are given, texts or numbers, checked and brought to one form; and how numbers are scaled."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gruvy.data import SequenceBatch, Vocabulary, na_as_nan, pad
from gruvy.errors import DataError
from gruvy.text import canonical_texts
from gruvy.timeseries import FARTHEST, Problems, moments, standardised

# Sequences in a batch where nothing is learnt, and steps, by which the memory grows.
_BATCH = 256
_STEPS = 1 << 17

Texts = list[str]
Series = list[NDArray[np.float64]]


def read_sequences(X: Any) -> Texts | Series:
    """Return texts as a list of str, or numeric sequences as arrays (T, C).

    Args:
        X: a list or Series of texts; a list of arrays (T, C), or (T,) of one channel; an array (N, T, C) or (N, T).
            NaN is a value that was not measured.

    Raises:
        DataError: nothing, something else, or sequences that are empty, have no value or infinite ones, or differ in
            channels; all at once.
    """
    if isinstance(X, str):
        raise DataError("X: expected a list of texts, got one text; put it into a list")
    if hasattr(X, "toarray"):
        raise DataError("X: expected an array or a list of sequences, got a sparse matrix; use X.toarray()")
    if hasattr(X, "__array__"):
        X = np.asarray(X)
    if not isinstance(X, (Sequence, np.ndarray)) or (isinstance(X, np.ndarray) and not X.ndim):
        raise DataError(f"X: expected a list or an array of sequences, got {type(X).__name__}")
    rows = list(X)
    if not rows:
        raise DataError("X: expected at least one sequence, got none")
    problems = Problems("X")
    found = _texts(rows, problems) if any(isinstance(row, str) for row in rows) else _series(rows, problems)
    problems.raise_as(DataError)
    return found


def read_weights(weights: Any, sequences: int) -> NDArray[np.float64]:
    """Return what each sequence weighs (N,); 1 without weights.

    Raises:
        DataError: they are no numbers from 0 on, are all 0, or do not fit the sequences.
    """
    if weights is None:
        return np.ones(sequences)
    try:
        found = np.asarray(weights, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(
            f"sample_weight: expected {sequences} numbers ({error}); leave it out to count all alike"
        ) from error
    if found.shape != (sequences,):
        raise DataError(
            f"sample_weight: expected {sequences} numbers, as many as there are sequences, got shape {found.shape}"
        )
    if not np.isfinite(found).all() or found.min() < 0:
        raise DataError("sample_weight: expected finite numbers from 0 on; mend the others")
    if not found.any():
        raise DataError("sample_weight: every weight is zero; expected some above 0")
    return found


class SequenceScaling:
    """What numeric sequences are scaled by: the mean and the spread of each channel over the training sequences.

    A value that was not measured (NaN) becomes the channel's mean, and where the sequences of a fit have such gaps the
    network gets one more number for each channel: 1 where the value is missing, 0 elsewhere.

    Attributes:
        mean: (C,).
        std: (C,), 0 where nothing varies: such a channel has nothing to tell, and is read as 0 whatever comes later.
        gaps: whether the sequences of the fit had gaps.
    """

    def __init__(self, mean: NDArray[np.float64], std: NDArray[np.float64], gaps: bool = False):
        self.mean = mean
        self.std = std
        self.gaps = gaps

    @classmethod
    def of(cls, training: Sequence[NDArray[np.float64]], gaps: bool = False) -> SequenceScaling:
        """Take mean and spread from all steps of these sequences.

        Raises:
            DataError: a channel has no value in any of them.
        """
        steps = np.concatenate(training)
        empty = np.flatnonzero(np.isnan(steps).all(axis=0))
        if len(empty):
            raise DataError(
                f"X: channel {empty[0]} has no value in any sequence that is learnt from ({len(empty)} such channels); "
                "leave it out"
            )
        return cls(*moments(steps), gaps)

    @property
    def width(self) -> int:
        """Numbers that the network reads at a step."""
        return len(self.mean) * (2 if self.gaps else 1)

    def scale(self, sequence: NDArray[np.float64]) -> NDArray[np.float32]:
        """(T, width): the values in units of the spread, and which of them are missing."""
        missing = np.isnan(sequence)
        scaled = np.where(missing, 0.0, standardised(sequence, self.mean, self.std)).clip(-FARTHEST, FARTHEST)
        return np.hstack([scaled, missing] if self.gaps else [scaled]).astype(np.float32)


def has_gaps(sequences: Sequence[NDArray[np.float64]]) -> NDArray[np.bool_]:
    """Whether each sequence (N,) has values that were not measured."""
    return np.array([np.isnan(sequence).any() for sequence in sequences])


SequencePreparation = Vocabulary | SequenceScaling


def learn_preparation(
    sequences: list[Any], training: NDArray[np.bool_], tokens: str, vocabulary_size: int
) -> SequencePreparation:
    """Learn the vocabulary of texts, or the scaling of numeric sequences.

    Args:
        sequences: N.
        training: (N,) those that it is learnt from.
        tokens: what texts are cut into; see `gruvy.data.Vocabulary`.
        vocabulary_size: the most tokens.
    """
    chosen = [sequences[row] for row in np.flatnonzero(training)]
    if isinstance(chosen[0], str):
        return Vocabulary.of(chosen, tokens, vocabulary_size)
    return SequenceScaling.of(chosen, bool(has_gaps(sequences).any()))


def admit(X: Any, preparation: SequencePreparation, unknown: str | None = None) -> Texts | Series:
    """Check sequences against those of a fit.

    Args:
        X: N sequences.
        preparation: what the fit has learnt.
        unknown: the rule for characters of texts that the fit has not seen.

    Raises:
        DataError: they cannot be used, or are of another kind.
    """
    sequences = read_sequences(X)
    came, wanted = isinstance(sequences[0], str), isinstance(preparation, Vocabulary)
    if came != wanted:
        names = {True: "texts", False: "numeric sequences"}
        raise DataError(f"X: expected {names[wanted]}, as in the fit, got {names[came]}")
    if isinstance(preparation, Vocabulary):
        return preparation.admit(canonical_texts(sequences, "X"), unknown, "X")  # type: ignore[arg-type]
    channels = sequences[0].shape[1]  # type: ignore[union-attr]
    if channels != len(preparation.mean):
        raise DataError(f"X: expected {len(preparation.mean)} channels, as in the fit, got {channels}")
    having = np.flatnonzero(has_gaps(sequences))  # type: ignore[arg-type]
    if len(having) and not preparation.gaps:
        raise DataError(
            f"X: {len(having)} of {len(sequences)} sequences have NaN, the first is number {having[0]}; those of "
            "the fit had none, so fill the gaps in, or fit with sequences that have some"
        )
    return sequences


def preparation_state(preparation: SequencePreparation) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """What a file has of a preparation: arrays and plain JSON."""
    if isinstance(preparation, Vocabulary):
        return {}, {"vocabulary": preparation.document()}
    return (
        {"scaling/mean": preparation.mean, "scaling/std": preparation.std},
        {"vocabulary": None, "gaps": preparation.gaps},
    )


def restored_preparation(arrays: Mapping[str, NDArray[Any]], document: Mapping[str, Any]) -> SequencePreparation:
    """Put a preparation together from what `preparation_state` gave."""
    if document["vocabulary"] is not None:
        return Vocabulary.of_document(document["vocabulary"])
    return SequenceScaling(arrays["scaling/mean"], arrays["scaling/std"], document["gaps"])


def encode(sequences: Texts | Series, preparation: SequencePreparation) -> list[NDArray[Any]]:
    """Return what the network reads of each sequence: (T,) int64 tokens or (T, C) float32 values."""
    if isinstance(preparation, Vocabulary):
        return [preparation.encode(text) for text in sequences]  # type: ignore[arg-type]
    return [preparation.scale(sequence) for sequence in sequences]  # type: ignore[arg-type]


def batches(encoded: Sequence[NDArray[Any]]) -> Iterator[tuple[NDArray[np.int64], SequenceBatch]]:
    """Rows and their batch, sequences of like length together, where nothing is learnt."""
    order = np.argsort([-len(sequence) for sequence in encoded], kind="stable")
    first = 0
    while first < len(order):
        count = max(1, min(_BATCH, _STEPS // len(encoded[order[first]])))
        rows = order[first : first + count]
        yield rows, pad([encoded[row] for row in rows])
        first += count


def _texts(rows: Sequence[Any], problems: Problems) -> Texts:
    wrong = [number for number, row in enumerate(rows) if not isinstance(row, str)]
    if wrong:
        first = rows[wrong[0]]
        problems.add(
            f"{len(wrong)} of {len(rows)} texts are missing or no text, the first is number {wrong[0]}: {first!r}; "
            "fill them in, or leave them out with their labels"
        )
    return list(rows)


def _series(rows: Sequence[Any], problems: Problems) -> Series:
    arrays: Series = []
    for number, row in enumerate(rows):
        try:
            if np.iscomplexobj(row):
                raise TypeError("Complex data not supported")
            array = np.asarray(na_as_nan(row), dtype=np.float64)
        except (TypeError, ValueError) as error:
            problems.add(f"sequence {number} is neither text nor numbers ({error}); expected an array (T, C) or (T,)")
            return []
        arrays.append(array[:, None] if array.ndim == 1 else array)

    def check(wrong: Callable[[NDArray[np.float64]], bool], what: str) -> None:
        found = [number for number, array in enumerate(arrays) if wrong(array)]
        if found:
            problems.add(f"{len(found)} of {len(arrays)} sequences {what}, the first is number {found[0]}")

    check(lambda array: array.ndim != 2, "are no arrays (T, C) or (T,); Reshape your data")
    if problems.found:
        return []
    check(lambda array: not array.size, "have 0 steps or 0 channels; leave them out")
    check(lambda array: bool(array.size and np.isnan(array).all()), "have NaN alone; leave them out")
    check(lambda array: bool(np.isinf(array).any()), "have infinity; make it finite")
    channels = arrays[0].shape[1]
    check(lambda array: array.shape[1] != channels, f"have other channels than the {channels} of sequence 0")
    return arrays
