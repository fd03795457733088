"""Windows of many series, cut out of whole tensors by index arithmetic."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from gruvy.timeseries import WindowScales


class Batch(NamedTuple):
    """N windows, time first.

    Attributes:
        context: (T, N, C), what was known at each step up to the origin.
        ahead: (P, N, K), what is known of each step after it.
        anchor: (N, D), the last observed value of each target.
        truth: (P, N, D), the targets after the origin; NaN where missing.
    """

    context: Tensor
    ahead: Tensor
    anchor: Tensor
    truth: Tensor


@dataclass(frozen=True)
class Panel:
    """Scaled series laid end to end; row r of every tensor belongs to the same step of the same series.

    Attributes:
        inputs: (R, C) without NaN: the targets come first.
        ahead: (R, K) without NaN: the columns whose future is known.
        targets: (R, D), NaN where missing.
        bounds: (S + 1,) where each series begins; the last entry is R.
        scales: what puts windows with a scale of their own into it; None if there are no such windows.
    """

    inputs: Tensor
    ahead: Tensor
    targets: Tensor
    bounds: np.ndarray
    scales: WindowScales | None = None

    def origins(self, first: np.ndarray, last: np.ndarray, context: int, horizon: int, stride: int = 1) -> Tensor:
        """The rows where a forecast can begin: the first row ahead of each usable window.

        A window is usable if it lies within one series, some target was observed in its context, and some is
        observed ahead.

        Args:
            first, last: (S,) for each series the rows [first, last) of the panel that may be forecast; the
                context may reach back before ``first``.
            context: T, steps that a window looks back.
            horizon: P, steps that it looks ahead.
            stride: steps between the windows of a series.

        Returns:
            (N,) int64 rows, increasing.
        """
        observed = (~self.targets.isnan()).any(dim=1).numpy()
        seen = np.concatenate([[0], np.cumsum(observed)])
        found = []
        for start, low, high in zip(self.bounds[:-1], first, last, strict=True):
            rows = np.arange(max(low, start + context), high - horizon + 1, stride)
            usable = (seen[rows] > seen[rows - context]) & (seen[rows + horizon] > seen[rows])
            found.append(rows[usable])
        return torch.from_numpy(np.concatenate(found))

    def series_of(self, rows: Tensor) -> np.ndarray:
        """The number of the series that each row belongs to."""
        return np.searchsorted(self.bounds, rows.numpy(), side="right") - 1


class Windows:
    """Batches of windows for training or forecasting, in order or shuffled.

    Each pass over it yields all windows once. The order of a shuffled pass depends on the seed and on
    ``epoch`` alone, so a training that goes on after an interruption meets the batches that it would have met
    without one.

    Args:
        panel: the series.
        origins: (N,) the first row ahead of each window.
        context: T, steps that a window looks back.
        horizon: P, steps that it looks ahead.
        batch_size: windows in a batch; the last one of a pass may be smaller.
        seed: shuffles the passes; None keeps the order.

    Attributes:
        epoch: the number of the pass, from 0; set before it begins.

    Example:
        >>> values = torch.arange(6.0)[:, None]
        >>> panel = Panel(values, values[:, :0], values, np.array([0, 6]))
        >>> windows = Windows(panel, torch.tensor([3, 4]), context=3, horizon=2, batch_size=2)
        >>> [batch.truth[:, 1, 0].tolist() for batch in windows]
        [[4.0, 5.0]]
    """

    def __init__(
        self,
        panel: Panel,
        origins: Tensor,
        *,
        context: int,
        horizon: int,
        batch_size: int,
        seed: int | None = None,
    ):
        self.panel = panel
        self.origins = origins
        self.context = context
        self.batch_size = batch_size
        self.seed = seed
        self.epoch = 0
        self._back = torch.arange(-context, 0)[:, None]
        self._ahead = torch.arange(horizon)[:, None]

    def __len__(self) -> int:
        return -(-len(self.origins) // self.batch_size)

    def __iter__(self) -> Iterator[Batch]:
        origins = self.origins
        if self.seed is not None:
            order = np.random.default_rng([self.seed, self.epoch]).permutation(len(origins))
            origins = origins[torch.from_numpy(order)]
        for rows in torch.split(origins, self.batch_size):
            yield self.batch(rows)

    def batch(self, origins: Tensor) -> Batch:
        """The windows that begin to look ahead at these rows."""
        back, ahead = self._back + origins, self._ahead + origins
        targets = self.panel.targets.shape[1]
        batch = Batch(
            context=_rows(self.panel.inputs, back),
            ahead=_rows(self.panel.ahead, ahead),
            anchor=self.panel.inputs[origins - 1, :targets],
            truth=_rows(self.panel.targets, ahead),
        )
        if self.panel.scales is not None:
            self.panel.scales.rescale(origins.numpy(), *(part.numpy() for part in batch))
        return batch


def _rows(table: Tensor, rows: Tensor) -> Tensor:
    # index_select on flat rows copies whole rows; indexing with a matrix takes the slow general path.
    return table.index_select(0, rows.reshape(-1)).view(*rows.shape, table.shape[1])
