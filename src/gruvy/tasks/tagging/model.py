"""What a fit leaves: the network, what stands before it, and the temperature of its probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import softmax
from torch import nn

from gruvy.tasks.tagging.batches import Encoded, collate
from gruvy.tasks.tagging.data import Preparation, Steps

# Sequences in a batch where nothing is learnt, and steps, by which the memory grows.
_BATCH = 128
_STEPS = 1 << 16


@dataclass(frozen=True)
class TaggerModel:
    """A fitted tagger without its estimator.

    Attributes:
        network: in evaluation mode.
        preparation: from sequences to the network's input.
        temperature: by which the logits are divided.
    """

    network: nn.Module
    preparation: Preparation
    temperature: float

    def probabilities(self, sequences: Sequence[Steps], unknown: str | None = None) -> list[NDArray[np.float64]]:
        """For each sequence (T, K), by a rule for unknown characters.

        Raises:
            DataError: sequences that do not fit the preparation.
        """
        encoded = self.preparation.encode(sequences, unknown)
        return [
            one.given(softmax(logits.astype(np.float64) / self.temperature, axis=1))
            for one, logits in zip(encoded, self.logits(encoded), strict=True)
        ]

    def logits(self, encoded: Sequence[Encoded]) -> list[NDArray[np.float32]]:
        """For each sequence (T, K); sequences of like length run together."""
        order = sorted(range(len(encoded)), key=lambda row: -len(encoded[row]))
        found: dict[int, NDArray[np.float32]] = {}
        first = 0
        while first < len(order):
            rows = order[first : first + max(1, min(_BATCH, _STEPS // len(encoded[order[first]])))]
            batch = collate([encoded[row] for row in rows], len(self.preparation.alphabet))
            with torch.inference_mode():
                logits = self.network(batch.inputs, batch.lengths).numpy()
            for column, row in enumerate(rows):
                found[row] = logits[: len(encoded[row]), column].copy()
            first += len(rows)
        return [found[row] for row in range(len(encoded))]
