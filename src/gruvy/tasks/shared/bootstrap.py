"""Confidence intervals for means of time series."""

from __future__ import annotations

import numpy as np


def block_bootstrap(
    values: np.ndarray, *, block: int, level: float = 0.95, resamples: int = 2000, seed: int = 0
) -> tuple[float, float]:
    """A confidence interval of the mean of a time series whose neighbours depend on each other.

    The circular block bootstrap (Politis and Romano 1992): series of the same length are put together from blocks that
    begin anywhere, and the interval holds the middle ``level`` of their means.

    Args:
        values: (T,) or (T, K): rows that belong to one time stay together.
        block: steps in a block, longer than the dependence.
        level: of the interval.
        resamples: how many series are put together.
        seed: of their beginnings.

    Returns:
        Lower and upper end.

    Example:
        >>> low, high = block_bootstrap(np.sin(np.arange(1000)), block=20)
        >>> low < 0 < high
        True
    """
    rows = values.reshape(len(values), -1).mean(axis=1)
    blocks = -(-len(rows) // block)
    starts = np.random.default_rng(seed).integers(len(rows), size=(resamples, blocks, 1))
    chosen = ((starts + np.arange(block)) % len(rows)).reshape(resamples, -1)[:, : len(rows)]
    tail = (1 - level) / 2
    low, high = np.quantile(rows[chosen].mean(axis=1), [tail, 1 - tail])
    return float(low), float(high)
