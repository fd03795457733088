"""How good a classifier is."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import f1_score

from gruvy.tasks.labels.calibration import calibration_error


def score_row(name: str, truth: NDArray[np.int64], probabilities: NDArray[Any]) -> dict[str, Any]:
    """One row of the table of scores.

    Args:
        name: of the model.
        truth: (N,) numbers of the classes.
        probabilities: (N, K) of the classes.

    Returns:
        name, accuracy, balanced_accuracy (the mean over the classes of the share found), macro_f1, log_loss (mean
        negative logarithm of the true class' probability, in nats) and calibration_error (see
        `gruvy.tasks.labels.calibration.calibration_error`).
    """
    predicted = probabilities.argmax(axis=1)
    right = predicted == truth
    found = [float(right[truth == label].mean()) for label in np.unique(truth)]
    sure = np.clip(probabilities[np.arange(len(truth)), truth], np.finfo(np.float32).tiny, 1)
    return {
        "name": name,
        "accuracy": float(right.mean()),
        "balanced_accuracy": float(np.mean(found)),
        "macro_f1": float(f1_score(truth, predicted, average="macro", zero_division=0)),
        "log_loss": float(-np.log(sure).mean()),
        "calibration_error": calibration_error(probabilities, truth),
    }


def majority_row(truth: NDArray[np.int64], counts: NDArray[Any]) -> dict[str, Any]:
    """The row of a model that always says how frequent each class was in the fit: ``counts`` (K,)."""
    return score_row("majority class", truth, np.tile(counts / counts.sum(), (len(truth), 1)))
