"""What a fit leaves: the network, what stands before it, and the temperature of its probabilities."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import softmax

from gruvy.data import Vocabulary, pad
from gruvy.errors import DataError
from gruvy.tasks.classification.network import ClassifierEnsemble
from gruvy.tasks.shared.sequences import SequenceScaling, Series, Texts, has_gaps, read_sequences
from gruvy.text import canonical_texts

# Sequences in a batch where nothing is learnt, and steps, by which the memory grows.
_BATCH = 256
_STEPS = 1 << 17


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
    preparation: Vocabulary | SequenceScaling
    temperature: float

    def read(self, X: Any, unknown: str | None = None) -> Texts | Series:
        """Check sequences against those of the fit.

        Args:
            X: N sequences.
            unknown: the rule for characters of texts that the fit has not seen.

        Raises:
            DataError: they cannot be used, or are of another kind.
        """
        sequences = read_sequences(X)
        came, wanted = isinstance(sequences[0], str), isinstance(self.preparation, Vocabulary)
        if came != wanted:
            names = {True: "texts", False: "numeric sequences"}
            raise DataError(f"X: expected {names[wanted]}, as in the fit, got {names[came]}")
        if isinstance(self.preparation, SequenceScaling):
            self._check_values(sequences)  # type: ignore[arg-type]
            return sequences
        return self.preparation.admit(canonical_texts(sequences, "X"), unknown, "X")  # type: ignore[arg-type]

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

    def _check_values(self, sequences: Series) -> None:
        fitted: SequenceScaling = self.preparation  # type: ignore[assignment]
        channels = sequences[0].shape[1]
        if channels != len(fitted.mean):
            raise DataError(f"X: expected {len(fitted.mean)} channels, as in the fit, got {channels}")
        having = np.flatnonzero(has_gaps(sequences))
        if len(having) and not fitted.gaps:
            raise DataError(
                f"X: {len(having)} of {len(sequences)} sequences have NaN, the first is number {having[0]}; those of "
                "the fit had none, so fill the gaps in, or fit with sequences that have some"
            )

    def _batches(
        self, encoded: Sequence[NDArray[Any]]
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.float32]]]:
        """Rows, their logits and their attention (T, N), sequences of like length together."""
        order = np.argsort([-len(sequence) for sequence in encoded], kind="stable")
        first = 0
        while first < len(order):
            count = max(1, min(_BATCH, _STEPS // len(encoded[order[first]])))
            rows = order[first : first + count]
            batch = pad([encoded[row] for row in rows])
            with torch.inference_mode():
                logits, attention = self.network(batch.inputs, batch.lengths)
            yield rows, logits.mean(dim=0).numpy(), attention.mean(dim=0).numpy()
            first += count


def encode(sequences: Texts | Series, preparation: Vocabulary | SequenceScaling) -> list[NDArray[Any]]:
    """Return what the network reads of each sequence: (T,) int64 tokens or (T, C) float32 values."""
    if isinstance(preparation, Vocabulary):
        return [preparation.encode(text) for text in sequences]  # type: ignore[arg-type]
    return [preparation.scale(sequence) for sequence in sequences]  # type: ignore[arg-type]
