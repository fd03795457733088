"""Pairs of sentences in padded batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gruvy.data import pad
from gruvy.data.codec import BEGIN, END

Pair = tuple[NDArray[np.int64], NDArray[np.int64]]

# Batches whose pairs are sorted by length together: enough that little is padding, few enough that the batches of each
# pass differ.
_POOL = 50


class PairBatch(NamedTuple):
    """N pairs, time first, padded with zeros.

    Attributes:
        source: (J, N) int64.
        source_lengths: (N,).
        before: (T, N) int64: the beginning and the target, what is known before each step.
        after: (T, N) int64: the target and its end, what each step is to give.
        known: (T, N) bool: where a target has this step.
    """

    source: Tensor
    source_lengths: Tensor
    before: Tensor
    after: Tensor
    known: Tensor


class Pairs:
    """Batches of pairs of about equal length, in order or shuffled; see `gruvy.data.Sequences`.

    Args:
        pairs: source and target of each, (J,) and (T,) int64 without begin and end.
        batch_size: pairs in a batch; the last one of a pass may be smaller.
        seed: shuffles the passes; None keeps the order.

    Attributes:
        epoch: the number of the pass, from 0; set before it begins.

    Example:
        >>> pairs = Pairs([(np.array([5, 6]), np.array([7]))], batch_size=1)
        >>> batch = next(iter(pairs))
        >>> batch.before.T.tolist(), batch.after.T.tolist()
        ([[1, 7]], [[7, 2]])
    """

    def __init__(self, pairs: Sequence[Pair], *, batch_size: int, seed: int | None = None):
        self.pairs = pairs
        self.batch_size = batch_size
        self.seed = seed
        self.epoch = 0

    def __len__(self) -> int:
        return -(-len(self.pairs) // self.batch_size)

    def __iter__(self) -> Iterator[PairBatch]:
        for chosen in self._batches():
            yield pad_pairs([self.pairs[number] for number in chosen])

    def _batches(self) -> list[NDArray[np.int64]]:
        """The numbers of the pairs in each batch."""
        order = np.arange(len(self.pairs))
        if self.seed is None:
            return self._cut(order)
        random = np.random.default_rng([self.seed, self.epoch])
        order = random.permutation(order)
        # The target counts first: a step of the decoder costs most, by its softmax.
        lengths = np.array([(len(target), len(source)) for source, target in self.pairs])
        pools = np.split(order, range(_POOL * self.batch_size, len(order), _POOL * self.batch_size))
        order = np.concatenate([pool[np.lexsort(lengths[pool].T[::-1])] for pool in pools])
        batches = self._cut(order)
        return [batches[number] for number in random.permutation(len(batches))]

    def _cut(self, order: NDArray[np.int64]) -> list[NDArray[np.int64]]:
        return np.split(order, range(self.batch_size, len(order), self.batch_size))


def pad_pairs(pairs: Sequence[Pair]) -> PairBatch:
    """Return pairs as one batch."""
    source = pad([source for source, _ in pairs])
    before = pad([np.concatenate([[BEGIN], target]) for _, target in pairs])
    after = pad([np.concatenate([target, [END]]) for _, target in pairs])
    known = torch.arange(len(after.inputs))[:, None] < after.lengths
    return PairBatch(source.inputs, source.lengths, before.inputs, after.inputs, known)
