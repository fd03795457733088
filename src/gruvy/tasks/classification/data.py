"""What a SequenceClassifier is given, checked and brought to one form; and which of it is held out."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from numbers import Integral, Real
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.exceptions import DataConversionWarning

from gruvy.data import na_as_nan
from gruvy.errors import ArgumentError, DataError, note
from gruvy.timeseries import FARTHEST, Problems, moments, standardised

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


def read_labels(y: Any, sequences: int) -> NDArray[Any]:
    """Return one label a sequence.

    Raises:
        DataError: labels are missing, are measurements, or do not fit the sequences.
    """
    if y is None:
        raise DataError("y: fit requires y to be passed, but the target y is None; give a label for each sequence")
    # A list becomes objects first: NumPy would turn the number in ["a", 1] into a text.
    labels = np.asarray(y, dtype=object) if isinstance(y, (list, tuple)) else np.asarray(y)
    if labels.ndim == 2 and labels.shape[1] == 1:
        message = "A column-vector y was passed when a 1d array was expected; use y.ravel()"
        warnings.warn(message, DataConversionWarning, stacklevel=3)
        labels = labels[:, 0]
    if labels.ndim == 2 and isinstance(y, (list, tuple)) and isinstance(y[0], tuple):
        _check_kind(np.fromiter(y, dtype=object, count=len(y)))
    if labels.ndim != 1:
        raise DataError(f"y: expected one label for each sequence, got an array of shape {labels.shape}")
    if len(labels) != sequences:
        raise DataError(f"y: expected {sequences} labels, as many as there are sequences, got {len(labels)}")
    missing = np.flatnonzero(pd.isna(labels))
    if len(missing):
        raise DataError(
            f"y: {len(missing)} labels are missing (NaN), the first is label {missing[0]}; leave those sequences out"
        )
    if labels.dtype == object:
        labels = _named_members(labels)
        kinds = {"number" if isinstance(label, Real) else type(label).__name__ for label in labels}
        if len(kinds) > 1:
            raise DataError(
                f"y: expected labels of one type, got {' and '.join(sorted(kinds))}; convert them, e.g. to str"
            )
        _check_kind(labels)
        labels = np.array(labels.tolist())
    _check_kind(labels)
    # Of the widths that a file gives back, so that a loaded model has the same classes to the type.
    if labels.dtype.kind in "iu" and np.can_cast(labels.dtype, np.int64):
        labels = labels.astype(np.int64)
    if labels.dtype.kind == "f":
        labels = labels.astype(np.float64)
        if np.isinf(labels).any():
            raise DataError("y: Input y contains infinity; expected classes")
        between = labels[labels % 1 != 0]
        if len(between):
            raise DataError(
                f"y: Unknown label type: expected classes, got {len(between)} numbers that are not whole, such as "
                f"{between[0]:g}; make them classes, or forecast them"
            )
    return labels


def _named_members(labels: NDArray[Any]) -> NDArray[Any]:
    """Labels that are members of an enumeration by their names, unless they are numbers or texts themselves."""
    if not all(isinstance(label, Enum) and not isinstance(label, (str, Real)) for label in labels):
        return labels
    note(f"y: the labels are members of {type(labels[0]).__name__}; the classes are their names ({labels[0].name!r})")
    return np.array([label.name for label in labels], dtype=object)


def _check_kind(labels: NDArray[Any]) -> None:
    """Refuse, before anything is learnt, labels that a file could not give back as they are.

    Raises:
        DataError: they are neither texts nor numbers nor booleans, or texts that are no Unicode.
    """
    first = labels[0]
    whole = isinstance(first, (Integral, float, np.bool_, np.floating))
    if labels.dtype.kind not in "biufOUT" or (labels.dtype == object and not isinstance(first, str) and not whole):
        cure = "[label.decode() for label in y]" if isinstance(first, bytes) else "[str(label) for label in y]"
        raise DataError(
            f"y: expected labels that are texts, whole numbers or booleans, got {type(first).__name__} ({first!r}), "
            f"which a model's file could not give back; convert them, e.g. {cure}"
        )
    for number, label in enumerate(labels if isinstance(first, str) else []):
        if not label.isascii() and any("\ud800" <= sign <= "\udfff" for sign in label):
            raise DataError(
                f"y: label {number} ({label!r}) holds half a character (a lone surrogate), which no file can hold; "
                "decode the labels again, e.g. with errors='replace'"
            )


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


def held_out(labels: NDArray[np.int64], fraction: float, seed: int) -> NDArray[np.bool_]:
    """Choose sequences to hold out (N,), of every class about the same share.

    A class of two sequences or more has at least one in each part.
    """
    random = np.random.default_rng(seed)
    chosen = np.zeros(len(labels), bool)
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        count = min(max(1, round(fraction * len(rows))), len(rows) - 1)
        chosen[random.permutation(rows)[:count]] = True
    return chosen


def class_weights(
    weight: str | Mapping[Any, float] | None, classes: NDArray[Any], counts: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return what each class weighs (K,): as given, 1 by default; "balanced" makes all classes count alike.

    Raises:
        ArgumentError: a class that is not there, or a weight that is no number above 0.
    """
    if weight is None:
        return np.ones(len(classes))
    if isinstance(weight, str):
        # A class that only the model knows which a fit begins from has no sequence that could be weighed.
        balanced: NDArray[np.float64] = counts.sum() / ((counts > 0).sum() * np.maximum(counts, 1))
        return balanced
    known = classes.tolist()
    unknown = [label for label in weight if label not in known]
    if unknown:
        raise ArgumentError(f"class_weight: {unknown} are no classes of y; there are {known}")
    return np.array([float(weight.get(label, 1.0)) for label in known])


class Scaling:
    """What numeric sequences are scaled by: the mean and the spread of each channel over the training sequences.

    A value that was not measured (NaN) becomes the channel's mean, and where the sequences of a fit have such gaps the
    network is told of them by one more number for each channel: 1 where the value is missing, 0 elsewhere.

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
    def of(cls, training: Sequence[NDArray[np.float64]], gaps: bool = False) -> Scaling:
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
