"""Time series on a regular grid of time: checked, and laid on it."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gruvy.errors import DataError, note
from gruvy.timeseries.columns import Columns
from gruvy.timeseries.problems import Problems, some
from gruvy.timeseries.steps import Step
from gruvy.timeseries.times import Times
from gruvy.timeseries.zones import zone_of_doubled

if TYPE_CHECKING:
    import pandas as pd

# A grid that is nearly empty is a wrong step (a stray second among days), not a series with gaps.
_LARGEST_GRID_PER_ROW = 20
# Steps that are proposed for irregular rows: the first of which so many hold a row.
_RULES = (
    *(("1s", 1), ("10s", 10), ("1min", 60), ("5min", 300), ("15min", 900), ("30min", 1800), ("1h", 3600)),
    *(("3h", 10800), ("6h", 21600), ("12h", 43200), ("1D", 86400), ("7D", 604800), ("MS", 2629746), ("YS", 31556952)),
)
_FILLED = 0.9
_UNITS = (("D", 86400), ("h", 3600), ("min", 60), ("s", 1))


@dataclass(frozen=True)
class Series:
    """One series on a regular grid.

    Attributes:
        name: its id, None if the table holds only one.
        times: (T,), every step from the first row to the last.
        values: (T, C) float64, the columns of `Columns.values`; NaN where missing.
        rows: (T,) the row of the table, -1 where it has none; None where that is not known.
    """

    name: Hashable
    times: Times
    values: np.ndarray
    rows: np.ndarray | None = None

    @property
    def index(self) -> pd.DatetimeIndex:
        """The times as an index of pandas, where that is installed."""
        import pandas as pd

        plain = pd.DatetimeIndex(self.times.utc)
        return plain if self.times.zone is None else plain.tz_localize("UTC").tz_convert(self.times.zone)


def regular_series(
    times: Times,
    values: np.ndarray,
    parts: Sequence[tuple[Hashable, np.ndarray]],
    columns: Columns,
    step_of: Callable[[list[Times]], Step],
) -> tuple[list[Series], Step]:
    """Cut rows into regular series; steps without a row become rows of missing values.

    Args:
        times: of each row.
        values: (rows, C) float64, the columns of `Columns.values`; NaN where missing.
        parts: the id and the rows of each series.
        columns: the parts of the table's columns.
        step_of: gives the step that the times of all series must follow, or raises ValueError with the reason why there
            is none.

    Returns:
        The series in the order of the parts, and the step.

    Raises:
        DataError: duplicate or irregular times, or targets that are never observed.
    """
    problems = Problems("the table")
    parts = _sorted(times, parts, columns)
    for name, rows in parts:
        _check_unique(times[rows], name, columns, problems)
    parts = _check_targets(values, parts, columns, problems)
    problems.raise_as(DataError)

    cut = [times[rows] for _, rows in parts]
    try:
        step = step_of(cut)
    except ValueError as error:
        raise DataError(f"the table: {_irregular(times, parts, columns, str(error))}") from error
    series = [
        _regular(name, one, values, rows, step, columns, problems) for (name, rows), one in zip(parts, cut, strict=True)
    ]
    problems.raise_as(DataError)
    return [one for one in series if one is not None], step


def _sorted(
    times: Times, parts: Sequence[tuple[Hashable, np.ndarray]], columns: Columns
) -> list[tuple[Hashable, np.ndarray]]:
    """The parts with their rows in order of time; what was not in order is said."""
    found, moved = [], 0
    backwards = True
    for name, rows in parts:
        utc = times.utc[rows]
        if (utc[1:] < utc[:-1]).any():
            moved += 1
            backwards &= bool((utc[1:] < utc[:-1]).all())
            rows = rows[np.argsort(utc, kind="stable")]
        found.append((name, rows))
    if moved:
        where = "" if columns.series is None else f" in {moved} of {len(parts)} series"
        way = "from the newest to the oldest" if backwards else "not in order"
        note(f"times in '{columns.time}' are {way}{where}; the rows are sorted by time")
    return found


def _check_unique(times: Times, name: Hashable, columns: Columns, problems: Problems) -> None:
    where = f"series {name!r}: " if columns.series is not None else ""
    unique, counts = np.unique(times.utc, return_counts=True)
    if len(unique) == len(times):
        return
    again = int(np.flatnonzero(times.utc[1:] == times.utc[:-1])[0]) + 1
    hint = "keep one row per time" + ("" if columns.series is not None else ", or name the series id column")
    zone = None if times.zone is not None else zone_of_doubled(unique[counts > 1], counts.max())
    if zone is not None:
        hint = (
            f"if clocks went back then, name their time zone, such as --timezone {zone} (timezone='{zone}' in Python); "
            f"else {hint}"
        )
    problems.add(
        f"{where}times in '{columns.time}' are not unique: {times.text(again)} occurs "
        f"{counts[np.searchsorted(unique, times.utc[again])]} times "
        f"({len(times) - len(unique)} duplicates in all); {hint}"
    )


def _check_targets(
    values: np.ndarray, parts: Sequence[tuple[Hashable, np.ndarray]], columns: Columns, problems: Problems
) -> Sequence[tuple[Hashable, np.ndarray]]:
    """The series in which every target is observed at least once."""
    for position, target in enumerate(columns.targets):
        empty = [name for name, rows in parts if np.isnan(values[rows, position]).all()]
        if empty and columns.series is None:
            problems.add(f"target '{target}' has no observed value, all {len(values)} rows are missing")
        elif len(empty) == len(parts):
            problems.add(f"target '{target}' has no observed value in any series; fill it in")
        elif empty:
            note(f"left out: series {some(empty)}, in which target '{target}' has no observed value")
            parts = [part for part in parts if part[0] not in empty]
    return parts


def _regular(
    name: Hashable,
    times: Times,
    values: np.ndarray,
    rows: np.ndarray,
    step: Step,
    columns: Columns,
    problems: Problems,
) -> Series | None:
    where = f"series {name!r}: " if columns.series is not None else ""
    # The grid starts at a row of its own, so that a first time off the step cannot hide.
    steps = (times.utc[-1] - times.utc[0]) / np.timedelta64(1, "s") / step.seconds
    if steps > _LARGEST_GRID_PER_ROW * (len(times) + 1):
        problems.add(
            f"{where}only {len(times)} rows on {steps:.0f} steps of {step} from {times.text(0)} to {times.text(-1)}; "
            f"give a table with a regular step ({_resampled(times, columns)} can make one)"
        )
        return None
    try:
        places = step.places(times)
    except ValueError as error:  # open times of a calendar that ends
        problems.add(f"{where}{error}")
        return None
    if places is None:
        here, count = step.off(times)
        reason = f"steps are {step}, but {times.text(here)} is off that grid ({count} such rows)"
        problems.add(where + _irregular(times, [(name, np.arange(len(times)))], columns, reason, step))
        return None
    grid = step.laid(times, places)
    regular = np.full((len(grid), values.shape[1]), np.nan)
    regular[places] = values[rows]
    numbers = np.full(len(grid), -1)
    numbers[places] = rows
    return Series(name, grid, regular, numbers)


def _irregular(
    times: Times,
    parts: Sequence[tuple[Hashable, np.ndarray]],
    columns: Columns,
    reason: str,
    step: Step | None = None,
) -> str:
    longest = max((rows for _, rows in parts), key=len)
    return (
        f"times in '{columns.time}' are not regular: {reason}; resample the table to one step first: "
        f"{_resampled(times[longest], columns, step)}"
    )


def _resampled(times: Times, columns: Columns, step: Step | None = None) -> str:
    """The call of pandas that makes these times regular, at a step that is wanted or leaves few of the steps empty."""
    span = float((times.utc[-1] - times.utc[0]) / np.timedelta64(1, "s"))
    since = (times.utc - times.utc[0]) / np.timedelta64(1, "s")
    time, values = columns.time, list(columns.values)
    if times.notation.numbered:
        width = max(1, round(span / max(len(times) - 1, 1))) if step is None else round(step.seconds)
        keys = f"[frame['{time}'] // {width} * {width}]"
        if columns.series is not None:
            keys = f"['{columns.series}', frame['{time}'] // {width} * {width}]"
        return f"frame.groupby({keys})[{values}].mean().reset_index()"
    rule = _RULES[-1][0]
    for name, seconds in _RULES:
        if len(np.unique(since // seconds)) >= _FILLED * (span // seconds + 1):
            rule = name
            break
    if step is not None and step.freq[-1] in "sD" and step.freq[:-1].isdigit():
        unit, seconds = next(one for one in _UNITS if step.seconds % one[1] == 0 or one[1] == 1)
        rule = f"{step.seconds / seconds:g}{unit}"
    made = f"frame.assign(**{{'{time}': pd.to_datetime(frame['{time}'])}})"
    if columns.series is not None:
        made += f".groupby('{columns.series}')"
    return f"{made}.resample('{rule}', on='{time}')[{values}].sum().reset_index() (or mean)"
