"""Time series from a table of pandas."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Hashable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from gruvy.data.frames import as_frame
from gruvy.data.roles import number_column
from gruvy.data.steps import infer_step
from gruvy.data.times import read_time_column
from gruvy.errors import DataError, note
from gruvy.timeseries import (
    UNSAID,
    Columns,
    Notation,
    Problems,
    Series,
    Step,
    TimeFormat,
    Times,
    category_codes,
    category_text,
    check_columns,
    check_finite,
    regular_series,
)

# Levels of a category that are distinguished.
_MOST_LEVELS = 64


def read_series(
    frame: pd.DataFrame,
    columns: Columns,
    step: Step | Callable[[list[Times]], Step] | None = None,
    *,
    said: TimeFormat = UNSAID,
    notation: Notation | None = None,
) -> tuple[list[Series], Step]:
    """Check a table and cut it into regular series; steps without a row become rows of missing values.

    Args:
        frame: one row per time and series.
        columns: the parts of its columns.
        step: the step that the times must follow, or what gives it for the times of each series; None to find it.
        said: what the caller says of how times are written.
        notation: how the table of the fit wrote them.

    Returns:
        ``(series, step)``, the series in the order in which they appear.

    Raises:
        DataError: what cannot be used, all of it: missing or non-numeric columns, unreadable, duplicate or irregular
            times, series whose target is never observed.

    Example:
        >>> frame = pd.DataFrame({"t": pd.date_range("2020", periods=3, freq="h"), "y": [1.0, 2.0, 4.0]})
        >>> series, step = read_series(frame, Columns(targets=("y",), time="t"))
    """
    asked = [*columns.values, *([] if columns.series is None else [columns.series])]
    frame = as_frame(frame, asked, time=columns.time)
    problems = Problems("the table")
    check_columns(list(frame.columns), columns, problems)
    problems.raise_as(DataError)
    if frame.empty:
        raise DataError("the table: expected rows, got none")
    values = np.column_stack([_read(frame[name], columns, problems) for name in columns.values])
    parts = _parts(frame, columns, problems)
    try:
        times = read_time_column(frame[columns.time], said, notation, [rows for _, rows in parts] or None)
    except ValueError as error:
        problems.add(f"column '{columns.time}' (time) {error}")
    problems.raise_as(DataError)

    def step_of(cut: list[Times]) -> Step:
        if isinstance(step, Step):
            return step
        if step is not None:
            return step(cut)
        found = infer_step(cut)
        if found.about:
            note(
                f"times in '{columns.time}' are only about regular: each row stands for "
                f"the nearest step, {found}, up to a fifth of it early or late, and keeps its own time"
            )
        return found

    return regular_series(times, values, parts, columns, step_of)


def na_as_nan(values: Any) -> Any:
    """Return an array or a list with NaN for each ``pd.NA``, ``None`` and ``NaT``, which NumPy makes no numbers of.

    Example:
        >>> na_as_nan([1, pd.NA]).astype(float).tolist()
        [1.0, nan]
    """
    array = np.asarray(values)
    return np.where(pd.isna(array), np.nan, array) if array.dtype == object else array


def find_categories(frame: pd.DataFrame, columns: Columns) -> Columns:
    """Return the columns with the levels of those covariates that are categories, the most frequent ones first.

    A covariate is one if its type says so, or if it is text that is no number.
    """
    covariates = columns.past + columns.static + columns.known
    frame = as_frame(frame, [name for name in covariates if name in frame.columns], time=columns.time)
    levels = {}
    for name in dict.fromkeys(name for name in covariates if list(frame.columns).count(name) == 1):
        column = frame[name]
        if _is_category(column):
            found = pd.Series([category_text(value) for value in column[column.notna()]]).value_counts(sort=True)
            if len(found) > _MOST_LEVELS:
                note(
                    f"covariate '{name}' has {len(found)} values; the {_MOST_LEVELS} most frequent ones are told "
                    "apart, the others are read as unknown"
                )
            levels[name] = [str(level) for level in found.index[:_MOST_LEVELS]]
    return replace(columns, levels=levels)


def _is_category(column: pd.Series) -> bool:
    if isinstance(column.dtype, pd.CategoricalDtype):
        return True
    if not (column.dtype == object or pd.api.types.is_string_dtype(column.dtype)):
        return False
    texts = column[[isinstance(value, str) for value in column]]
    if texts.empty:
        return False
    problems = Problems(str(column.name))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        numbers = _values(number_column(texts.astype(object), problems))
    return bool(problems.found) or bool(np.isnan(numbers).any())


def _read(column: pd.Series, columns: Columns, problems: Problems) -> np.ndarray:
    """(T,) the numbers of a column, or the codes of a category."""
    if column.name not in columns.levels:
        return read_numbers(column, problems)
    name = str(column.name)
    return category_codes(name, column.tolist(), column.isna().to_numpy(), columns.levels[name])


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
