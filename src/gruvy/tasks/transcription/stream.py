"""`Stream`: text as the sound arrives."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from gruvy.errors import DataError
from gruvy.tasks.transcription.audio import scaled
from gruvy.tasks.transcription.decoding import Greedy
from gruvy.tasks.transcription.features import Frames
from gruvy.tasks.transcription.levels import Samples
from gruvy.tasks.transcription.model import TranscriberModel


class Stream:
    """One recording as it arrives, in pieces of any size; the text is that of the greedy search on the whole of it.

    A character comes at most ``2 S + 1`` frames of 10 ms after its sound, with S the subsampling.

    Args:
        model: of one direction.

    Attributes:
        text: what has been heard so far.

    Example:
        >>> stream = model.stream()  # doctest: +SKIP
        >>> for piece in microphone:  # doctest: +SKIP
        ...     print(stream.push(piece), end="", flush=True)
        >>> print(stream.finish())  # doctest: +SKIP
    """

    def __init__(self, model: TranscriberModel):
        self._model = model
        network = model.network
        self._samples = np.zeros(0, np.float32)
        self._received = self._heard = 0  # samples, and frames made of them
        # The first step reads S frames of nothing before the first.
        self._frames: Frames = np.zeros((network.subsampling, model.features.n_mels), np.float32)
        self._state: Any = None
        self._greedy = Greedy(model.alphabet)
        self._finished = False
        self.text = ""

    def push(self, samples: Samples) -> str:
        """Take more samples of the model's rate, and return the characters that are certain now, if any.

        Args:
            samples: any number of them, of one channel: from -1 to 1, or integers as in the fit.

        Raises:
            DataError: the stream is finished, or these are no samples.
        """
        if self._finished:
            raise DataError("the stream is finished; begin another one")
        try:
            piece = scaled(np.asarray(samples))
        except TypeError as error:
            raise DataError(f"expected samples, got {str(error) or type(samples).__name__}") from error
        if piece.ndim != 1 or not np.isfinite(piece).all():
            raise DataError(f"expected samples of one channel without NaN or infinity, got an array of {piece.shape}")
        self._received += len(piece)
        self._samples = np.concatenate([self._samples, piece])
        features = self._model.features
        frames = features.whole_frames(self._samples)
        self._samples = self._samples[len(frames) * features.hop :]
        return self._hear(frames)

    def finish(self) -> str:
        """Tell that nothing more comes; return the last characters."""
        if self._finished or not self._received:
            self._finished = True
            return ""
        self._finished = True
        features, network = self._model.features, self._model.network
        missing = features.count(self._received) - self._heard
        needed = (missing - 1) * features.hop + features.window
        last = (
            features.whole_frames(np.pad(self._samples, (0, max(0, needed - len(self._samples))))) if missing else None
        )
        found = "" if last is None else self._hear(last)
        # Frames of nothing until the last step has all that it reads.
        S = network.subsampling
        spare = S * (network.steps(self._heard) - 1) + S + 1 - self._heard
        return found + self._run(np.zeros((spare, features.n_mels), np.float32))

    def _hear(self, frames: Frames) -> str:
        self._heard += len(frames)
        return self._run(self._model.scaling.scale(frames))

    def _run(self, frames: Frames) -> str:
        """Take all steps whose frames are there."""
        network = self._model.network
        self._frames = np.concatenate([self._frames, frames])
        steps = (len(self._frames) - 1 - network.subsampling) // network.subsampling
        if steps < 1:
            return ""
        used = self._frames[: network.subsampling * (steps + 1) + 1]
        self._frames = self._frames[network.subsampling * steps :]
        with torch.inference_mode():
            states, self._state = network.encoder(network.join(torch.from_numpy(used)[:, None]), self._state)
            found = self._greedy.push(network.read(states)[:, 0].numpy())
        self.text += found
        return found
