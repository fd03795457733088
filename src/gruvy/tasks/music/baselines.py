"""What a network has to beat: notes on their own, and the last frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import logit
from sklearn.linear_model import LogisticRegression

from gruvy.tasks.music.data import Rolls
from gruvy.tasks.music.scores import score_row

# Counted before any frame is seen, half on and half off, so that no note is impossible (Jeffreys' prior).
_PRIOR = 0.5
# Inverse strengths of the penalty that are tried.
_STRENGTHS = (0.1, 0.3, 1.0)


@dataclass(frozen=True)
class NoteFrequencies:
    """Each note is as likely as it was frequent, whatever came before.

    Attributes:
        logits: (D,).
    """

    logits: NDArray[np.float64]

    @classmethod
    def of(cls, rolls: Sequence[NDArray[Any]]) -> NoteFrequencies:
        """Count the frames of these pieces."""
        return cls(_log_odds(np.concatenate(list(rolls))))

    def predict(self, roll: NDArray[Any]) -> NDArray[np.float64]:
        """(T, D) logits."""
        return np.tile(self.logits, (len(roll), 1))


@dataclass(frozen=True)
class NoteMarkov:
    """Each note is as likely as it was after the same note was on, or off, in the frame before: a smoothed repeat.

    Attributes:
        first: (D,) logits of the first frame.
        after: (2, D) logits after off, and after on.
    """

    first: NDArray[np.float64]
    after: NDArray[np.float64]

    @classmethod
    def of(cls, rolls: Sequence[NDArray[Any]]) -> NoteMarkov:
        """Count the pairs of frames of these pieces."""
        before = np.concatenate([roll[:-1] for roll in rolls])
        now = np.concatenate([roll[1:] for roll in rolls])
        on, off = before, 1 - before
        after = [_log_odds(now, weight) for weight in (off, on)]
        return cls(_log_odds(np.stack([roll[0] for roll in rolls])), np.stack(after))

    def predict(self, roll: NDArray[Any]) -> NDArray[np.float64]:
        """(T, D) logits."""
        return np.vstack([self.first, np.where(roll[:-1] != 0, self.after[1], self.after[0])])


class FrameRegression:
    """A logistic regression of every note on all notes of the frames before it.

    Args:
        frames: how many frames it looks back.

    Attributes:
        strength: inverse strength of the penalty, as C of scikit-learn's LogisticRegression.
    """

    def __init__(self, frames: int = 2):
        self.frames = frames

    @property
    def name(self) -> str:
        """What reports call it."""
        return f"logistic regression of {self.frames} frames"

    def fit(self, rolls: Rolls, validation: Rolls) -> FrameRegression:
        """Learn from pieces (T, D), with the penalty that suits the pieces to validate with best."""
        X, y = np.concatenate([self._features(roll) for roll in rolls]), np.concatenate(rolls)
        found = []
        for self.strength in _STRENGTHS:
            self._weights, self._bias = _regressions(X, y, self.strength)
            nll = score_row("", validation, [self.predict(roll) for roll in validation])["nll"]
            found.append((nll, self.strength, self._weights, self._bias))
        _, self.strength, self._weights, self._bias = min(found, key=lambda one: one[0])
        return self

    def predict(self, roll: NDArray[Any]) -> NDArray[np.float64]:
        """(T, D) logits."""
        found: NDArray[np.float64] = self._features(roll) @ self._weights.T + self._bias
        return found

    def _features(self, roll: NDArray[Any]) -> NDArray[Any]:
        """(T, frames * D); 0 before the first frame."""
        padded = np.vstack([np.zeros((self.frames, roll.shape[1]), roll.dtype), roll])
        return np.hstack([padded[self.frames - back : len(padded) - back] for back in range(1, self.frames + 1)])


def _regressions(X: NDArray[Any], y: NDArray[Any], strength: float) -> tuple[NDArray[Any], NDArray[Any]]:
    """Weights (D, features) and biases (D,); a note that never changes keeps its frequency."""
    weights, bias = np.zeros((y.shape[1], X.shape[1])), _log_odds(y)
    for note in np.flatnonzero(y.any(axis=0) & ~y.all(axis=0)):
        model = LogisticRegression(C=strength, max_iter=1000).fit(X, y[:, note])
        weights[note], bias[note] = model.coef_[0], model.intercept_[0]
    return weights, bias


def _log_odds(frames: NDArray[Any], weight: NDArray[Any] | None = None) -> NDArray[np.float64]:
    """Of each note over these frames (T, D), smoothed; with weights (T, D), over those that have them."""
    weight = np.ones_like(frames) if weight is None else weight
    share = ((frames * weight).sum(axis=0, dtype=np.float64) + _PRIOR) / (
        weight.sum(axis=0, dtype=np.float64) + 2 * _PRIOR
    )
    found: NDArray[np.float64] = logit(share)
    return found
