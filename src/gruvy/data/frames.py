"""Tables of every library as a DataFrame of pandas, with the columns that are asked for under the names asked."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from gruvy.errors import ArgumentError, DataError
from gruvy.tables.columns import as_asked
from gruvy.tables.grid import same_name
from gruvy.timeseries import columns_of_time, put_together
from gruvy.timeseries.names import name_of


def is_frame(data: object) -> bool:
    """Whether something is a table with named columns: of pandas, polars, pyarrow or another library."""
    if isinstance(data, pd.DataFrame):
        return True
    if isinstance(data, (np.ndarray, pd.Series, str, list, tuple)):
        return False
    return hasattr(data, "__dataframe__") or _of_narwhals(data) is not None


def as_frame(data: Any, asked: Collection[Hashable] = (), *, time: Hashable = None) -> pd.DataFrame:
    """Return a table of any library as a DataFrame.

    The names that are asked for are looked for as they are written first, then as text and without spaces at their
    ends: the columns of the result are called as asked. Levels of the index that are asked for become columns; an index
    of times without a name is the column ``time``.

    Args:
        data: a DataFrame of pandas or polars, a Table of pyarrow, or what narwhals knows besides.
        asked: names of columns.
        time: that of the column of times, if it is asked for; the names of several that hold the times together, with
            commas between them.

    Returns:
        A frame; what is in its columns is as it was.

    Raises:
        DataError: it is no table.

    Example:
        >>> as_frame(pd.DataFrame({" load ": [1.0], 0: [2.0]}), ["load", "0"]).columns.tolist()
        ['load', '0']
    """
    frame = data if isinstance(data, pd.DataFrame) else _converted(data)
    if frame.columns.nlevels > 1:
        raise DataError(
            f"the table: its columns have names of {frame.columns.nlevels} levels, such as {frame.columns[0]}; give "
            "each one name, e.g. frame.columns = ['_'.join(map(str, names)) for names in frame.columns]"
        )
    wanted = [*asked, *([] if time is None else [time])]
    if not isinstance(frame.index, pd.RangeIndex):
        frame = _with_index(frame, wanted, time)
    renamed = as_asked(list(frame.columns), wanted)
    frame = frame.set_axis(renamed, axis=1) if renamed != list(frame.columns) else frame
    return _with_time(frame, asked, time)


def time_name(time: Any) -> Any:
    """Return what times are called that lie in one column, or in several: their names with commas between them.

    Example:
        >>> time_name("when"), time_name(["date", "hour"])
        ('when', 'date,hour')
    """
    return time if isinstance(time, str) or not isinstance(time, Sequence) else ",".join(map(str, time))


def rows_of(column: Any) -> list[Any]:
    """Return the cells of a list, an array or a column of any library as what Python has for them."""
    return list(column.to_pylist() if hasattr(column, "to_pylist") else column)


def time_of_index(data: Any) -> Any:
    """Return what the times in the index of a DataFrame are called: their level's name, or "time".

    Raises:
        ArgumentError: its index has no times, so that they have to be named.

    Example:
        >>> time_of_index(pd.DataFrame({"y": [1.0]}, index=pd.DatetimeIndex(["2024-01-01"])))
        'time'
    """
    index = data.index if isinstance(data, pd.DataFrame) else pd.RangeIndex(0)
    for number in range(index.nlevels):
        level = index.get_level_values(number)
        if isinstance(level, (pd.DatetimeIndex, pd.PeriodIndex)):
            return "time" if level.name is None else level.name
    raise ArgumentError("time: expected the column of times, got None; only an index of times needs no name")


def as_names(column: pd.Series) -> pd.Series:
    """Return the ids, labels or texts of a column as text; what is missing, or empty, is None.

    Text is kept as it is written. Numbers become what a program writes of them: 7 and 7.0 are "7". Dates are written in
    ISO 8601.

    Example:
        >>> as_names(pd.Series([7.0, None, 2.5])).tolist()
        ['7', None, '2.5']
    """
    values = column.astype(object)
    missing = column.isna().to_numpy()
    if pd.api.types.is_datetime64_any_dtype(column) and not (column.dt.normalize() != column)[~missing].any():
        values = column.dt.strftime("%Y-%m-%d").astype(object)
    names = [
        None if lost else name_of(value) if pd.api.types.is_scalar(value) else value
        for value, lost in zip(values, missing, strict=True)
    ]
    return pd.Series([None if name == "" else name for name in names], column.index, name=column.name, dtype=object)


def _converted(data: Any) -> pd.DataFrame:
    native = _of_narwhals(data)
    if native is not None:
        frame: pd.DataFrame = native.to_pandas()
        return frame
    if hasattr(data, "__arrow_c_stream__"):
        import pyarrow

        converted: pd.DataFrame = pyarrow.table(data).to_pandas()
        return converted
    raise DataError(
        f"the data: expected a DataFrame (of pandas, polars or pyarrow), got {type(data).__name__}; "
        "read_table makes one"
    )


def _of_narwhals(data: Any) -> Any:
    try:
        import narwhals
    except ModuleNotFoundError:  # then there is no polars either that would be asked for through it
        return None
    found = narwhals.from_native(data, pass_through=True)
    if isinstance(found, narwhals.LazyFrame):
        found = found.collect()
    return found if isinstance(found, narwhals.DataFrame) else None


def _with_index(frame: pd.DataFrame, wanted: Collection[Hashable], time: Hashable) -> pd.DataFrame:
    """The frame with those levels of its index that are asked for as columns."""
    taken: dict[Hashable, pd.Index] = {}
    for number in range(frame.index.nlevels):
        level = frame.index.get_level_values(number)
        known = [*frame.columns, *taken]
        if level.name is not None and any(same_name(level.name, name) for name in wanted):
            if not any(same_name(level.name, name) for name in known):
                taken[level.name] = level
        elif (
            time is not None
            and level.name is None
            and isinstance(level, (pd.DatetimeIndex, pd.PeriodIndex))
            and not any(same_name(time, name) for name in known)
        ):
            taken[time] = level
    if taken:
        frame = frame.reset_index(drop=True)
    for place, (name, level) in enumerate(taken.items()):
        frame.insert(place, name, level)
    return frame


def _with_time(frame: pd.DataFrame, asked: Collection[Hashable], time: Hashable) -> pd.DataFrame:
    """The frame with times that lie in several columns in one, in the place of those that nothing else asks for."""
    parts = columns_of_time(time, list(frame.columns))
    if not parts:
        return frame
    try:
        together = put_together([frame[name].to_numpy() for name in parts], parts)
    except ValueError as error:
        raise DataError(f"the table: column '{time}' (time) {error}") from error
    found = frame.drop(columns=[name for name in parts if name not in asked])
    found.insert(0, time, together)
    return found
