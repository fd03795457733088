"""How well frames were foreseen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


def frame_likelihoods(roll: NDArray[Any], logits: NDArray[Any]) -> NDArray[np.float64]:
    """Return the log-likelihood of each frame (T,), in nats, from its notes (T, D) and their logits (T, D)."""
    z = np.where(roll != 0, -1.0, 1.0) * logits
    found: NDArray[np.float64] = -np.logaddexp(0.0, z).sum(axis=1)
    return found


def score_row(name: str, rolls: Sequence[NDArray[Any]], logits: Sequence[NDArray[Any]]) -> dict[str, Any]:
    """One row of the table of scores.

    Args:
        name: of the model.
        rolls: N pieces (T, D).
        logits: of every note of every frame, given the frames before (T, D).

    Returns:
        name, nll (mean over all frames of their negative log-likelihood, in nats) and frame_accuracy, which is
        TP / (TP + FP + FN) over all frames, of the notes that are foreseen with more than one half (Bay et al. 2009).
    """
    likelihood = np.concatenate([frame_likelihoods(*one) for one in zip(rolls, logits, strict=True)])
    true, called = np.concatenate(list(rolls)) != 0, np.concatenate(list(logits)) > 0
    either = int((true | called).sum())
    return {
        "name": name,
        "nll": float(-likelihood.mean()),
        "frame_accuracy": int((true & called).sum()) / either if either else 1.0,
    }
