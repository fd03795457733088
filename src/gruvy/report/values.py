"""What several reports show, as plain values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class LossCurve:
    """Training and validation loss of one model after each epoch; ``best_epoch`` counts from 1."""

    name: str
    train: Sequence[float]
    validation: Sequence[float]
    best_epoch: int
