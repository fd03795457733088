"""A long text as parallel streams, for truncated backpropagation through time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor


class StreamBatch(NamedTuple):
    """The next T steps of N streams.

    Attributes:
        inputs: (T, N) int64, what is read.
        targets: (T, N) int64, what follows each of them.
        first: whether the streams begin here; otherwise they go on from the batch before.
    """

    inputs: Tensor
    targets: Tensor
    first: bool


class Streams:
    """Batches of a sequence that is cut into N streams of equal length, in order: batch k + 1 goes on where k ended.

    Where there is a seed, each pass cuts the sequence at other places, turned by a number of steps that depends on the
    seed and ``epoch`` alone; the sequence's end is then followed by its beginning. The fewer than N steps that are left
    over by the cutting are left out of that pass.

    Args:
        numbers: (R,) int64, the sequence.
        start: what is read before its first one.
        streams: N, at most; fewer where the sequence is too short for that many of one window each.
        context: T, the steps of a batch, behind which gradients end; the last batch of a pass may be shorter.
        seed: turns the passes; None for none.

    Attributes:
        epoch: the number of the pass, from 0; set before it begins.

    Example:
        >>> for batch in Streams(torch.arange(10), 0, streams=2, context=3):
        ...     print(batch.targets.T.tolist(), batch.first)
        [[0, 1, 2], [5, 6, 7]] True
        [[3, 4], [8, 9]] False
    """

    def __init__(self, numbers: Tensor, start: int, *, streams: int, context: int, seed: int | None = None):
        self.targets = numbers
        self.inputs = torch.cat([torch.tensor([start]), numbers[:-1]])
        self.streams = max(1, min(streams, len(numbers) // context))
        self.context = context
        self.seed = seed
        self.epoch = 0

    def __len__(self) -> int:
        return -(-(len(self.targets) // self.streams) // self.context)

    def __iter__(self) -> Iterator[StreamBatch]:
        turn = 0
        if self.seed is not None:
            turn = int(np.random.default_rng([self.seed, self.epoch]).integers(len(self.targets)))
        steps = len(self.targets) // self.streams
        inputs, targets = (
            numbers.roll(-turn)[: steps * self.streams].view(self.streams, steps).T.contiguous()
            for numbers in (self.inputs, self.targets)
        )
        for at in range(0, steps, self.context):
            yield StreamBatch(inputs[at : at + self.context], targets[at : at + self.context], at == 0)
