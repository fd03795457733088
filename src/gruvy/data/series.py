"""Time series from a table of pandas."""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np
import pandas as pd

from gruvy.data.indexes import times_of
from gruvy.data.roles import number_column
from gruvy.data.steps import infer_step
from gruvy.errors import DataError
from gruvy.timeseries import Columns, Problems, Series, Step, Times, check_columns, check_finite, regular_series


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
    check_columns(list(frame.columns), columns, problems)
    problems.raise_as(DataError)
    if frame.empty:
        raise DataError("the table: expected rows, got none")
    times = _read_times(frame[columns.time], problems)
    values = np.column_stack([read_numbers(frame[name], problems) for name in columns.values])
    parts = _parts(frame, columns, problems)
    problems.raise_as(DataError)

    def step_of(cut: list[Times]) -> Step:
        indexes = [Series(None, one, values[:0]).index for one in cut]
        return infer_step(indexes) if step is None else step

    return regular_series(times_of(times), values, parts, columns, step_of)


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


def read_numbers(
    column: pd.Series, problems: Problems, cure: str = "convert them, or leave missing values empty"
) -> np.ndarray:
    """Return a column as float64, NaN where missing, and note what is no number, with what to do about it."""
    if not isinstance(column.dtype, pd.CategoricalDtype) and pd.api.types.is_string_dtype(column.dtype):
        column = number_column(column.astype(object), problems)
    values = _values(column)
    wrong = np.flatnonzero(np.isnan(values) & column.notna().to_numpy())
    if len(wrong):
        problems.add(
            f"column '{column.name}': expected numbers, got {column.iloc[wrong[0]]!r} in row {wrong[0]} "
            f"({len(wrong)} such values); {cure}"
        )
    check_finite(str(column.name), values, problems)
    return values


def _values(column: pd.Series) -> np.ndarray:
    """(T,) the numbers of a column, NaN where missing and where a cell is no number."""
    dtype = column.dtype
    if isinstance(dtype, pd.CategoricalDtype) or pd.api.types.is_datetime64_any_dtype(column) or dtype.kind in "mc":
        return np.full(len(column), np.nan)
    if dtype.kind == "O":
        column = pd.to_numeric(column, errors="coerce")
    return column.to_numpy(dtype=np.float64, na_value=np.nan)


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
