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
        level: (N, D), of counts: 1 + their mean in the context; None of other targets.
        counts: (P, N, D) float64, the truth in its own unit; None of other targets.
    """

    context: Tensor
    ahead: Tensor
    anchor: Tensor
    truth: Tensor
    level: Tensor | None = None
    counts: Tensor | None = None


@dataclass(frozen=True)
class Panel:
    """Scaled series laid end to end; row r of every tensor belongs to the same step of the same series.

    Attributes:
        inputs: (R, C) without NaN: the targets come first.
        ahead: (R, K) without NaN: the columns whose future is known.
        targets: (R, D), NaN where missing.
        bounds: (S + 1,) where each series begins; the last entry is R.
        scales: what puts windows with a scale of their own into it; None if there are no such windows.
        counts: the targets in their own unit, where they are counts; else None.
    """

    inputs: Tensor
    ahead: Tensor
    targets: Tensor
    bounds: np.ndarray
    scales: WindowScales | None = None
    counts: WindowScales | None = None

    def origins(
        self,
        first: np.ndarray,
        last: np.ndarray,
        context: int,
        horizon: int,
        stride: int = 1,
        least: int | None = None,
    ) -> Tensor:
        """The rows where a forecast can begin: the first row ahead of each usable window.

        A window is usable if it lies within one series, some target was observed in its context, and some is
        observed ahead.

        Args:
            first, last: (S,) for each series the rows [first, last) of the panel that may be forecast; the
                context may reach back before ``first``.
            context: T, steps that a window looks back.
            horizon: P, steps that it looks ahead.
            stride: steps between the windows of a series.
            least: steps to look back on that are enough, near the beginning of a series; T by default.

        Returns:
            (N,) int64 rows, increasing.
        """
        observed = (~self.targets.isnan()).any(dim=1).numpy()
        seen = np.concatenate([[0], np.cumsum(observed)])
        found = []
        for start, low, high in zip(self.bounds[:-1], first, last, strict=True):
            rows = np.arange(max(low, start + (context if least is None else least)), high - horizon + 1, stride)
            usable = (seen[rows] > seen[np.maximum(rows - context, start)]) & (seen[rows + horizon] > seen[rows])
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

    Windows near the beginning of a series have fewer steps to look back on: a batch holds windows of one length.
    Shuffled, it is cut to that of the shortest of its windows, which differ by less than a factor of 2.

    Args:
        panel: the series.
        origins: (N,) the first row ahead of each window.
        context: T, steps that a window looks back.
        horizon: P, steps that it looks ahead.
        batch_size: windows in a batch; the last one of a length may be smaller.
        seed: shuffles the passes; None keeps the order.
        forgetful: every other shuffled batch looks back on a random number of steps only, so that a network learns to
            do with less than T.

    Attributes:
        epoch: the number of the pass, from 0; set before it begins.
        order: (N,) the windows of a pass that is not shuffled, the longest first.

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
        forgetful: bool = False,
    ):
        self.panel = panel
        self.origins = origins
        self.context = context
        self.batch_size = batch_size
        self.seed = seed
        self.forgetful = forgetful
        self.epoch = 0
        self._starts = torch.from_numpy(panel.bounds)[panel.series_of(origins - 1)] if len(origins) else origins
        self._lengths = (origins - self._starts).clamp(max=context).numpy()
        self.order = np.argsort(-self._lengths, kind="stable")
        self._ahead = torch.arange(horizon)[:, None]

    def __len__(self) -> int:
        return len(self._passed(self.order))

    def __iter__(self) -> Iterator[Batch]:
        if self.seed is None:
            for rows in self._passed(self.order):
                yield self._batch(rows, int(self._lengths[rows[0]]))
            return
        random = np.random.default_rng([self.seed, self.epoch])
        batches = self._passed(random.permutation(len(self.origins)))
        if self._lengths.min() < self.context:
            batches = [batches[number] for number in random.permutation(len(batches))]
        for rows in batches:
            steps = int(self._lengths[rows].min())
            if self.forgetful and random.random() < 0.5:
                steps = int(random.integers(1, steps + 1))
            yield self._batch(rows, steps)

    def batch(self, origins: Tensor) -> Batch:
        """The windows that begin to look ahead at these rows, T steps each; the first row of a series stands for those
        before it."""
        starts = torch.from_numpy(self.panel.bounds)[self.panel.series_of(origins - 1)]
        return self._cut(origins, torch.maximum(torch.arange(-self.context, 0)[:, None] + origins, starts))

    def _passed(self, order: np.ndarray) -> list[np.ndarray]:
        """The batches of a pass: windows of one length, or in training of one power of two."""
        if not len(order):
            return []
        lengths = self._lengths[order]
        kinds = lengths if self.seed is None else np.where(lengths == self.context, -1, np.frexp(lengths)[1])
        if (kinds == kinds[0]).all():
            parts = [order]
        else:
            parts = [order[kinds == kind] for kind in dict.fromkeys(kinds.tolist())]
        return [rows for part in parts for rows in np.split(part, range(self.batch_size, len(part), self.batch_size))]

    def _batch(self, rows: np.ndarray, steps: int) -> Batch:
        origins = self.origins[torch.from_numpy(rows)]
        return self._cut(origins, torch.arange(-steps, 0)[:, None] + origins)

    def _cut(self, origins: Tensor, back: Tensor) -> Batch:
        ahead = self._ahead + origins
        targets = self.panel.targets.shape[1]
        batch = Batch(
            context=_rows(self.panel.inputs, back),
            ahead=_rows(self.panel.ahead, ahead),
            anchor=self.panel.inputs[origins - 1, :targets],
            truth=_rows(self.panel.targets, ahead),
        )
        if self.panel.scales is not None:
            self.panel.scales.rescale(origins.numpy(), *(part.numpy() for part in batch[:4]))
        if (counts := self.panel.counts) is not None:
            truth = torch.from_numpy(counts.values[ahead.numpy(), :targets])
            level = torch.from_numpy(counts.level(origins.numpy(), len(back)))
            return batch._replace(level=level, counts=truth)
        return batch


def reaching(context: Tensor, steps: int) -> Tensor:
    """The last steps of a context (T, N, C), the first one standing for those before it: (steps, N, C)."""
    lacking = max(steps - len(context), 0)
    return torch.cat([context[:1].expand(lacking, -1, -1), context]) if lacking else context[-steps:]


def _rows(table: Tensor, rows: Tensor) -> Tensor:
    # index_select on flat rows copies whole rows; indexing with a matrix takes the slow general path.
    return table.index_select(0, rows.reshape(-1)).view(*rows.shape, table.shape[1])
