"""What a fit leaves: the network, the preparation of its inputs, and the baselines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from gruvy import engine
from gruvy.data import Batch
from gruvy.errors import DataError
from gruvy.nn import GRU
from gruvy.runtime import ForecastRuntime
from gruvy.tasks.forecasting.baselines import LinearAutoregression, persistence, seasonal_naive
from gruvy.tasks.forecasting.data import PreparedTable, read_prepared
from gruvy.tasks.forecasting.graph import forecast_graph
from gruvy.tasks.forecasting.network import ForecastNetwork
from gruvy.tasks.forecasting.raw import RawTable
from gruvy.tasks.forecasting.results import Gates
from gruvy.tasks.forecasting.scores import score_row
from gruvy.timeseries import Preparation, Scaler, Series, count_quantiles, next_windows

# Windows in a batch where nothing is learnt; larger ones cost memory and save no time.
BATCH = 512


@dataclass(frozen=True)
class ForecastModel:
    """A fitted forecaster without its estimator.

    Attributes:
        name: of the model in tables of scores.
        network: in evaluation mode.
        preparation: from a table to the network's inputs.
        linear: the linear baseline.
        season: rows of the seasonal naive baseline.
        context, horizon: T and P.
        quantiles: Q levels, increasing.
        least: steps to look back on that are enough; T where the network has not learnt to do with less.
        counts: whether the network gives the distribution of counts.
    """

    name: str
    network: ForecastNetwork
    preparation: Preparation
    linear: LinearAutoregression
    season: int
    context: int
    horizon: int
    quantiles: tuple[float, ...]
    least: int
    counts: bool = False

    @property
    def baselines(self) -> dict[str, Callable[[PreparedTable, Tensor], np.ndarray]]:
        """By name, from the windows with these origins to (P, N, D) in the targets' own units."""
        return {
            "persistence": persistence,
            "seasonal naive": lambda table, origins: seasonal_naive(table, origins, self.season),
            "linear autoregression": self._linear,
        }

    def raw(self, table: PreparedTable, statistics: Scaler) -> RawTable:
        """The table as the baselines read it."""
        return RawTable(table, self.preparation, statistics, self.context)

    def _linear(self, table: PreparedTable, origins: Tensor) -> np.ndarray:
        if self.linear.statistics is None:
            return self.each(table, origins, self.linear.forecast)
        return self.raw(table, self.linear.statistics).forecast(origins, BATCH, self.linear.forecast)

    def windows(
        self, frame: pd.DataFrame, start: pd.Timestamp | None = None, stride: int = 1
    ) -> tuple[PreparedTable, Tensor]:
        """All windows of a table, or those that look ahead from ``start`` on."""
        table = self._table(read_prepared(frame, self.preparation))
        origins = table.origins(start, None, stride)
        if not len(origins):
            rows = max(len(one.times) for one in table.series)
            since = "" if start is None else f" that looks ahead from {start} on"
            raise DataError(
                f"the table: no window of context_length + horizon = {self.least} + {self.horizon} rows{since}; "
                f"the longest series has {rows} rows; give more"
            )
        return table, origins

    def next_series(self, frame: pd.DataFrame) -> list[Series]:
        """The series of a table, each up to its last known row and with the rows ahead that are to be forecast."""
        return self._next(read_prepared(frame, self.preparation))

    def _next(self, series: Sequence[Series], *, known: bool = True) -> list[Series]:
        about = {"least": self.least, "context": self.context, "horizon": self.horizon}
        return next_windows(series, self.preparation, known=known, **about)

    def next_window(self, series: Sequence[Series]) -> tuple[PreparedTable, Tensor]:
        """For each series of `next_series` the window that looks ahead of its last known row."""
        table = self._table(series)
        return table, torch.from_numpy(table.panel.bounds[1:] - self.horizon)

    def forecast_ahead(self, series: Sequence[Series]) -> np.ndarray:
        """(P, S, D, Q) of the windows of `next_window`, in the targets' own units.

        By the network's graph if it has one, as where torch is missing: the same numbers to the last bit.
        """
        graph = forecast_graph(self.network)
        if graph is None or engine.raw is None:
            return self.forecast(*self.next_window(series))
        about = (self.preparation, self.context, self.horizon, self.quantiles, self.least)
        return ForecastRuntime(graph, *about).forecast(series)

    def forecast(self, table: PreparedTable, origins: Tensor) -> np.ndarray:
        """(P, N, D, Q) in the targets' own units."""
        if self.counts:
            outputs = self._scaled(table, origins, self._outputs)
            return table.bounded(count_quantiles(outputs, table.level(origins), self.quantiles))
        return self.each(table, origins, self._outputs)

    def scores(self, table: PreparedTable, origins: Tensor) -> list[dict[str, Any]]:
        """The model and the baselines, one row each a target."""
        truth, forecast = table.truth(origins), self.forecast(table, origins)
        points = {self.name: forecast[..., self.quantiles.index(0.5)]}
        points |= {name: baseline(table, origins) for name, baseline in self.baselines.items()}
        return [
            score_row(
                name,
                target,
                truth[..., d],
                point[..., d],
                forecast[..., d, :] if name == self.name else None,
                self.quantiles,
            )
            for d, target in enumerate(self.preparation.columns.targets)
            for name, point in points.items()
        ]

    def gates(self, frame: pd.DataFrame) -> Gates:
        """The gates over the last context window of the first series."""
        # It ends with the last observed row, whatever is known of what follows.
        table, origins = self.next_window(self._next(read_prepared(frame, self.preparation)[:1], known=False))
        context = next(iter(table.windows(origins[:1], 1))).context
        encoder = self.network.encoder
        assert isinstance(encoder, GRU)  # the estimator refuses other cells
        gates = encoder.gates(self.network.encoder_input(context))
        one = table.series[0]
        return Gates(
            series=one.name,
            times=one.index[-self.horizon - len(context) : -self.horizon],
            reset=gates["reset"][:, :, 0].numpy(),
            update=gates["update"][:, :, 0].numpy(),
        )

    def each(self, table: PreparedTable, origins: Tensor, forecast: Callable[[Batch], Tensor]) -> np.ndarray:
        """What a function makes of the windows, (P, N, D, ...), in the targets' own units."""
        return table.unscale(self._scaled(table, origins, forecast), origins)

    def _outputs(self, batch: Batch) -> Tensor:
        found: Tensor = self.network(batch.context, batch.ahead, batch.anchor)
        return found

    def _scaled(self, table: PreparedTable, origins: Tensor, forecast: Callable[[Batch], Tensor]) -> np.ndarray:
        """What a function makes of the windows, in their order."""
        with torch.inference_mode():
            windows = table.windows(origins, BATCH)
            found = torch.cat([forecast(batch) for batch in windows], dim=1)
        scaled = torch.empty_like(found)
        scaled[:, windows.order] = found
        ordered: np.ndarray = scaled.double().numpy()
        return ordered

    def _table(self, series: Sequence[Series]) -> PreparedTable:
        return PreparedTable(
            series,
            self.preparation,
            context=self.context,
            horizon=self.horizon,
            least=self.least,
            counts=self.counts,
        )
