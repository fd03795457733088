"""What a fit leaves: the network, what stands before it, and the temperature of its probabilities."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import softmax

from gruvy.data import Vocabulary
from gruvy.tasks.classification.network import ClassifierEnsemble
from gruvy.tasks.shared.sequences import SequencePreparation, Series, Texts, admit, batches, encode


@dataclass(frozen=True)
class Attention:
    """Where the network looked in one sequence.

    Attributes:
        tokens: T, as they stand in the text; None of a numeric sequence.
        weights: (T,), which sum to 1.
    """

    tokens: tuple[str, ...] | None
    weights: NDArray[np.float32]


@dataclass(frozen=True)
class ClassifierModel:
    """A fitted classifier without its estimator.

    Attributes:
        network: in evaluation mode.
        preparation: from a text or an array to the network's input.
        temperature: by which the logits are divided.
    """

    network: ClassifierEnsemble
    preparation: SequencePreparation
    temperature: float

    def read(self, X: Any, unknown: str | None = None) -> Texts | Series:
        """Check sequences against those of the fit.

        Args:
            X: N sequences.
            unknown: the rule for characters of texts that the fit has not seen.

        Raises:
            DataError: they cannot be used, or are of another kind.
        """
        return admit(X, self.preparation, unknown)

    def probabilities(self, sequences: Texts | Series) -> NDArray[np.float64]:
        """(N, K)."""
        found: NDArray[np.float64] = softmax(
            self.logits(encode(sequences, self.preparation)) / self.temperature, axis=1
        )
        return found

    def logits(self, encoded: Sequence[NDArray[Any]]) -> NDArray[np.float64]:
        """(N, K), of sequences that `encode` made."""
        found = np.zeros((len(encoded), self.network.classes))
        for rows, logits, _ in self._batches(encoded):
            found[rows] = logits
        return found

    def attention(self, sequences: Texts | Series) -> list[Attention]:
        """Where the network looks in each sequence."""
        encoded = encode(sequences, self.preparation)
        found: dict[int, Attention] = {}
        for rows, _, attention in self._batches(encoded):
            for column, row in enumerate(rows):
                tokens = None
                if isinstance(self.preparation, Vocabulary):
                    tokens = tuple(self.preparation.split(sequences[row])) or ("",)
                found[row] = Attention(tokens, attention[: len(encoded[row]), column])
        return [found[row] for row in range(len(encoded))]

    def _batches(
        self, encoded: Sequence[NDArray[Any]]
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.float32]]]:
        """Rows, their logits and their attention (T, N)."""
        for rows, batch in batches(encoded):
            with torch.inference_mode():
                logits, attention = self.network(batch.inputs, batch.lengths)
            yield rows, logits.mean(dim=0).numpy(), attention.mean(dim=0).numpy()
