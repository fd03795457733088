"""Tables as mappings of column names to arrays, without pandas."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np

from gruvy.errors import DataError
from gruvy.timeseries.categories import category_codes
from gruvy.timeseries.columns import Columns, check_columns
from gruvy.timeseries.notation import TIMES, Notation
from gruvy.timeseries.problems import Problems, did_you_mean
from gruvy.timeseries.reading import is_missing, read_times
from gruvy.timeseries.regular import Series, regular_series
from gruvy.timeseries.steps import Step
from gruvy.timeseries.together import columns_of_time, put_together


def read_mapping(table: Mapping[str, Any], columns: Columns, step: Step, notation: Notation = TIMES) -> list[Series]:
    """Check a table and cut it into regular series; steps without a row become rows of missing values.

    Args:
        table: column name -> array, all of one length, one row per time and series; a DataFrame is one too. Times are
            whatever `read_times` reads. Missing numbers are NaN or None.
        columns: the parts of its columns.
        step: the step that the times must follow.
        notation: how the table of the fit wrote its times.

    Returns:
        The series in the order in which they appear.

    Raises:
        DataError: what cannot be used, all of it.
    """
    # A mapping, or a table of pandas, polars or pyarrow.
    known = table.keys() if hasattr(table, "keys") else getattr(table, "column_names", getattr(table, "columns", None))
    if known is None:
        raise DataError(
            f"the data: expected a mapping of column names to arrays, or a DataFrame, got {type(table).__name__}"
        )
    problems = Problems("the table")
    together = columns_of_time(columns.time, list(known))
    check_columns([*known, columns.time] if together else list(known), columns, problems)
    problems.raise_as(DataError)
    names = (*(together or [columns.time]), *columns.values, *([] if columns.series is None else [columns.series]))
    arrays = {name: np.asarray(table[name]) for name in names}
    if len({array.shape for array in arrays.values()}) > 1 or arrays[names[0]].ndim != 1:
        shapes = ", ".join(f"'{name}' {array.shape}" for name, array in arrays.items())
        raise DataError(f"the table: expected columns of one length, got {shapes}")
    if not len(arrays[names[0]]):
        raise DataError("the table: expected rows, got none")
    values = np.column_stack([_column(name, arrays[name], columns, problems) for name in columns.values])
    parts = _parts(columns.series, arrays, len(values), problems)
    try:
        column = put_together([arrays[name] for name in together], together) if together else arrays[columns.time]
        times = read_times(column, known=notation, parts=[rows for _, rows in parts] or None, name=columns.time)
    except ValueError as error:
        problems.add(f"column '{columns.time}' (time) {error}")
    problems.raise_as(DataError)
    series, _ = regular_series(times, values, parts, columns, lambda _: step)
    return series


def read_rows(table: Mapping[str, Any], names: Sequence[str]) -> np.ndarray:
    """Return columns of numbers of a table whose rows are only numbered: (T, C), NaN where missing.

    Raises:
        DataError: what cannot be used, all of it.
    """
    problems = Problems("the table")
    for name in names:
        if name not in table:
            problems.add(f"no column '{name}'; {did_you_mean(name, table.keys())}")
    problems.raise_as(DataError)
    values = np.column_stack([_numbers(name, np.asarray(table[name]), problems) for name in names])
    problems.raise_as(DataError)
    return values


def _column(name: str, column: np.ndarray, columns: Columns, problems: Problems) -> np.ndarray:
    """(T,) the numbers of a column, or the codes of a category."""
    if name not in columns.levels:
        return _numbers(name, column, problems)
    missing = np.array([is_missing(value) for value in column.tolist()])
    return category_codes(name, column.tolist(), missing, columns.levels[name])


def _numbers(name: str, column: np.ndarray, problems: Problems) -> np.ndarray:
    if column.dtype.kind in "iufb":
        values, wrong = column.astype(np.float64), np.zeros(0, np.int64)
    else:
        values = np.array([_number(value) for value in column])
        wrong = np.flatnonzero([np.isnan(v) and not is_missing(value) for v, value in zip(values, column, strict=True)])
    if len(wrong):
        problems.add(
            f"column '{name}': expected numbers, got {column[wrong[0]]!r} in row {wrong[0]} "
            f"({len(wrong)} such values); convert them, or make missing values NaN"
        )
    check_finite(name, values, problems)
    return values


def check_finite(name: str, values: np.ndarray, problems: Problems) -> None:
    """Add a problem where a column (T,) holds infinity; NaN is a missing value."""
    infinite = np.flatnonzero(np.isinf(values))
    if len(infinite):
        problems.add(
            f"column '{name}': expected finite numbers, got infinity in row {infinite[0]} "
            f"({len(infinite)} such values); make them missing"
        )


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return np.nan


def _parts(
    name: str | None, arrays: Mapping[str, np.ndarray], count: int, problems: Problems
) -> list[tuple[Hashable, np.ndarray]]:
    """The id and the row numbers of each series."""
    if name is None:
        return [(None, np.arange(count))]
    rows: dict[Hashable, list[int]] = {}
    for row, value in enumerate(arrays[name].tolist()):
        rows.setdefault(None if is_missing(value) else value, []).append(row)
    missing = rows.pop(None, [])
    if missing:
        problems.add(
            f"column '{name}' (series) has no id in {len(missing)} rows, the first is row {missing[0]}; fill it in"
        )
    return [(one, np.array(found)) for one, found in rows.items()]
