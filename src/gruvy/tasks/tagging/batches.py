"""Sequences with a label at every step, in padded batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gruvy.data import Sequences


class TagBatch(NamedTuple):
    """N sequences, time first, padded with zeros to the longest.

    Attributes:
        inputs: (T, N, C) float32.
        lengths: (N,) int64, the steps of each.
        labels: (T, N) int64, the number of each step's class.
    """

    inputs: Tensor
    lengths: Tensor
    labels: Tensor

    @property
    def steps(self) -> Tensor:
        """(T, N) bool: where a sequence has a step."""
        return torch.arange(len(self.inputs))[:, None] < self.lengths


@dataclass(frozen=True)
class Encoded:
    """What the network reads of one sequence, in little memory.

    Attributes:
        characters: (T,) numbers of the characters, which become one channel each; what is past the last one is unknown
            and has none. None if it has none.
        values: (T, C) float32; C may be 0.
        words: (T, F) numbers of the words' features; None if it has none.
        places: (S,) for each step that was given, the one that is read for it; None where they are the same.
    """

    characters: NDArray[np.uint16] | None
    values: NDArray[np.float32]
    words: NDArray[np.int32] | None = None
    places: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.values)

    def arrays(self) -> list[NDArray[Any]]:
        """What there is of the two."""
        return [one for one in (self.values, self.characters, self.words) if one is not None]

    def given(self, found: NDArray[Any]) -> NDArray[Any]:
        """From what was found for each step that is read to what that says of each one that was given."""
        return found if self.places is None else found[self.places]

    def read(self, labels: NDArray[np.int64]) -> NDArray[np.int64]:
        """From the label of each step that was given to that of each one that is read: of a letter, not its mark."""
        if self.places is None:
            return labels
        return labels[np.searchsorted(self.places, np.arange(len(self)))]


class TaggedSequences(Sequences):
    """Batches of sequences of about equal length, in order or shuffled, as `gruvy.data.Sequences`.

    Args:
        sequences: N encoded ones.
        labels: for each (T,) numbers of the classes.
        alphabet: how many characters there are; 0 if the sequences have none.
        batch_size: sequences in a batch; the last one of a pass may be smaller.
        seed: shuffles the passes; None keeps the order.
    """

    def __init__(
        self,
        sequences: Sequence[Encoded],
        labels: Sequence[NDArray[np.int64]],
        alphabet: int,
        *,
        batch_size: int,
        seed: int | None = None,
    ):
        super().__init__(sequences, labels, batch_size=batch_size, seed=seed)  # type: ignore[arg-type]
        self.alphabet = alphabet

    def __iter__(self) -> Iterator[TagBatch]:  # type: ignore[override]
        for chosen in self._batches():
            yield collate([self.sequences[i] for i in chosen], self.alphabet, [self.labels[i] for i in chosen])


def collate(sequences: Sequence[Encoded], alphabet: int, labels: Sequence[NDArray[np.int64]] | None = None) -> TagBatch:
    """Return sequences as one batch: the characters' channels or the words' features first, then the values; no labels
    are zeros."""
    lengths = [len(sequence) for sequence in sequences]
    T, N = max(lengths), len(sequences)
    first = alphabet if sequences[0].words is None else sequences[0].words.shape[1]
    inputs = np.zeros((T, N, first + sequences[0].values.shape[1]), np.float32)
    numbers = np.zeros((T, N), np.int64)
    for n, sequence in enumerate(sequences):
        if sequence.characters is not None:
            known = np.flatnonzero(sequence.characters < alphabet)
            inputs[known, n, sequence.characters[known]] = 1
        if sequence.words is not None:
            inputs[: lengths[n], n, :first] = sequence.words
        inputs[: lengths[n], n, first:] = sequence.values
        if labels is not None:
            numbers[: lengths[n], n] = labels[n]
    return TagBatch(torch.from_numpy(inputs), torch.tensor(lengths), torch.from_numpy(numbers))
