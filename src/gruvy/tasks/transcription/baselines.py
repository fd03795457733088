"""What a transcriber has to beat."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gruvy.tasks.transcription.audio import audio_library
from gruvy.tasks.transcription.data import stretched
from gruvy.tasks.transcription.features import Frames, LogMel
from gruvy.tasks.transcription.levels import Samples
from gruvy.tasks.transcription.model import FrameScaling

# Frames of 10 ms that are averaged into one, which makes the comparison 36 times cheaper.
_AVERAGED = 6
# So many known recordings are compared by dynamic time warping: the nearest when all are brought to so many frames.
_CANDIDATES = 30
_LENGTH = 20


class NearestRecording:
    """Says what the most similar known recording says, as machines heard words before networks did.

    Similar is what is near by dynamic time warping of log-mel frames (Sakoe and Chiba 1978). It can only repeat what it
    knows.

    Args:
        sample_rate: of all recordings, in Hz.
        n_mels: bands.

    Attributes:
        name: what reports call it.
    """

    name = "nearest recording (DTW)"

    def __init__(self, sample_rate: int, n_mels: int = 40):
        self._features = LogMel(sample_rate, n_mels)

    def fit(self, recordings: Sequence[Samples], texts: Sequence[str]) -> NearestRecording:
        """Keep recordings and their texts."""
        frames = [self._features.frames(samples) for samples in recordings]
        self._scaling = FrameScaling.of(frames)
        self._known = [self._averaged(one) for one in frames]
        self._shapes = np.stack([_shape(one) for one in self._known])
        self._texts = list(texts)
        return self

    def predict(self, recordings: Sequence[Samples]) -> list[str]:
        """The text of the most similar known recording of each."""
        return [self._nearest(self._averaged(self._features.frames(samples))) for samples in recordings]

    def _nearest(self, frames: Frames) -> str:
        distances = ((self._shapes - _shape(frames)) ** 2).sum(axis=1)
        candidates = np.argsort(distances, kind="stable")[:_CANDIDATES]
        return self._texts[min(candidates, key=lambda number: _warped(frames, self._known[number]))]

    def _averaged(self, frames: Frames) -> Frames:
        scaled = self._scaling.scale(frames)
        return np.stack([scaled[first : first + _AVERAGED].mean(axis=0) for first in range(0, len(scaled), _AVERAGED)])


def _shape(frames: Frames) -> NDArray[np.float32]:
    """Frames brought to one length, and the logarithm of the length, which counts as much as all bands together."""
    spread = stretched(frames, _LENGTH).ravel() / np.sqrt(_LENGTH)
    return np.append(spread, np.sqrt(frames.shape[1]) * np.log(len(frames))).astype(np.float32)


def _warped(a: Frames, b: Frames) -> float:
    """Mean distance of frames along the best path."""
    cost, path = audio_library("librosa").sequence.dtw(a.T, b.T)
    return float(cost[-1, -1] / len(path))
