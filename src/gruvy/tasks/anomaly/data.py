"""The rows that an AnomalyDetector reads, from a table or an array, and how a fit divides them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from sklearn.utils import check_array

from gruvy.data import Panel, Windows, as_frame, is_frame, read_numbers, read_series
from gruvy.detection import TimeColumn, fewest_rows
from gruvy.errors import ArgumentError, DataError, note
from gruvy.timeseries import UNSAID, Columns, Notation, Problems, Series, Step, TimeFormat, Times, did_you_mean, some

# Windows of the training part begin this fraction of their length apart.
_STRIDES_PER_WINDOW = 8


@dataclass(frozen=True)
class Readings:
    """One series.

    Attributes:
        values: (T, C) float64; NaN where missing.
        columns: C names.
        times: of each row; None where the rows are only numbered.
        step: between the times.
        order: the row of the table that each row was; None where they are in the table's order.
    """

    values: np.ndarray
    columns: tuple[str, ...]
    times: Times | None = None
    step: Step | None = None
    order: np.ndarray | None = None

    @property
    def index(self) -> pd.Index:
        """The times, or the numbers of the rows."""
        if self.times is None:
            return pd.RangeIndex(len(self.values))
        written = self.times.written()
        return Series(None, self.times, self.values).index if written is None else pd.Index(written)

    @property
    def notation(self) -> Notation:
        """How the times are written."""
        return Notation() if self.times is None else self.times.notation

    def time_column(self, name: str | None) -> TimeColumn | None:
        """What is known of the column of times with this name; None where rows are only numbered."""
        return None if name is None or self.step is None else TimeColumn(name, self.step, self.notation)

    def in_order(self, of_table: np.ndarray) -> np.ndarray:
        """What belongs to the rows of the table (T,), in the order of the rows here."""
        return of_table if self.order is None else of_table[self.order]

    def of_table(self, ordered: np.ndarray) -> np.ndarray:
        """What belongs to the rows here (T,), in the order of the table."""
        if self.order is None:
            return ordered
        found = np.empty_like(ordered)
        found[self.order] = ordered
        return found


def read_readings(
    data: Any,
    columns: Sequence[str] | None = None,
    time: str | None = None,
    step: Step | Callable[[list[Times]], Step] | None = None,
    *,
    said: TimeFormat = UNSAID,
    notation: Notation | None = None,
) -> Readings:
    """Read a table or an array.

    Args:
        data: a DataFrame, or an array (T, C).
        columns: of the table to read; None for all but the time. An array's are called x0, x1 ...
        time: the column of dates and times, at a regular step; None if the rows are equally spaced anyway.
        step: the step that the times must follow, or what gives it; None to find it.
        said: what the caller says of how times are written.
        notation: how the table of the fit wrote them.

    Returns:
        The rows in order.

    Raises:
        ArgumentError: a time, without a table.
        DataError: what cannot be used, all of it: missing or non-numeric columns, times that are not regular.
    """
    if is_frame(data):
        data = as_frame(data, columns or (), time=time)
    if not isinstance(data, pd.DataFrame):
        if time is not None:
            raise ArgumentError(f"time={time!r}: expected a table with this column, got {type(data).__name__}")
        return _read_array(data, columns)
    kept = (time, *(columns or ()))
    data = data.set_axis([name if name in kept else str(name) for name in data.columns], axis=1)
    twice = data.columns[data.columns.duplicated()]
    if len(twice):
        raise DataError(f"the table: column '{twice[0]}' is there twice; give each column its own name")
    names = tuple(name for name in data.columns if name != time) if columns is None else tuple(columns)
    if columns is None:
        texts = [name for name in names if _is_text(data[name])]
        if texts and len(texts) < len(names):
            note(f"left out: {some(texts)}, columns of text; --columns names those to watch (columns in Python)")
            names = tuple(name for name in names if name not in texts)
    if not names:
        raise DataError("the table: expected at least one column of numbers beside the time, got none")
    if time is not None:
        (series,), found = read_series(data, Columns(names, time), step, said=said, notation=notation)
        rows = series.rows
        order = None if rows is None or len(rows) != len(data) or (np.diff(rows) == 1).all() else rows
        return Readings(series.values, names, series.times, found, order)
    problems = Problems("the table")
    for name in names:
        if name not in data.columns:
            problems.add(f"no column '{name}'; {did_you_mean(name, data.columns)}")
    problems.raise_as(DataError)
    if data.empty:
        raise DataError("the table: expected rows, got none")
    values = np.column_stack([read_numbers(data[name], problems) for name in names])
    problems.raise_as(DataError)
    return Readings(values, names)


def _is_text(column: pd.Series) -> bool:
    """Whether it has texts, and none of them is a number: a state, a remark."""
    if not (column.dtype == object or pd.api.types.is_string_dtype(column.dtype)):
        return False
    seen = column[column.notna()]
    texts = all(isinstance(value, str) for value in seen)
    return bool(len(seen)) and texts and bool(pd.to_numeric(seen, errors="coerce").isna().all())


def _read_array(data: Any, columns: Sequence[str] | None) -> Readings:
    try:
        values = check_array(data, dtype=np.float64, ensure_all_finite=False)
    except ValueError as error:
        raise DataError(f"the data: {error}") from error
    names = tuple(f"x{number}" for number in range(values.shape[1])) if columns is None else tuple(columns)
    if len(names) != values.shape[1]:
        raise DataError(
            f"the data: X has {values.shape[1]} features, but AnomalyDetector is expecting {len(names)} features as "
            f"input: {', '.join(names)}"
        )
    return Readings(values, names)


@dataclass(frozen=True)
class Parts:
    """How a fit divides its rows by time: [0, validation), [validation, calibration), [calibration, rows).

    The first part is learnt from, the second chooses the best epoch and gives the spread of the errors, the third, of
    which nothing else is learnt, gives the threshold.
    """

    validation: int
    calibration: int
    rows: int

    @classmethod
    def of(cls, rows: int, validation_fraction: float, calibration_fraction: float) -> Parts:
        """Cut this many rows."""
        calibration = rows - round(rows * calibration_fraction)
        return cls(calibration - round(rows * validation_fraction), calibration, rows)

    def check(self, *, context: int, horizon: int, rate: float) -> None:
        """Raise DataError for parts that are too short; how many rows they have, and how many they need."""
        window = (context + horizon, f"context_length + horizon = {context} + {horizon}")
        parts = {
            "training": (self.validation, *window),
            "validation": (self.calibration - self.validation, *window),
            "calibration": (
                self.rows - self.calibration,
                fewest_rows(rate),
                f"1 / false_alarm_rate - 1 = {fewest_rows(rate)}",
            ),
        }
        problems = Problems("too few rows")
        for part, (found, needed, why) in parts.items():
            if found < needed:
                problems.add(f"the {part} part has {found} of {self.rows} rows, expected at least {why}")
        if problems.found:
            problems.found[-1] += f"; give more rows{self._sizes_that_fit(context, horizon, rate)}"
        problems.raise_as(DataError)

    def _sizes_that_fit(self, context: int, horizon: int, rate: float) -> str:
        """A cure for parts that are too short; "" if they are too short for anything."""
        validation, calibration = self.calibration - self.validation, self.rows - self.calibration
        room = min(self.validation, validation)
        if room < 2 or calibration < 1:
            return ""
        ahead = horizon if room >= 2 * horizon else room // 2
        back = context if room >= context + ahead else max(1, (room - ahead) // 2)
        most = rate if calibration >= fewest_rows(rate) else math.ceil(1000 / (calibration + 1)) / 1000
        found: list[tuple[str, str, float, float]] = [
            ("context", "context_length", back, context),
            ("horizon", "horizon", ahead, horizon),
            ("false-alarm-rate", "false_alarm_rate", most, rate),
        ]
        changed = [(option, name, value) for option, name, value, given in found if value != given]
        options = " ".join(f"--{option} {value:g}" for option, _, value in changed)
        arguments = ", ".join(f"{name}={value:g}" for _, name, value in changed)
        return f", or fit with {options} ({arguments} in Python), for which there are enough"


def windows(scaled: np.ndarray, *, context: int, horizon: int, batch_size: int) -> Windows:
    """Overlapping windows of scaled rows (T, C)."""
    rows = torch.from_numpy(scaled.astype(np.float32))
    panel = Panel(inputs=rows, ahead=rows[:, :0], targets=rows, bounds=np.array([0, len(rows)]))
    stride = max(1, context // _STRIDES_PER_WINDOW)
    origins = panel.origins(np.array([0]), np.array([len(rows)]), context, horizon, stride)
    return Windows(panel, origins, context=context, horizon=horizon, batch_size=batch_size)
