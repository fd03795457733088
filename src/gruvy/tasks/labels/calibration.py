"""Probabilities that mean what they say."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

_BINS = 10
# exp(3) = 20: beyond that a temperature has nothing left to change.
_WIDEST = 3.0


def fit_temperature(logits: NDArray[Any], labels: NDArray[Any], weights: NDArray[Any]) -> float:
    """The temperature by which logits are divided so that their softmax fits the labels best (Guo et al. 2017).

    The labels are smoothed as by one more observation, shared by all classes (after Platt 1999, who adds one of each).
    Without that, a small part in which all goes well would ask for certainty.

    Args:
        logits: (N, K), of sequences that the network was not trained on.
        labels: (N,) from 0 to K - 1.
        weights: (N,) of the sequences.

    Returns:
        The temperature; 1 leaves the probabilities as they are, above 1 they become less certain.

    Example:
        >>> logits = np.array([[8.0, 0.0]] * 10)
        >>> fit_temperature(logits, np.array([0] * 7 + [1] * 3), np.ones(10)) > 5  # so sure, and wrong 3 times in 10
        True
    """
    N, K = logits.shape
    truth = (N * np.eye(K)[labels] + 1 / K) / (N + 1)
    share = (weights / weights.sum())[:, None]

    def loss(log_temperature: float) -> float:
        return float(-(share * truth * log_softmax(logits / np.exp(log_temperature), axis=1)).sum())

    return float(np.exp(minimize_scalar(loss, bounds=(-_WIDEST, _WIDEST), method="bounded").x))


def reliability(probabilities: NDArray[Any], labels: NDArray[Any]) -> list[dict[str, float]]:
    """How often the predicted class was right, by how sure the model was.

    Args:
        probabilities: (N, K).
        labels: (N,) from 0 to K - 1.

    Returns:
        A row for each tenth of the confidences that has sequences: their mean confidence, accuracy, and count.
    """
    sure, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    places = np.minimum((sure * _BINS).astype(int), _BINS - 1)
    return [
        {"confidence": float(sure[here].mean()), "accuracy": float(right[here].mean()), "count": int(here.sum())}
        for here in (places == place for place in range(_BINS))
        if here.any()
    ]


def calibration_error(probabilities: NDArray[Any], labels: NDArray[Any]) -> float:
    """The expected calibration error: the gaps between confidence and accuracy of `reliability`, averaged by count."""
    rows = reliability(probabilities, labels)
    gaps = sum(row["count"] * abs(row["confidence"] - row["accuracy"]) for row in rows)
    return float(gaps / len(labels))
