"""A column of times of a DataFrame, read and written."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from gruvy.data.indexes import times_of
from gruvy.data.steps import infer_step
from gruvy.timeseries import UNSAID, Notation, Series, TimeFormat, Times, read_times
from gruvy.timeseries.zones import zone_named


def read_time_column(
    column: pd.Series,
    said: TimeFormat = UNSAID,
    known: Notation | None = None,
    parts: Sequence[np.ndarray] | None = None,
) -> Times:
    """Read a column of dates and times, numbers or text; see `gruvy.timeseries.read_times`.

    Args:
        column: of a table; its name is the one that messages give.
        said: what the caller says of the times: their form, their zone, whether the day comes first.
        known: how the table of the fit wrote them.
        parts: the rows of each series; None for a single one.

    Returns:
        The moments of the rows.

    Raises:
        ValueError: why they cannot be read, to stand behind the column's name, with the cure.

    Example:
        >>> print(read_time_column(pd.Series(["31/01/2024", "29/02/2024"], name="day")).clock)  # doctest: +SKIP
        ['2024-01-31T00:00:00' '2024-02-29T00:00:00']
    """
    if isinstance(column.dtype, pd.PeriodDtype):
        column = column.dt.to_timestamp()
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.astype(column.cat.categories.dtype)
    zoned = isinstance(column.dtype, pd.DatetimeTZDtype) or "timestamp" in str(column.dtype)
    if (zoned or pd.api.types.is_datetime64_any_dtype(column)) and not column.isna().any():
        index = pd.DatetimeIndex(column)
        if index.tz is not None:
            times = times_of(index)
            zone = said.zone or (known.zone if known is not None else "")
            return times if not zone else Times(times.utc, zone_named(zone), Notation(zone=zone))
    values = column.to_numpy() if column.dtype.kind in "iufbM" else column.astype(object).to_numpy()
    return read_times(values, said, known, parts, _is_regular(parts), str(column.name))


def write_times(series: Sequence[Series], count: int) -> pd.Index | np.ndarray:
    """Return the last ``count`` times of each series as its table writes them."""
    last = [one.times[-count:] for one in series]
    written = [one.written() for one in last]
    if all(one is not None for one in written):
        return np.concatenate([one for one in written if one is not None])
    indexes = [one.index[-count:] for one in series]
    return indexes[0].append(indexes[1:])


def _is_regular(parts: Sequence[np.ndarray] | None) -> Callable[[Times], float]:
    def regular(times: Times) -> float:
        cut = [times] if parts is None else [times[rows] for rows in parts]
        cut = [one[np.argsort(one.utc, kind="stable")] for one in cut]
        try:
            step = infer_step(cut)
        except ValueError:
            return 0.0
        steps = sum(float((one.utc[-1] - one.utc[0]) / np.timedelta64(1, "s")) / step.seconds + 1 for one in cut)
        return 0.0 if step.about else len(times) / steps

    return regular
