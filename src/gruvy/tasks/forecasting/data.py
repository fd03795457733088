"""From a table to scaled windows, and the splits by time."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from gruvy.data import Panel, Windows, calendar_cycles, followed_cycles, read_series
from gruvy.errors import DataError
from gruvy.timeseries import Columns, Preparation, Problems, Scaler, Series, Step

_LEAST_MISSING = 0.01


@dataclass(frozen=True)
class Split:
    """Three parts by time: train before ``validation``, then validation, then test from ``test`` on."""

    validation: pd.Timestamp
    test: pd.Timestamp

    @classmethod
    def of(cls, series: Sequence[Series], validation_fraction: float, test_fraction: float) -> Split:
        """Cut the span of all series together, so that no series shows the future of another."""
        times = series[0].index
        for one in series[1:]:
            times = times.union(one.index)
        test = len(times) - round(len(times) * test_fraction)
        validation = test - round(len(times) * validation_fraction)
        last = len(times) - 1
        return cls(times[min(max(validation, 0), last)], times[min(test, last)])


def check_split(
    series: Sequence[Series], split: Split, windows: Mapping[str, int], *, context: int, horizon: int
) -> None:
    """Refuse a table in which a part has no window.

    Args:
        series: of the table.
        split: of its time.
        windows: how many windows "training", "validation" and "test" have.
        context, horizon: T and P.

    Raises:
        DataError: a part has none; how many rows each such part has, and how many it needs.
    """
    ahead = (horizon, f"horizon = {horizon}")
    parts = {
        "training": (None, split.validation, context + horizon, f"context_length + horizon = {context} + {horizon}"),
        "validation": (split.validation, split.test, *ahead),
        "test": (split.test, None, *ahead),
    }
    problems = Problems("too few rows for a window")
    for part, (first, last, needed, why) in parts.items():
        rows = max(
            (len(one.times) if last is None else int(one.index.searchsorted(last)))
            - (0 if first is None else int(one.index.searchsorted(first)))
            for one in series
        )
        if rows < needed:
            problems.add(f"the {part} part has {rows} rows in its longest series, expected at least {why}")
        elif not windows[part]:
            problems.add(f"the {part} part has {rows} rows, but no window with observed targets")
    if problems.found:
        problems.found[-1] += "; give more rows, or a smaller context_length, horizon or fraction"
    problems.raise_as(DataError)


def learn_preparation(series: Sequence[Series], columns: Columns, step: Step, end: pd.Timestamp) -> Preparation:
    """Take every statistic from the rows before ``end``."""
    parts = [one.values[one.index < end] for one in series]
    scaler = Scaler.of(parts)
    missing = np.isnan(np.concatenate(parts)).mean(axis=0)
    targets = pd.concat(
        pd.DataFrame(scaler.scale(part, number)[:, : len(columns.targets)], index=one.index[: len(part)])
        for number, (one, part) in enumerate(zip(series, parts, strict=True))
    )
    # The mean over the series, because series of one kind share their chances too: they are no
    # independent evidence.
    common = targets.groupby(level=0).mean()
    span = end - common.index[0] if len(common) else pd.Timedelta(0)
    duration = pd.Timedelta(step.duration)
    return Preparation(
        columns=columns,
        step=step,
        cycles=followed_cycles(common, calendar_cycles(duration, span), duration),
        gaps=tuple(int(column) for column in np.flatnonzero(missing >= _LEAST_MISSING)),
        scaler=scaler,
        names=tuple(one.name for one in series),
    )


def read_prepared(frame: pd.DataFrame, preparation: Preparation) -> list[Series]:
    """Check a table against the one of the fit and cut it into its series.

    Raises:
        DataError: see `read_series`; also a series that the fit has not seen.
    """
    series, _ = read_series(frame, preparation.columns, preparation.step)
    preparation.check_names(series)
    return series


class PreparedTable:
    """The series of a table as read, beside their scaled panel.

    Args:
        series: as `read_series` gives them.
        preparation: of the fit.
        context: T.
        horizon: P.
    """

    def __init__(self, series: Sequence[Series], preparation: Preparation, *, context: int, horizon: int):
        self.series = series
        rows = preparation.rows(series)
        inputs = torch.from_numpy(rows.inputs)
        self.panel = Panel(
            inputs=inputs,
            ahead=inputs[:, preparation.known].contiguous(),
            targets=torch.from_numpy(rows.targets),
            bounds=rows.bounds,
        )
        self._preparation = preparation
        self._context = context
        self._horizon = horizon
        targets = len(preparation.columns.targets)
        self._values = np.concatenate([one.values[:, :targets] for one in series])

    def origins(self, first: pd.Timestamp | None = None, last: pd.Timestamp | None = None, stride: int = 1) -> Tensor:
        """The origins of the windows whose steps ahead all lie in [first, last)."""
        starts = self.panel.bounds[:-1]
        low = [0 if first is None else one.index.searchsorted(first) for one in self.series]
        high = [len(one.times) if last is None else one.index.searchsorted(last) for one in self.series]
        return self.panel.origins(starts + low, starts + high, self._context, self._horizon, stride)

    def windows(self, origins: Tensor, batch_size: int) -> Windows:
        """Batches of the windows with these origins, in order."""
        return Windows(self.panel, origins, context=self._context, horizon=self._horizon, batch_size=batch_size)

    def truth(self, origins: Tensor) -> np.ndarray:
        """(P, N, D) what came after these origins, in its own units; NaN where missing."""
        ahead: np.ndarray = self._values[np.arange(self._horizon)[:, None] + origins.numpy()]
        return ahead

    def times(self, origins: Tensor) -> tuple[pd.DatetimeIndex, np.ndarray]:
        """(N,) the last known time of each window; (N, P) the times ahead, UTC if they have a zone."""
        times = pd.DatetimeIndex(self.series[0].index.append([one.index for one in self.series[1:]]))
        plain = (times if times.tz is None else times.tz_convert(None)).to_numpy()
        return times[origins.numpy() - 1], plain[origins.numpy()[:, None] + np.arange(self._horizon)]

    def names(self, origins: Tensor) -> tuple[Hashable, ...]:
        """(N,) the series of each window."""
        return tuple(self.series[number].name for number in self.panel.series_of(origins - 1))

    def unscale(self, values: np.ndarray, origins: Tensor) -> np.ndarray:
        """(P, N, D, ...) scaled forecasts from these origins, in their own units."""
        numbers = self._preparation.numbers(self.series)
        return self._preparation.unscale(values, numbers[self.panel.series_of(origins - 1)])
