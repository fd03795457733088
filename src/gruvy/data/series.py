"""Time series from a table: checked, and laid on a regular grid of time."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from gruvy.data.problems import Problems, did_you_mean
from gruvy.data.steps import Step, infer_step
from gruvy.errors import DataError

# A grid that is nearly empty is a wrong step (a stray second among days), not a series with gaps.
_LARGEST_GRID_PER_ROW = 20


@dataclass(frozen=True)
class Columns:
    """Which column of a table plays which part.

    Attributes:
        targets: what is forecast.
        time: when each row was observed.
        series: the id of the series that a row belongs to; None for a single series.
        past: covariates known up to now only.
        known: covariates whose future values are known too.
    """

    targets: tuple[str, ...]
    time: str
    series: str | None = None
    past: tuple[str, ...] = ()
    known: tuple[str, ...] = ()

    @property
    def values(self) -> tuple[str, ...]:
        """The numeric columns, in the order that models see: targets, past, known."""
        return self.targets + self.past + self.known


@dataclass(frozen=True)
class Series:
    """One series on a regular grid.

    Attributes:
        name: its id, None if the table holds only one.
        times: (T,), every step from the first row to the last.
        values: (T, C) float64, the columns of `Columns.values`; NaN where missing.
    """

    name: Hashable
    times: pd.DatetimeIndex
    values: np.ndarray


def read_series(frame: pd.DataFrame, columns: Columns, step: Step | None = None) -> tuple[list[Series], Step]:
    """Check a table and cut it into regular series; steps without a row become rows of missing values.

    Args:
        frame: one row per time and series; times increase within each series.
        columns: the parts of its columns.
        step: the step that the times must follow; None to find it.

    Returns:
        ``(series, step)``, the series in the order in which they appear.

    Raises:
        DataError: what cannot be used, all of it: missing or non-numeric columns, unreadable, unsorted,
            duplicate or irregular times, series whose target is never observed.

    Example:
        >>> frame = pd.DataFrame({"t": pd.date_range("2020", periods=3, freq="h"), "y": [1.0, 2.0, 4.0]})
        >>> series, step = read_series(frame, Columns(targets=("y",), time="t"))
    """
    if not isinstance(frame, pd.DataFrame):
        raise DataError(f"the data: expected a pandas DataFrame, got {type(frame).__name__}; read_table makes one")
    problems = Problems("the table")
    _check_columns(frame, columns, problems)
    problems.raise_as(DataError)
    if frame.empty:
        raise DataError("the table: expected rows, got none")
    times = _read_times(frame[columns.time], problems)
    values = np.column_stack([_read_numbers(frame[name], problems) for name in columns.values])
    parts = _parts(frame, columns, problems)
    problems.raise_as(DataError)

    for name, rows in parts:
        _check_order(times[rows], name, columns, problems)
    _check_targets(values, parts, columns, problems)
    problems.raise_as(DataError)

    indexes = [times[rows] for _, rows in parts]
    if step is None:
        try:
            step = infer_step(indexes)
        except ValueError as error:
            problems.add(_irregular(columns.time, str(error)))
            problems.raise_as(DataError)
            raise AssertionError from error
    series = [
        _regular(name, index, values[rows], step, columns, problems)
        for (name, rows), index in zip(parts, indexes, strict=True)
    ]
    problems.raise_as(DataError)
    return [one for one in series if one is not None], step


def _check_columns(frame: pd.DataFrame, columns: Columns, problems: Problems) -> None:
    roles = [("target", name) for name in columns.targets]
    roles += [("time", columns.time)] + ([("series", columns.series)] if columns.series is not None else [])
    roles += [("past", name) for name in columns.past] + [("known", name) for name in columns.known]
    taken: dict[str, str] = {}
    for role, name in roles:
        if name not in frame.columns:
            problems.add(f"no column '{name}' ({role}); {did_you_mean(name, frame.columns)}")
        elif name in taken:
            problems.add(f"column '{name}' is given as {taken[name]} and as {role}; expected one part a column")
        elif (frame.columns == name).sum() > 1:
            problems.add(f"column '{name}' occurs more than once; expected unique names")
        taken.setdefault(name, role)


def _read_times(column: pd.Series, problems: Problems) -> pd.DatetimeIndex:
    nothing = pd.DatetimeIndex([])
    if isinstance(column.dtype, pd.PeriodDtype):
        column = column.dt.to_timestamp()
    if pd.api.types.is_numeric_dtype(column):
        problems.add(
            f"column '{column.name}' (time) holds numbers ({column.iloc[0]}), expected dates and times; "
            f"convert it, e.g. pd.to_datetime(frame['{column.name}'], unit='s')"
        )
        return nothing
    try:
        times = pd.to_datetime(column, format="ISO8601", errors="coerce")
    except ValueError:  # strings with different offsets to UTC
        times = pd.to_datetime(column, format="ISO8601", errors="coerce", utc=True)
    wrong = np.flatnonzero(times.isna())
    if len(wrong):
        problems.add(
            f"column '{column.name}' (time) has {len(wrong)} values that are not times, the first in row "
            f"{wrong[0]}: {column.iloc[wrong[0]]!r}; expected ISO 8601 such as 2013-01-31 06:00"
        )
        return nothing
    return pd.DatetimeIndex(times)


def _read_numbers(column: pd.Series, problems: Problems) -> np.ndarray:
    numbers = pd.to_numeric(column, errors="coerce") if column.dtype != bool else column
    if pd.api.types.is_datetime64_any_dtype(column) or isinstance(column.dtype, pd.CategoricalDtype):
        numbers = pd.Series(np.nan, index=column.index)
    values = numbers.to_numpy(dtype=np.float64, na_value=np.nan)
    wrong = np.flatnonzero(np.isnan(values) & column.notna().to_numpy())
    if len(wrong):
        problems.add(
            f"column '{column.name}': expected numbers, got {column.iloc[wrong[0]]!r} in row {wrong[0]} "
            f"({len(wrong)} such values); convert them, or leave missing values empty"
        )
    infinite = np.flatnonzero(np.isinf(values))
    if len(infinite):
        problems.add(
            f"column '{column.name}': expected finite numbers, got infinity in row {infinite[0]} "
            f"({len(infinite)} such values); make them missing"
        )
    return values


def _parts(frame: pd.DataFrame, columns: Columns, problems: Problems) -> list[tuple[Hashable, np.ndarray]]:
    """The id and the row numbers of each series."""
    if columns.series is None:
        return [(None, np.arange(len(frame)))]
    codes, names = pd.factorize(frame[columns.series])
    missing = np.flatnonzero(codes < 0)
    if len(missing):
        problems.add(
            f"column '{columns.series}' (series) has no id in {len(missing)} rows, the first is row {missing[0]}; "
            "fill it in"
        )
        return []
    # Plain Python ids, because they go into JSON.
    plain = [name.item() if isinstance(name, np.generic) else name for name in names]
    # One stable sort, because looking for each of many series in all rows takes a time that grows with their product.
    rows = np.split(np.argsort(codes, kind="stable"), np.cumsum(np.bincount(codes))[:-1])
    return list(zip(plain, rows, strict=True))


def _check_order(times: pd.DatetimeIndex, name: Hashable, columns: Columns, problems: Problems) -> None:
    where = f"series {name!r}: " if columns.series is not None else ""
    keys = [columns.series, columns.time] if columns.series is not None else [columns.time]
    steps = np.diff(times.asi8)
    if (steps < 0).any():
        row = np.flatnonzero(steps < 0)[0]
        problems.add(
            f"{where}times in '{columns.time}' are not sorted: {times[row + 1]} comes after {times[row]}; "
            f"sort the table by {' and '.join(map(repr, keys))}"
        )
    if times.has_duplicates:
        first = times[times.duplicated()][0]
        hint = "keep one row per time" + ("" if columns.series is not None else ", or name the series id column")
        problems.add(
            f"{where}times in '{columns.time}' are not unique: {first} occurs {(times == first).sum()} times "
            f"({times.duplicated().sum()} duplicates in all); {hint}"
        )


def _check_targets(
    values: np.ndarray, parts: Sequence[tuple[Hashable, np.ndarray]], columns: Columns, problems: Problems
) -> None:
    for position, target in enumerate(columns.targets):
        empty = [name for name, rows in parts if np.isnan(values[rows, position]).all()]
        if empty and columns.series is None:
            problems.add(f"target '{target}' has no observed value, all {len(values)} rows are missing")
        elif empty:
            shown = ", ".join(repr(name) for name in empty[:5]) + (", ..." if len(empty) > 5 else "")
            problems.add(f"target '{target}' has no observed value in series {shown}; leave them out")


def _regular(
    name: Hashable,
    index: pd.DatetimeIndex,
    values: np.ndarray,
    step: Step,
    columns: Columns,
    problems: Problems,
) -> Series | None:
    where = f"series {name!r}: " if columns.series is not None else ""
    # The grid starts at a row of its own, so that a first time off the step cannot hide.
    rows = (index[-1] - index[0]) / step.duration
    if rows > _LARGEST_GRID_PER_ROW * (len(index) + 1):
        problems.add(
            f"{where}only {len(index)} rows on {rows:.0f} steps of {step} from {index[0]} to {index[-1]}; "
            "give a table with a regular step (frame.resample can make one)"
        )
        return None
    grid = step.grid(index[0], index[-1])
    place = grid.get_indexer(index)
    off = np.flatnonzero(place < 0)
    if len(off):
        problems.add(
            where
            + _irregular(columns.time, f"steps are {step}, but {index[off[0]]} is off that grid ({len(off)} such rows)")
        )
        return None
    regular = np.full((len(grid), values.shape[1]), np.nan)
    regular[place] = values
    return Series(name, grid, regular)


def _irregular(time: str, reason: str) -> str:
    return f"times in '{time}' are not regular: {reason}; resample the table to one step first"
