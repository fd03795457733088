"""What the baselines read: a table in its own units, without the scaling and the limits of the network's inputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from gruvy.data import Batch, Panel, Windows
from gruvy.tasks.forecasting.data import PreparedTable
from gruvy.timeseries import (
    Columns,
    Preparation,
    Scaler,
    Series,
    WindowScales,
    fill_forward,
    moments,
    standardised,
    unscaled,
)


def own_statistics(training: Sequence[Series], columns: Columns, *, shared: bool) -> Scaler:
    """By what a baseline standardises, so that a penalty means the same in every unit: mean and spread of each column.

    Args:
        training: the series of the training part.
        columns: the parts of the table's columns.
        shared: one row of statistics for all series, else one each.
    """
    parts = [one.values for one in training]
    found = Scaler.of([np.concatenate(parts)] if shared else parts)
    for name in columns.static:  # what tells series from each other varies between them alone
        column = columns.values.index(name)
        (mean,), (std,) = moments(np.concatenate([values[:1, [column]] for values in parts]))
        found.mean[:, column], found.std[:, column] = mean, std
    return found


class RawTable:
    """A prepared table, its measured values anew in float64 from their own units.

    A column is standardised by a baseline's own statistics of its series; where the training part shows no spread of
    it, by those of the window's context. What is known of the calendar, of levels and of gaps is as the network has it.

    Args:
        table: whose series they are.
        preparation: of the fit, for the names of columns and series.
        statistics: see `own_statistics`.
        context: T.
    """

    def __init__(self, table: PreparedTable, preparation: Preparation, statistics: Scaler, context: int):
        columns = preparation.columns
        D, V = len(columns.targets), len(columns.values)
        numbers, bounds = preparation.numbers(table.series), table.panel.bounds
        mean, std = statistics.mean[numbers], statistics.std[numbers]
        std[numbers < 0] = 0.0
        values = np.concatenate([one.values for one in table.series])
        levels = np.array([name in columns.levels for name in columns.values])
        inputs = table.panel.inputs.double()
        targets = torch.empty(len(values), D, dtype=torch.float64)
        for number, (low, high) in enumerate(pairwise(bounds)):
            scaled = standardised(values[low:high], mean[number], std[number])
            scaled[:, levels] = 0.0
            inputs[low:high, :V] = torch.from_numpy(fill_forward(scaled))
            targets[low:high] = torch.from_numpy(scaled[:, :D])
        self.scales = WindowScales(
            values=values,
            bounds=bounds,
            mean=mean,
            std=std,
            own=(std == 0) & ~levels,
            far=None,
            targets=D,
            known=preparation.known,
        )
        self.panel = Panel(
            inputs=inputs,
            ahead=inputs[:, preparation.ahead].contiguous(),
            targets=targets,
            bounds=bounds,
            scales=self.scales if self.scales.any else None,
        )
        self._table = table
        self._context = context

    def windows(self, origins: Tensor, batch_size: int) -> Windows:
        """Batches of the windows with these origins, in order."""
        return Windows(self.panel, origins, context=self._context, horizon=self._table.horizon, batch_size=batch_size)

    def forecast(self, origins: Tensor, batch_size: int, forecast: Callable[[Batch], Tensor]) -> np.ndarray:
        """What a baseline makes of the windows with these origins: (P, N, D) in the targets' own units."""
        windows = self.windows(origins, batch_size)
        ordered = np.argsort(windows.order)
        found = torch.cat([forecast(batch) for batch in windows], dim=1).numpy()[:, ordered]
        scales = self.scales.of(origins.numpy(), self._context, self._table.horizon)
        return self._table.bounded(unscaled(found, scales))
