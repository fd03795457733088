"""Sequences of any length in padded batches, for training and for prediction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

# Batches whose sequences are sorted by length together: enough that little is padding, few enough that the batches of
# each pass differ.
_POOL = 20


class SequenceBatch(NamedTuple):
    """N sequences, time first, padded with zeros to the longest.

    Attributes:
        inputs: (T, N) int64 tokens, or (T, N, C) float32 values.
        lengths: (N,) int64, the steps of each.
        labels: (N,) int64, the number of each one's class; or (N, K), as given.
    """

    inputs: Tensor
    lengths: Tensor
    labels: Tensor


class Sequences:
    """Batches of sequences of about equal length, in order or shuffled.

    Each pass over it yields all sequences once. The order of a shuffled pass depends on the seed and on ``epoch``
    alone, so a training that goes on after an interruption meets the batches that it would have met without one.

    Args:
        sequences: N arrays, (T,) int64 tokens each, or (T, C) float32 values.
        labels: (N,) the number of each one's class, or (N, K) something else for each.
        batch_size: sequences in a batch; the last one of a pass may be smaller.
        seed: shuffles the passes; None keeps the order.

    Attributes:
        epoch: the number of the pass, from 0; set before it begins.

    Example:
        >>> sequences = Sequences([np.array([1, 2, 3]), np.array([4])], np.array([0, 1]), batch_size=2)
        >>> next(iter(sequences)).inputs.T.tolist()
        [[1, 2, 3], [4, 0, 0]]
    """

    def __init__(
        self, sequences: Sequence[NDArray[Any]], labels: NDArray[Any], *, batch_size: int, seed: int | None = None
    ):
        self.sequences = sequences
        self.labels = labels
        self.batch_size = batch_size
        self.seed = seed
        self.epoch = 0

    def __len__(self) -> int:
        return -(-len(self.sequences) // self.batch_size)

    def __iter__(self) -> Iterator[SequenceBatch]:
        for chosen in self._batches():
            yield pad([self.sequences[i] for i in chosen], self.labels[chosen])

    def _batches(self) -> list[NDArray[np.int64]]:
        """The numbers of the sequences in each batch."""
        order = np.arange(len(self.sequences))
        if self.seed is None:
            return self._cut(order)
        random = np.random.default_rng([self.seed, self.epoch])
        order = random.permutation(order)
        lengths = np.array([len(sequence) for sequence in self.sequences])
        pools = np.split(order, range(_POOL * self.batch_size, len(order), _POOL * self.batch_size))
        order = np.concatenate([pool[np.argsort(lengths[pool], kind="stable")] for pool in pools])
        batches = self._cut(order)
        return [batches[i] for i in random.permutation(len(batches))]

    def _cut(self, order: NDArray[np.int64]) -> list[NDArray[np.int64]]:
        return np.split(order, range(self.batch_size, len(order), self.batch_size))


def pad(sequences: Sequence[NDArray[Any]], labels: NDArray[Any] | None = None) -> SequenceBatch:
    """Return sequences as one batch; without labels these are zeros."""
    lengths = [len(sequence) for sequence in sequences]
    first = sequences[0]
    inputs = np.zeros((max(lengths), len(sequences), *first.shape[1:]), first.dtype)
    for number, sequence in enumerate(sequences):
        inputs[: len(sequence), number] = sequence
    labels = np.zeros(len(sequences), np.int64) if labels is None else labels
    return SequenceBatch(torch.from_numpy(inputs), torch.tensor(lengths), torch.from_numpy(labels))
