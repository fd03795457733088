"""What a fit leaves: the network, what stands before it, and the alphabet after it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from gruvy.data import pad
from gruvy.tasks.transcription.data import batches
from gruvy.tasks.transcription.features import Frames, LogMel
from gruvy.tasks.transcription.levels import Samples
from gruvy.tasks.transcription.network import TranscriberNetwork

# Recordings in a batch where nothing is learnt.
_BATCH = 32


class FrameScaling:
    """Mean and spread of each band over the training recordings: mean (M,) and std (M,), 0 where nothing varies."""

    def __init__(self, mean: NDArray[np.float32], std: NDArray[np.float32]):
        self.mean = mean
        self.std = std

    @classmethod
    def of(cls, recordings: Sequence[Frames]) -> FrameScaling:
        """Take them from all frames of these recordings."""
        frames = np.concatenate(recordings).astype(np.float64)
        return cls(frames.mean(axis=0).astype(np.float32), frames.std(axis=0).astype(np.float32))

    def scale(self, frames: Frames) -> Frames:
        """(T, M) in units of the spread; 0 in a band that never varied, of which nothing was learnt."""
        varies = self.std > 0
        spread = np.where(varies, self.std, np.inf).astype(np.float32)
        scaled: Frames = (frames - self.mean) / spread
        return scaled


@dataclass(frozen=True)
class TranscriberModel:
    """A fitted transcriber without its estimator.

    Attributes:
        network: in evaluation mode.
        features: from samples to frames.
        scaling: of the frames.
        alphabet: the characters in the order of their classes, after the blank.
    """

    network: TranscriberNetwork
    features: LogMel
    scaling: FrameScaling
    alphabet: str

    def log_probabilities(self, recordings: Sequence[Samples]) -> list[NDArray[np.float32]]:
        """(J, characters + 1) of each recording, the blank first."""
        frames = [self.frames(samples) for samples in recordings]
        found: dict[int, NDArray[np.float32]] = {}
        for rows in batches([len(one) for one in frames], _BATCH):
            batch = pad([frames[row] for row in rows])
            with torch.inference_mode():
                log_p, steps = self.network(batch.inputs, batch.lengths)
            for column, row in enumerate(rows.tolist()):
                found[row] = log_p[: int(steps[column]), column].numpy()
        return [found[row] for row in range(len(frames))]

    def frames(self, samples: Samples) -> Frames:
        """What the network reads of a recording, (T, M)."""
        return self.scaling.scale(self.features.frames(samples))

    def encode(self, text: str) -> NDArray[Any]:
        """The classes of a text's characters; 0, the blank, of those that are not in the alphabet."""
        return np.array([self.alphabet.find(character) + 1 for character in text], dtype=np.int64)
