"""What turns series into the numbers that a network reads, and its numbers into the targets' own units."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from gruvy.errors import note
from gruvy.timeseries.calendar import CYCLES, calendar_features
from gruvy.timeseries.categories import UNKNOWN, category_channels
from gruvy.timeseries.columns import Columns
from gruvy.timeseries.missing import fill_forward
from gruvy.timeseries.names import places_of
from gruvy.timeseries.notation import TIMES, Notation
from gruvy.timeseries.problems import did_you_mean, some
from gruvy.timeseries.regular import Series
from gruvy.timeseries.scaling import ROUNDING, Scaler, standardised
from gruvy.timeseries.steps import Step
from gruvy.timeseries.windows import FARTHEST, WindowScales

Bound = float | None | tuple[float | None, ...]


class Rows(NamedTuple):
    """Scaled series laid end to end.

    Attributes:
        inputs: (R, C) float32 without NaN: measured values, targets first, then calendar, then flags.
        targets: (R, D) float32, NaN where missing.
        bounds: (S + 1,) where each series begins; the last entry is R.
        scales: of the windows.
    """

    inputs: np.ndarray
    targets: np.ndarray
    bounds: np.ndarray
    scales: WindowScales


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
        notation: how the table writes its times.
        bounds: the least and the largest value that a forecast may have, each one for all targets or one a target; None
            where there is none.
        holidays: ISO dates of holidays, each of which has a 1 in a channel that is known ahead; empty for no channel.
    """

    columns: Columns
    step: Step
    cycles: tuple[str, ...]
    gaps: tuple[int, ...]
    scaler: Scaler
    names: tuple[Hashable, ...]
    notation: Notation = TIMES
    bounds: tuple[Bound, Bound] = (None, None)
    holidays: tuple[str, ...] = ()

    @property
    def channels(self) -> int:
        """C, the features of the context."""
        levels = sum(len(levels) for _, levels in self.columns.categories)
        return len(self.columns.values) + 2 * len(self.cycles) + len(self.gaps) + levels + bool(self.holidays)

    @property
    def known(self) -> slice:
        """Which of the channels are known ahead."""
        values = len(self.columns.values)
        return slice(values - len(self.columns.known), values)

    @property
    def ahead(self) -> list[int]:
        """Which of the channels are known ahead: those of the columns, of their levels, and the holidays."""
        values = self.columns.values
        found, start = list(range(len(values))[self.known]), len(values) + 2 * len(self.cycles) + len(self.gaps)
        for name, levels in self.columns.categories:
            end = start + len(levels)
            found += range(start, end) if name in self.columns.known else ()
            start = end
        return [*found, start] if self.holidays else found

    def bounded(self, values: np.ndarray) -> np.ndarray:
        """Forecasts (P, N, D, ...) within the bounds of the targets."""
        if self.bounds == (None, None):
            return values
        shape = (-1,) + (1,) * (values.ndim - 3)
        low, high = (
            _limits(bound, end).reshape(shape) for bound, end in zip(self.bounds, (-np.inf, np.inf), strict=True)
        )
        within: np.ndarray = np.clip(values, low, high)
        return within

    @property
    def _days(self) -> np.ndarray:
        return np.array(self.holidays, "M8[D]")

    def note_unseen(self, series: Sequence[Series]) -> None:
        """Say which series the fit has not seen: their windows are scaled by themselves."""
        unseen = [one.name for one, row in zip(series, self.numbers(series), strict=True) if row < 0]
        if unseen:
            hint = did_you_mean(unseen[0], self.names)
            note(
                f"series {some(unseen)}: not in the table of the fit; forecast by what was learnt of the others, each "
                f"window scaled by its own values{f' ({hint})' if hint.startswith('did') else ''}"
            )

    def numbers(self, series: Sequence[Series]) -> np.ndarray:
        """The row of each series in the scaler; -1 for those that the fit has not seen."""
        if not self.names:
            return np.zeros(len(series), np.int64)
        places = places_of([one.name for one in series], self.names)
        return np.array([-1 if place is None else place for place in places])

    def rows(self, series: Sequence[Series]) -> Rows:
        """Scale, fill and lay end to end."""
        D = len(self.columns.targets)
        bounds = np.concatenate([[0], np.cumsum([len(one.times) for one in series])])
        mean, std = self._statistics(series)
        values = np.concatenate([one.values for one in series])
        # What was constant in all of the training part has nothing to tell: the network never learnt to read it.
        told = (self.scaler.std > 0).any(axis=0) | (np.arange(values.shape[1]) < D)
        categories = np.array([name in self.columns.levels for name in self.columns.values])
        told &= ~categories
        self._note_untold(values, bounds, mean, ~told & ~categories)

        inputs, truths, far = [], [], []
        for number, one in enumerate(series):
            scaled = standardised(one.values, mean[number], std[number])
            filled = fill_forward(scaled)
            far.append(np.abs(filled) > FARTHEST)
            missing = np.isnan(one.values[:, list(self.gaps)])
            measured = np.clip(filled, -FARTHEST, FARTHEST)
            parts = [measured, calendar_features(one.times, self.cycles), missing]
            for name, levels in self.columns.categories:
                codes = fill_forward(one.values[:, [self.columns.values.index(name)]], UNKNOWN)[:, 0]
                parts.append(category_channels(codes, len(levels)))
            if self.holidays:
                parts.append(np.isin(one.times.clock.astype("M8[D]"), self._days)[:, None])
            inputs.append(np.hstack(parts).astype(np.float32))
            truths.append(np.clip(scaled[:, :D], -FARTHEST, FARTHEST).astype(np.float32))
        beyond = np.concatenate(far)
        self._check_holidays(series)
        scales = WindowScales(
            values=values,
            bounds=bounds,
            mean=mean,
            std=std,
            own=(std == 0) & told,
            far=beyond if beyond.any() else None,
            targets=D,
            known=self.known,
        )
        return Rows(np.concatenate(inputs), np.concatenate(truths), bounds, scales)

    def _statistics(self, series: Sequence[Series]) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation (S, V) of these series from the fit."""
        numbers = self.numbers(series)
        seen = (numbers >= 0)[:, None]
        mean, std = self.scaler.mean, self.scaler.std
        return np.where(seen, mean[numbers], (mean / len(mean)).sum(axis=0)), np.where(seen, std[numbers], 0.0)

    def _check_holidays(self, series: Sequence[Series]) -> None:
        last = max(one.times.clock[-1] for one in series) if self.holidays else None
        if last is not None and last.astype("M8[Y]") > self._days[-1].astype("M8[Y]"):
            note(f"the model knows holidays until {self.holidays[-1]} only; fit again for later ones")

    def _note_untold(self, values: np.ndarray, bounds: np.ndarray, mean: np.ndarray, untold: np.ndarray) -> None:
        """Say which covariates, constant in the training part, are something else here."""
        for column in np.flatnonzero(untold):
            found, constant = values[:, column], np.repeat(mean[:, column], np.diff(bounds))
            with np.errstate(invalid="ignore"):
                left = np.abs(found - constant) > ROUNDING * np.maximum(np.abs(found), np.abs(constant))
            if left.any():
                note(
                    f"covariate '{self.columns.values[column]}' did not vary in the training part, so nothing was "
                    f"learnt of it, and values such as {found[left][0]:g} change no forecast; fit with rows in which "
                    "it varies, or leave it out"
                )

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
                "static": list(columns.static),
                "levels": columns.levels,
            },
            "bounds": list(self.bounds),
            "holidays": list(self.holidays),
            "step": self.step.document(),
            "time": self.notation.document(),
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
            static=tuple(about.get("static", ())),
            levels={name: list(levels) for name, levels in about.get("levels", {}).items()},
        )
        cycles, names = tuple(document["calendar"]), tuple(document["series"])
        if unknown := set(cycles) - set(CYCLES):
            raise ValueError(f"the calendar has {sorted(unknown)}; expected some of {', '.join(CYCLES)}")
        shape = (max(len(names), 1), len(columns.values))
        if scaler.mean.shape != shape or scaler.std.shape != shape:
            raise ValueError(f"the scaler has the shapes {scaler.mean.shape}, {scaler.std.shape}; expected {shape}")
        return cls(
            columns=columns,
            step=Step.of_document(document["step"]),
            cycles=cycles,
            gaps=tuple(columns.values.index(name) for name in document["missing_flags"]),
            scaler=scaler,
            names=names,
            notation=Notation.of_document(document.get("time", {})),
            bounds=_bounds(document.get("bounds", (None, None))),
            holidays=tuple(document.get("holidays", ())),
        )


def _limits(bound: Bound, none: float) -> np.ndarray:
    """(1,) or (D,); ``none`` where there is no bound."""
    return np.array([none if one is None else one for one in (bound if isinstance(bound, tuple) else (bound,))])


def _bounds(written: Any) -> tuple[Bound, Bound]:
    low, high = (tuple(bound) if isinstance(bound, list) else bound for bound in written)
    return low, high
