"""What turns series into the numbers that a network reads, and its numbers into the targets' own units."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from gruvy.errors import DataError
from gruvy.timeseries.calendar import CYCLES, calendar_features
from gruvy.timeseries.columns import Columns
from gruvy.timeseries.missing import fill_forward
from gruvy.timeseries.problems import Problems, did_you_mean
from gruvy.timeseries.regular import Series
from gruvy.timeseries.scaling import Scaler
from gruvy.timeseries.steps import Step


class Rows(NamedTuple):
    """Scaled series laid end to end.

    Attributes:
        inputs: (R, C) float32 without NaN: measured values, targets first, then calendar, then flags.
        targets: (R, D) float32, NaN where missing.
        bounds: (S + 1,) where each series begins; the last entry is R.
    """

    inputs: np.ndarray
    targets: np.ndarray
    bounds: np.ndarray


@dataclass(frozen=True)
class Preparation:
    """What turns a table into the inputs of the network; found on the training part, kept with the model.

    Attributes:
        columns: the parts of the table's columns.
        step: the time between rows.
        cycles: the calendar features in use.
        gaps: numbers of the value columns that have missing values in the training part. Each gets a channel
            that is 1 where a value is missing. Only these: a channel that is always 0 in training has weights
            that never learnt anything.
        scaler: of the value columns, per series or one for all.
        names: of the series, in the scaler's order; empty if one scale serves all, also those to come.
    """

    columns: Columns
    step: Step
    cycles: tuple[str, ...]
    gaps: tuple[int, ...]
    scaler: Scaler
    names: tuple[Hashable, ...]

    @property
    def channels(self) -> int:
        """C, the features of the context."""
        return len(self.columns.values) + 2 * len(self.cycles) + len(self.gaps)

    @property
    def known(self) -> slice:
        """Which of the channels are known ahead."""
        values = len(self.columns.values)
        return slice(values - len(self.columns.known), values)

    def check_names(self, series: Sequence[Series]) -> None:
        """Raise DataError for series that have no scale: the fit has not seen them."""
        if not self.names:
            return
        problems = Problems("the table")
        known = set(self.names)
        for one in series:
            if one.name not in known:
                problems.add(
                    f"series {one.name!r} was not in the table of the fit, so its scale is unknown; "
                    f"{did_you_mean(one.name, self.names)} Else fit again with it"
                )
        problems.raise_as(DataError)

    def numbers(self, series: Sequence[Series]) -> np.ndarray:
        """The row of each series in the scaler."""
        number = {name: row for row, name in enumerate(self.names)}
        return np.array([number[one.name] if self.names else 0 for one in series])

    def rows(self, series: Sequence[Series]) -> Rows:
        """Scale, fill and lay end to end."""
        targets = len(self.columns.targets)
        inputs, truths = [], []
        for one, number in zip(series, self.numbers(series), strict=True):
            scaled = self.scaler.scale(one.values, number)
            missing = np.isnan(one.values[:, list(self.gaps)])
            inputs.append(
                np.hstack([fill_forward(scaled), calendar_features(one.times, self.cycles), missing]).astype(np.float32)
            )
            truths.append(scaled[:, :targets].astype(np.float32))
        bounds = np.concatenate([[0], np.cumsum([len(one.times) for one in series])])
        return Rows(np.concatenate(inputs), np.concatenate(truths), bounds)

    def unscale(self, values: np.ndarray, series: np.ndarray) -> np.ndarray:
        """Bring scaled forecasts (P, N, D, ...) of the series with these numbers (N,) to their own units."""
        targets = values.shape[2]
        shape = (1, len(series), targets) + (1,) * (values.ndim - 3)
        mean, std = (part[series, :targets].reshape(shape) for part in (self.scaler.mean, self.scaler.std))
        unscaled: np.ndarray = values * std + mean
        return unscaled

    def document(self) -> dict[str, Any]:
        """Return all but the scaler as plain JSON."""
        columns = self.columns
        return {
            "columns": {
                "targets": list(columns.targets),
                "time": columns.time,
                "series": columns.series,
                "past": list(columns.past),
                "known": list(columns.known),
            },
            "step": self.step.freq,
            "calendar": list(self.cycles),
            "missing_flags": [columns.values[number] for number in self.gaps],
            "series": list(self.names),
        }

    @classmethod
    def of_document(cls, document: Mapping[str, Any], scaler: Scaler) -> Preparation:
        """Put together what `document` returned.

        Raises:
            KeyError, TypeError, ValueError: it is no such document, or the scaler does not fit.
        """
        about = document["columns"]
        columns = Columns(
            targets=tuple(about["targets"]),
            time=about["time"],
            series=about["series"],
            past=tuple(about["past"]),
            known=tuple(about["known"]),
        )
        cycles, names = tuple(document["calendar"]), tuple(document["series"])
        if unknown := set(cycles) - set(CYCLES):
            raise ValueError(f"the calendar has {sorted(unknown)}; expected some of {', '.join(CYCLES)}")
        shape = (max(len(names), 1), len(columns.values))
        if scaler.mean.shape != shape or scaler.std.shape != shape:
            raise ValueError(f"the scaler has the shapes {scaler.mean.shape}, {scaler.std.shape}; expected {shape}")
        return cls(
            columns=columns,
            step=Step(document["step"]),
            cycles=cycles,
            gaps=tuple(columns.values.index(name) for name in document["missing_flags"]),
            scaler=scaler,
            names=names,
        )
