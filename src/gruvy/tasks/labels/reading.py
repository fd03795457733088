"""Labels as they are given: read, numbered, weighed."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from enum import Enum
from numbers import Integral, Real
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.exceptions import DataConversionWarning

from gruvy.errors import ArgumentError, DataError, note
from gruvy.timeseries import places_of


def read_labels(y: Any, sequences: int, *, nested: bool = False) -> NDArray[Any]:
    """Return one label a sequence.

    Args:
        y: the labels.
        sequences: how many there have to be.
        nested: whether the user gave them as a list for each sequence, which is what a proposal has to convert.

    Raises:
        DataError: labels are missing, are measurements, or do not fit the sequences.
    """
    if y is None:
        raise DataError("y: fit requires y to be passed, but the target y is None; give a label for each sequence")
    if nested and isinstance(y, list):  # one by one: NumPy would take tuples apart
        labels = np.fromiter(y, dtype=object, count=len(y))
    else:  # a list becomes objects first: NumPy would turn the number in ["a", 1] into a text
        labels = np.asarray(y, dtype=object) if isinstance(y, (list, tuple)) else np.asarray(y)
    if labels.ndim == 2 and labels.shape[1] == 1:
        message = "A column-vector y was passed when a 1d array was expected; use y.ravel()"
        warnings.warn(message, DataConversionWarning, stacklevel=3)
        labels = labels[:, 0]
    if labels.ndim == 2 and isinstance(y, (list, tuple)) and isinstance(y[0], tuple):
        _check_kind(np.fromiter(y, dtype=object, count=len(y)), nested)
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
        _check_kind(labels, nested)
        labels = np.array(labels.tolist())
    _check_kind(labels, nested)
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


def _check_kind(labels: NDArray[Any], nested: bool) -> None:
    """Refuse, before anything is learnt, labels that a file could not give back as they are.

    Raises:
        DataError: they are neither texts nor numbers nor booleans, or texts that are no Unicode.
    """
    first = labels[0]
    whole = isinstance(first, (Integral, float, np.bool_, np.floating))
    if labels.dtype.kind not in "biufOUT" or (labels.dtype == object and not isinstance(first, str) and not whole):
        plain = "label.decode()" if isinstance(first, bytes) else "str(label)"
        cure = f"[[{plain} for label in row] for row in y]" if nested else f"[{plain} for label in y]"
        raise DataError(
            f"y: expected labels that are texts, integers or booleans, got {type(first).__name__} ({first!r}), "
            f"which a model's file could not give back; convert them, e.g. {cure}"
        )
    for number, label in enumerate(labels if isinstance(first, str) else []):
        if not label.isascii() and any("\ud800" <= sign <= "\udfff" for sign in label):
            raise DataError(
                f"y: label {number} ({label!r}) holds half a character (a lone surrogate), which no file can hold; "
                "decode the labels again, e.g. with errors='replace'"
            )


def as_numbers(classes: NDArray[Any], labels: Sequence[Any]) -> NDArray[np.int64]:
    """Return labels as places among the classes of a fit.

    Raises:
        DataError: labels that the fit has not seen.
    """
    known = {label: number for number, label in enumerate(classes.tolist())}
    unknown = sorted({repr(label) for label in labels if label not in known})
    if unknown:
        raise DataError(
            f"y: {', '.join(unknown[:5])}: no classes of the fit; there are {classes.tolist()}; leave these rows out, "
            "or fit a new model with them"
        )
    return np.array([known[label] for label in labels])


def as_classes(labels: NDArray[Any], classes: NDArray[Any]) -> NDArray[Any]:
    """Return labels of a table, which are text, as the classes of a model that may have learnt them as numbers."""
    if classes.dtype.kind in "US":
        return labels
    known = classes.tolist()
    found = places_of(labels, known)
    return np.array(
        [label if place is None else known[place] for label, place in zip(labels, found, strict=True)], object
    )


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
