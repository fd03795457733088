"""Cross-validation: every sequence is classified by a model that has not seen its fold."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import gmean
from sklearn.base import clone

from gruvy.tasks.classification.classifier import SequenceClassifier
from gruvy.tasks.classification.model import Attention
from gruvy.tasks.labels.reading import read_labels
from gruvy.tasks.shared.sequences import read_sequences
from gruvy.training import Progress


@dataclass(frozen=True)
class OutOfFold:
    """What the classifiers of all folds said of the sequences that they had not seen.

    Attributes:
        folds: how many.
        probabilities: (N, K), in the order of the sequences and of the sorted labels.
        attention: N.
        temperature: the geometric mean of the classifiers'.
    """

    folds: int
    probabilities: NDArray[np.float64]
    attention: list[Attention]
    temperature: float


def cross_validate(
    model: SequenceClassifier,
    X: Any,
    y: Any,
    folds: NDArray[np.int64],
    training: Callable[[str], AbstractContextManager[Callable[[Progress], None]]],
    *,
    max_minutes: float | None = None,
) -> OutOfFold:
    """Fit a copy of a classifier for each fold on all the others.

    Args:
        model: its parameters are used; it is not fitted.
        X, y: N sequences and their labels; every class has to be in two folds or more.
        folds: (N,) the fold of each.
        training: called with each fold's name; the context it returns gives what ``fit(progress=...)`` is to call.
        max_minutes: of all fits together; each gets an equal share of what is left.

    Raises:
        KeyboardInterrupt: Ctrl-C: figures of some of the folds would be of nothing.
        DataError: sequences or labels that cannot be used.
    """
    sequences = read_sequences(X)
    labels = read_labels(y, len(sequences))
    probabilities = np.zeros((len(labels), len(np.unique(labels))))
    attention: dict[int, Attention] = {}
    temperatures = []
    names = np.unique(folds)
    end = None if max_minutes is None else time.perf_counter() + 60 * max_minutes
    for number, fold in enumerate(names, start=1):
        learnt, tested = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        own: SequenceClassifier = clone(model)
        with training(f"fold {number} of {len(names)}") as progress:
            share = None if end is None else max(end - time.perf_counter(), 0.1) / 60 / (len(names) - number + 1)
            own.fit([sequences[row] for row in learnt], labels[learnt], progress=progress, max_minutes=share)
        if own.provenance_.get("stopped") == "Ctrl-C":
            raise KeyboardInterrupt(f"stopped in fold {number} of {len(names)}: there are no figures")
        left_out = [sequences[row] for row in tested]
        probabilities[tested] = own.predict_proba(left_out)
        attention.update(zip(tested.tolist(), own.attention(left_out), strict=True))
        temperatures.append(own.temperature_)
    return OutOfFold(
        len(names), probabilities, [attention[row] for row in range(len(labels))], float(gmean(temperatures))
    )
