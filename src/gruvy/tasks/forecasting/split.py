"""What a Forecaster learns from, chooses its epoch by, and is measured on: by time, or by whole series."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from torch import Tensor

from gruvy.errors import DataError
from gruvy.tasks.forecasting.data import PreparedTable
from gruvy.tasks.forecasting.sizes import sizes_that_fit
from gruvy.timeseries import Problems, Series

SPLITS = ("time", "series")


# Of a whole series, so many times what is looked ahead: 24 steps of 192, the usual sizes.
_WINDOWS_OF_AHEAD = 8


class Origins(NamedTuple):
    """The windows of each part, as the rows where their forecasts begin."""

    training: Tensor
    validation: Tensor
    test: Tensor


def split_series(
    by: str, series: Sequence[Series], validation_fraction: float, test_fraction: float
) -> TimeSplit | SeriesSplit:
    """Cut the series of a table into the three parts, by "time" or by "series".

    Raises:
        DataError: there are too few series.
    """
    return (SeriesSplit if by == "series" else TimeSplit).of(series, validation_fraction, test_fraction)


@dataclass(frozen=True)
class TimeSplit:
    """Train before ``validation``, then validation, then test from ``test`` on; a context may reach back."""

    validation: pd.Timestamp
    test: pd.Timestamp

    @classmethod
    def of(cls, series: Sequence[Series], validation_fraction: float, test_fraction: float) -> TimeSplit:
        """Cut the span of all series together, so that no series shows the future of another."""
        times = series[0].index
        for one in series[1:]:
            times = times.union(one.index)
        test = len(times) - round(len(times) * test_fraction)
        validation = test - round(len(times) * validation_fraction)
        last = len(times) - 1
        return cls(times[min(max(validation, 0), last)], times[min(test, last)])

    @property
    def starts(self) -> tuple[pd.Timestamp | None, pd.Timestamp | None]:
        """When validation and test begin."""
        return self.validation, self.test

    @property
    def series(self) -> tuple[list[Hashable], list[Hashable]]:
        """The series held out as a whole: none."""
        return [], []

    def training_part(self, series: Sequence[Series]) -> list[Series]:
        """The rows that statistics may be taken from."""
        rows = [int(one.index.searchsorted(self.validation)) for one in series]
        return [Series(one.name, one.times[:end], one.values[:end]) for one, end in zip(series, rows, strict=True)]

    def origins(self, table: PreparedTable) -> Origins:
        """The windows whose steps ahead all lie in a part."""
        return Origins(
            table.origins(None, self.validation),
            table.origins(self.validation, self.test),
            table.origins(self.test),
        )

    def room(self, series: Sequence[Series]) -> tuple[int, int]:
        """How many rows there are to learn from, and how many to look ahead on, at most in one series."""
        training, validation, test = self._rows(series)
        return training, min(validation, test)

    def _rows(self, series: Sequence[Series]) -> tuple[int, int, int]:
        """Of each part the rows of its longest series."""
        cuts = [
            (int(one.index.searchsorted(self.validation)), int(one.index.searchsorted(self.test)), len(one.times))
            for one in series
        ]
        training, validation, test = (
            max(rows) for rows in zip(*((first, test - first, end - test) for first, test, end in cuts), strict=True)
        )
        return training, validation, test

    def check(self, series: Sequence[Series], origins: Origins, *, context: int, horizon: int) -> None:
        """Refuse a table in which a part has no window: how many rows each such part has, and how many it needs.

        Raises:
            DataError: there is such a part.
        """
        ahead = (horizon, f"horizon = {horizon}")
        limits = ((context + horizon, f"context_length + horizon = {context} + {horizon}"), ahead, ahead)
        problems, short = Problems("too few rows for a window"), False
        for part, found, rows, (needed, why) in zip(Origins._fields, origins, self._rows(series), limits, strict=True):
            if rows < needed:
                short = True
                problems.add(f"the {part} part has {rows} rows in its longest series, expected at least {why}")
            elif not len(found):
                problems.add(f"the {part} part has {rows} rows, but no window with observed targets")
        if problems.found:
            problems.found[-1] += f"; give more rows{sizes_that_fit(*self.room(series)) if short else ''}"
        problems.raise_as(DataError)


@dataclass(frozen=True)
class SeriesSplit:
    """Some series for validation, some for the test, all others to train on; what is learnt serves new series too."""

    validation: tuple[Hashable, ...]
    test: tuple[Hashable, ...]

    @classmethod
    def of(cls, series: Sequence[Series], validation_fraction: float, test_fraction: float) -> SeriesSplit:
        """Take the last series of the table for the test, and those before them for validation.

        Raises:
            DataError: a part would have no series.
        """
        names = [one.name for one in series]
        test = len(names) - round(len(names) * test_fraction)
        validation = test - round(len(names) * validation_fraction)
        if not 0 < validation < test < len(names):
            raise DataError(
                f"split='series': expected enough series for three parts, got {len(names)} with validation_fraction="
                f"{validation_fraction} and test_fraction={test_fraction}; give more series or larger fractions"
            )
        return cls(tuple(names[validation:test]), tuple(names[test:]))

    @property
    def starts(self) -> tuple[pd.Timestamp | None, pd.Timestamp | None]:
        """When validation and test begin: at no one time."""
        return None, None

    @property
    def series(self) -> tuple[list[Hashable], list[Hashable]]:
        """The series of validation and test."""
        return list(self.validation), list(self.test)

    def training_part(self, series: Sequence[Series]) -> list[Series]:
        """The series that statistics may be taken from."""
        held_out = {*self.validation, *self.test}
        return [one for one in series if one.name not in held_out]

    def origins(self, table: PreparedTable) -> Origins:
        """The windows of the series of each part."""
        part = dict.fromkeys(self.validation, 1) | dict.fromkeys(self.test, 2)
        parts = np.array([part.get(one.name, 0) for one in table.series])
        everything = table.origins()
        found = parts[table.panel.series_of(everything - 1)]
        return Origins(*(everything[found == number] for number in range(3)))

    def room(self, series: Sequence[Series]) -> tuple[int, int]:
        """How many rows there are to learn from, and how many of them to look ahead on, in every part."""
        lengths = {one.name: len(one.times) for one in series}
        held_out = [max(lengths[name] for name in part) for part in (self.validation, self.test)]
        rows = min(max(len(one.times) for one in self.training_part(series)), *held_out)
        return rows, rows // _WINDOWS_OF_AHEAD

    def check(self, series: Sequence[Series], origins: Origins, *, context: int, horizon: int) -> None:
        """Refuse a table in which a part has no window.

        Raises:
            DataError: there is such a part.
        """
        problems = Problems("too few rows for a window")
        for part, found in zip(Origins._fields, origins, strict=True):
            if not len(found):
                problems.add(
                    f"no series of the {part} part has a window of context_length + horizon = {context} + {horizon} "
                    "rows with observed targets"
                )
        if problems.found:
            problems.found[-1] += f"; give longer series{sizes_that_fit(*self.room(series))}"
        problems.raise_as(DataError)
