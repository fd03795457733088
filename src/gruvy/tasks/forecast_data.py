"""From a table to scaled windows, and the splits by time."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from gruvy.data import (
    Columns,
    Panel,
    Problems,
    Scaler,
    Series,
    Step,
    Windows,
    calendar_cycles,
    calendar_features,
    did_you_mean,
    fill_forward,
    followed_cycles,
    read_series,
)
from gruvy.errors import DataError

_LEAST_MISSING = 0.01


@dataclass(frozen=True)
class Split:
    """Three parts by time: train before ``validation``, then validation, then test from ``test`` on."""

    validation: pd.Timestamp
    test: pd.Timestamp

    @classmethod
    def of(cls, series: Sequence[Series], validation_fraction: float, test_fraction: float) -> Split:
        """Cut the span of all series together, so that no series shows the future of another."""
        times = series[0].times
        for one in series[1:]:
            times = times.union(one.times)
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
            (len(one.times) if last is None else int(one.times.searchsorted(last)))
            - (0 if first is None else int(one.times.searchsorted(first)))
            for one in series
        )
        if rows < needed:
            problems.add(f"the {part} part has {rows} rows in its longest series, expected at least {why}")
        elif not windows[part]:
            problems.add(f"the {part} part has {rows} rows, but no window with observed targets")
    if problems.found:
        problems.found[-1] += "; give more rows, or a smaller context_length, horizon or fraction"
    problems.raise_as(DataError)


@dataclass(frozen=True)
class Preparation:
    """What turns a table into the tensors of the network; found on the training part, kept with the model.

    Attributes:
        columns: the parts of the table's columns.
        step: the time between rows.
        cycles: the calendar features in use.
        gaps: numbers of the value columns that have missing values in the training part. Each gets a channel
            that is 1 where a value is missing. Only these: a channel that is always 0 in training has weights
            that never learnt anything.
        scaler: of the value columns, per series.
        names: of the series, in the scaler's order.
    """

    columns: Columns
    step: Step
    cycles: tuple[str, ...]
    gaps: tuple[int, ...]
    scaler: Scaler
    names: tuple[Hashable, ...]

    @classmethod
    def of(cls, series: Sequence[Series], columns: Columns, step: Step, end: pd.Timestamp) -> Preparation:
        """Take every statistic from the rows before ``end``."""
        parts = [one.values[one.times < end] for one in series]
        scaler = Scaler.of(parts)
        missing = np.isnan(np.concatenate(parts)).mean(axis=0)
        targets = pd.concat(
            pd.DataFrame(scaler.scale(part, number)[:, : len(columns.targets)], index=one.times[: len(part)])
            for number, (one, part) in enumerate(zip(series, parts, strict=True))
        )
        # The mean over the series, because series of one kind share their chances too: they are no
        # independent evidence.
        common = targets.groupby(level=0).mean()
        span = end - common.index[0] if len(common) else pd.Timedelta(0)
        return cls(
            columns=columns,
            step=step,
            cycles=followed_cycles(common, calendar_cycles(step.duration, span), step.duration),
            gaps=tuple(int(column) for column in np.flatnonzero(missing >= _LEAST_MISSING)),
            scaler=scaler,
            names=tuple(one.name for one in series),
        )

    @property
    def channels(self) -> int:
        """C, the features of the context."""
        return len(self.columns.values) + 2 * len(self.cycles) + len(self.gaps)

    def read(self, frame: pd.DataFrame) -> list[Series]:
        """Check a table against the one of the fit and cut it into its series.

        Raises:
            DataError: see `read_series`; also a series that the fit has not seen.
        """
        series, _ = read_series(frame, self.columns, self.step)
        problems = Problems("the table")
        known = set(self.names)
        for one in series:
            if one.name not in known:
                problems.add(
                    f"series {one.name!r} was not in the table of the fit, so its scale is unknown; "
                    f"{did_you_mean(one.name, self.names)} Else fit again with it"
                )
        problems.raise_as(DataError)
        return series

    def numbers(self, series: Sequence[Series]) -> np.ndarray:
        """The row of each series in the scaler."""
        number = {name: row for row, name in enumerate(self.names)}
        return np.array([number[one.name] for one in series])

    def panel(self, series: Sequence[Series]) -> Panel:
        """Scale, fill and lay end to end."""
        targets, known = len(self.columns.targets), len(self.columns.known)
        inputs, truths = [], []
        for one, number in zip(series, self.numbers(series), strict=True):
            scaled = self.scaler.scale(one.values, number)
            missing = np.isnan(one.values[:, list(self.gaps)])
            inputs.append(
                np.hstack([fill_forward(scaled), calendar_features(one.times, self.cycles), missing]).astype(np.float32)
            )
            truths.append(scaled[:, :targets].astype(np.float32))
        rows = torch.from_numpy(np.concatenate(inputs))
        values = len(self.columns.values)
        return Panel(
            inputs=rows,
            ahead=rows[:, values - known : values].contiguous(),
            targets=torch.from_numpy(np.concatenate(truths)),
            bounds=np.concatenate([[0], np.cumsum([len(one.times) for one in series])]),
        )


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
        self.panel = preparation.panel(series)
        self._preparation = preparation
        self._context = context
        self._horizon = horizon
        targets = len(preparation.columns.targets)
        self._values = np.concatenate([one.values[:, :targets] for one in series])

    def origins(self, first: pd.Timestamp | None = None, last: pd.Timestamp | None = None, stride: int = 1) -> Tensor:
        """The origins of the windows whose steps ahead all lie in [first, last)."""
        starts = self.panel.bounds[:-1]
        low = [0 if first is None else one.times.searchsorted(first) for one in self.series]
        high = [len(one.times) if last is None else one.times.searchsorted(last) for one in self.series]
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
        times = pd.DatetimeIndex(self.series[0].times.append([one.times for one in self.series[1:]]))
        plain = (times if times.tz is None else times.tz_convert(None)).to_numpy()
        return times[origins.numpy() - 1], plain[origins.numpy()[:, None] + np.arange(self._horizon)]

    def names(self, origins: Tensor) -> tuple[Hashable, ...]:
        """(N,) the series of each window."""
        return tuple(self.series[number].name for number in self.panel.series_of(origins - 1))

    def unscale(self, values: np.ndarray, origins: Tensor) -> np.ndarray:
        """(P, N, D, ...) scaled forecasts from these origins, in their own units."""
        scaler = self._preparation.scaler
        known = self._preparation.numbers(self.series)[self.panel.series_of(origins - 1)]
        targets = values.shape[2]
        shape = (1, len(known), targets) + (1,) * (values.ndim - 3)
        mean, std = scaler.mean[known, :targets].reshape(shape), scaler.std[known, :targets].reshape(shape)
        unscaled: np.ndarray = values * std + mean
        return unscaled


def with_future(series: Series, preparation: Preparation, horizon: int) -> Series:
    """The series up to its origin, and ``horizon`` rows after it.

    Without known covariates the origin is the last row. With them it is the last row in which a target is
    observed, and the rows after it must bring what is known of the future.

    Raises:
        DataError: rows or values of known covariates are missing ahead.
    """
    columns, values, times = preparation.columns, series.values, series.times
    where = "the table" if series.name is None else f"series {series.name!r}"
    if not columns.known:
        future = np.full((horizon, values.shape[1]), np.nan)
        longer = pd.DatetimeIndex(times.append(preparation.step.after(times[-1], horizon)))
        return Series(series.name, longer, np.vstack([values, future]))

    observed = np.flatnonzero(~np.isnan(values[:, : len(columns.targets)]).all(axis=1))
    end = observed[-1] + 1 + horizon
    problems = Problems(where)
    if len(times) < end:
        problems.add(
            f"the forecast of {horizon} rows after {times[observed[-1]]} needs {', '.join(columns.known)} for all "
            f"of them, but only {len(times) - observed[-1] - 1} rows follow; append rows with the targets left empty"
        )
        problems.raise_as(DataError)
    known = np.isnan(values[end - horizon : end, -len(columns.known) :])
    for name, missing in zip(columns.known, known.sum(axis=0), strict=True):
        if missing:
            problems.add(f"known covariate '{name}' is missing in {missing} of the {horizon} rows ahead; fill it in")
    problems.raise_as(DataError)
    return Series(series.name, times[:end], values[:end])
