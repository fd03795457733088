"""From a table to scaled windows."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from functools import cached_property

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from gruvy.data import Panel, Windows, calendar_cycles, followed_cycles, read_series
from gruvy.errors import note
from gruvy.timeseries import (
    Columns,
    Notation,
    Preparation,
    Scaler,
    Series,
    Step,
    fill_forward,
    moments,
    some,
    unscaled,
)

_LEAST_MISSING = 0.01
# From fewer rows no series tells its spread.
_LEAST_CONTEXT = 3


def learn_preparation(
    training: Sequence[Series], columns: Columns, step: Step, *, shared: bool, context: int
) -> Preparation:
    """Take every statistic from the training part.

    Args:
        training: its series.
        columns: the parts of the table's columns.
        step: the time between rows.
        shared: one scale for all series, so that series can be forecast that are not among these.
        context: T; a series with fewer rows says too little of its spread.
    """
    parts = [one.values for one in training]
    scaler = Scaler.of([np.concatenate(parts)] if shared else parts, context)
    for name in columns.static:  # what tells series from each other is scaled over all of them
        column = columns.values.index(name)
        (mean,), (std,) = moments(np.concatenate([values[:1, [column]] for values in parts]))
        scaler.mean[:, column], scaler.std[:, column] = mean, std
    for name in columns.levels:  # codes are no measurements
        scaler.mean[:, columns.values.index(name)] = scaler.std[:, columns.values.index(name)] = 0
    missing = np.isnan(np.concatenate(parts)).mean(axis=0)
    targets = pd.concat(
        pd.DataFrame(scaler.scale(one.values, 0 if shared else number)[:, : len(columns.targets)], index=one.index)
        for number, one in enumerate(training)
    )
    # The mean over the series, because series of one kind share their chances too: they are no
    # independent evidence.
    common = targets.groupby(level=0).mean()
    duration = pd.Timedelta(step.duration)
    # In seconds: nanoseconds hold less than three centuries.
    ends = pd.DatetimeIndex(common.index[[0, -1]]).as_unit("s").asi8 if len(common) else np.zeros(2)
    span = pd.Timedelta(int(ends[1] - ends[0] + step.seconds), unit="s").as_unit("s")
    cycles = () if step.counted else followed_cycles(common, calendar_cycles(duration, span), duration)
    return Preparation(
        columns=columns,
        step=step,
        cycles=cycles,
        gaps=tuple(int(column) for column in np.flatnonzero(missing >= _LEAST_MISSING)),
        scaler=scaler,
        names=() if shared else tuple(one.name for one in training),
        notation=training[0].times.notation if training else Notation(),
    )


def least_context(series: Sequence[Series], wanted: int | None, *, context: int, horizon: int) -> int:
    """How many rows to look back on are enough; fewer than T only if asked for, or if some series has no more."""
    if wanted is not None:
        return wanted
    short = [one.name for one in series if len(one.times) < context]
    if not short or len(short) == len(series) or context <= _LEAST_CONTEXT:
        return context
    note(
        f"series {some(short)}: fewer than context_length = {context} rows; the network also learns to forecast from "
        f"{_LEAST_CONTEXT} rows on"
    )
    return _LEAST_CONTEXT


def note_scales(series: Sequence[Series], preparation: Preparation) -> None:
    """Say of which targets that vary the training part shows no spread."""
    std = preparation.scaler.std[preparation.numbers(series)]
    for column, target in enumerate(preparation.columns.targets):
        varying = [
            one for one, spread in zip(series, std[:, column], strict=True) if not spread and _varies(one, column)
        ]
        if not varying:
            continue
        of = "" if varying[0].name is None else f" of series {some([one.name for one in varying])}"
        note(
            f"target '{target}'{of} is constant or hardly there in the training part, so it has no scale from there: "
            "each window is scaled by its own values"
        )


def _varies(series: Series, column: int) -> bool:
    return bool(moments(series.values[:, column : column + 1])[1][0] > 0)


def read_prepared(frame: pd.DataFrame, preparation: Preparation) -> list[Series]:
    """Check a table against the one of the fit and cut it into its series.

    Raises:
        DataError: see `read_series`.
    """
    series, _ = read_series(frame, preparation.columns, preparation.step, notation=preparation.notation)
    preparation.note_unseen(series)
    return series


class PreparedTable:
    """The series of a table as read, beside their scaled panel.

    Args:
        series: as `read_series` gives them.
        preparation: of the fit.
        context: T.
        horizon: P.
        least: steps to look back on that are enough; T by default.
        counts: whether the targets are counts.
    """

    def __init__(
        self,
        series: Sequence[Series],
        preparation: Preparation,
        *,
        context: int,
        horizon: int,
        least: int | None = None,
        counts: bool = False,
    ):
        self.series = series
        rows = preparation.rows(series)
        inputs = torch.from_numpy(rows.inputs)
        self.panel = Panel(
            inputs=inputs,
            ahead=inputs[:, preparation.ahead].contiguous(),
            targets=torch.from_numpy(rows.targets),
            bounds=rows.bounds,
            scales=rows.scales if rows.scales.any else None,
            counts=rows.scales if counts else None,
        )
        self.scales = rows.scales
        self.bounded = preparation.bounded
        self._context = context
        self._least = least
        self.horizon = horizon
        targets = len(preparation.columns.targets)
        self._values = np.concatenate([one.values[:, :targets] for one in series])

    def origins(self, first: pd.Timestamp | None = None, last: pd.Timestamp | None = None, stride: int = 1) -> Tensor:
        """The origins of the windows whose steps ahead all lie in [first, last)."""
        starts = self.panel.bounds[:-1]
        low = [0 if first is None else one.index.searchsorted(first) for one in self.series]
        high = [len(one.times) if last is None else one.index.searchsorted(last) for one in self.series]
        return self.panel.origins(starts + low, starts + high, self._context, self.horizon, stride, self._least)

    def windows(self, origins: Tensor, batch_size: int) -> Windows:
        """Batches of the windows with these origins, in order; shuffled, they teach to look back on less if need be."""
        return Windows(
            self.panel,
            origins,
            context=self._context,
            horizon=self.horizon,
            batch_size=batch_size,
            forgetful=self._least is not None and self._least < self._context,
        )

    def truth(self, origins: Tensor) -> np.ndarray:
        """(P, N, D) what followed these origins, in its own units; NaN where missing."""
        ahead: np.ndarray = self._values[np.arange(self.horizon)[:, None] + origins.numpy()]
        return ahead

    def times(self, origins: Tensor) -> tuple[pd.DatetimeIndex, np.ndarray]:
        """(N,) the last known time of each window; (N, P) the times ahead, UTC if they have a zone."""
        times = pd.DatetimeIndex(self.series[0].index.append([one.index for one in self.series[1:]]))
        plain = (times if times.tz is None else times.tz_convert(None)).to_numpy()
        return times[origins.numpy() - 1], plain[origins.numpy()[:, None] + np.arange(self.horizon)]

    def names(self, origins: Tensor) -> tuple[Hashable, ...]:
        """(N,) the series of each window."""
        return tuple(self.series[number].name for number in self.panel.series_of(origins - 1))

    def unscale(self, values: np.ndarray, origins: Tensor) -> np.ndarray:
        """(P, N, D, ...) scaled forecasts from these origins, in their own units."""
        return self.bounded(unscaled(values, self.scales.of(origins.numpy(), self._context, self.horizon)))

    def level(self, origins: Tensor) -> np.ndarray:
        """(N, D) the level of the counts before these origins."""
        return self.scales.level(origins.numpy(), self._context)

    @cached_property
    def last(self) -> np.ndarray:
        """(R, D) the targets as last observed by each row, in their own units; before the first the mean of the fit."""
        filled = []
        for number, (low, high) in enumerate(zip(self.panel.bounds[:-1], self.panel.bounds[1:], strict=True)):
            one = fill_forward(self._values[low:high], np.nan)
            filled.append(np.where(np.isnan(one), self.scales.mean[number, : one.shape[1]], one))
        return np.concatenate(filled)
