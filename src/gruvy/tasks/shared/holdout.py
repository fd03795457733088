"""What is held out of a fit: to choose the best epoch, or to test with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class HeldOut:
    """What a fit on a user's file has left out, to test with.

    Attributes:
        X: as ``predict`` takes it.
        y: what is to be predicted; empty where X has it.
        baselines: rows of simpler models that were fitted on the same part, as ``evaluate`` gives them.
        names: what each of X is called in the file.
    """

    X: Any
    y: Any = ()
    baselines: list[dict[str, Any]] = field(default_factory=list)
    names: Sequence[Any] = ()


def split_seed(model: Any) -> int:
    """The seed with which a test part is drawn for an estimator."""
    return model.random_state if isinstance(model.random_state, int) else 0


def draw_rows(rows: int, fraction: float, seed: int) -> NDArray[np.bool_]:
    """Choose rows to hold out (N,): about such a fraction, at least one, and not all."""
    return draw_groups(np.arange(rows), fraction, seed)


def draw_groups(groups: NDArray[np.intp], fraction: float, seed: int) -> NDArray[np.bool_]:
    """Choose rows to hold out (N,): about such a fraction of the groups, all rows of each.

    Rows that are alike belong to one group: what was learnt from one would be known of the other.

    Args:
        groups: (N,) the number of each row's group, from 0 on.
    """
    count = int(groups.max()) + 1
    chosen = np.zeros(count, bool)
    chosen[np.random.default_rng(seed).permutation(count)[: _size(count, fraction)]] = True
    rows: NDArray[np.bool_] = chosen[groups]
    return rows


def draw_classes(classes: NDArray[np.int64], fraction: float, seed: int) -> NDArray[np.bool_]:
    """Choose rows to hold out (N,), of every class about the same fraction.

    A class of two rows or more has at least one in each part.

    Args:
        classes: (N,) the number of each row's class.
    """
    random = np.random.default_rng(seed)
    chosen = np.zeros(len(classes), bool)
    for number in np.unique(classes):
        rows = np.flatnonzero(classes == number)
        chosen[random.permutation(rows)[: _size(len(rows), fraction)]] = True
    return chosen


def _size(count: int, fraction: float) -> int:
    return min(max(1, round(fraction * count)), count - 1)
