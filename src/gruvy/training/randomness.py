"""Random numbers that depend on a seed alone, and leave the caller's untouched."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

# torch has one CPU generator per process: two trainings at once would draw from each other's numbers.
_LOCK = threading.RLock()


@contextmanager
def reproducible(seed: int) -> Iterator[None]:
    """Run a block on a seeded generator of torch and give the old state back after it; one thread at a time.

    Args:
        seed: any int from 0 on.

    Example:
        >>> with reproducible(0):
        ...     a = torch.rand(1)
    """
    with _LOCK, torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


def seed_epoch(seed: int, epoch: int) -> None:
    """Seed torch's generator for one epoch.

    Because every epoch starts from (seed, epoch), no generator state has to be kept in a checkpoint.
    """
    torch.manual_seed(int(np.random.SeedSequence([seed, epoch]).generate_state(1)[0]))
