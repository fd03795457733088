"""One thread for a block."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from threadpoolctl import threadpool_limits


@contextmanager
def one_thread() -> Iterator[None]:
    """Let a block compute on one thread: PyTorch, and what NumPy, SciPy and scikit-learn call.

    The figures are then the same however many cores there are. And PyTorch's threads spin while they wait for each
    other: with other work on two cores, an epoch of the LSTM of the weather demo took 30 s on two threads and 5 s on
    one.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(1):
            yield
    finally:
        torch.set_num_threads(threads)
