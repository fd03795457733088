"""The window that looks ahead of a table's last known row, and the table that its forecast becomes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gruvy.errors import ArgumentError, DataError, note
from gruvy.timeseries.preparation import Preparation
from gruvy.timeseries.problems import Problems
from gruvy.timeseries.regular import Series


def with_future(series: Series, preparation: Preparation, horizon: int, *, known: bool = True) -> Series:
    """The series up to its origin, and ``horizon`` rows after it.

    Without known covariates the origin is the last row. With them it is the last row in which a target is
    observed, and the rows after it must bring what is known of the future, unless nothing is to be forecast from there
    (``known=False``): then it is the last such row with enough open times after it.

    Raises:
        DataError: rows or values of known covariates are missing ahead.
    """
    columns, values, times = preparation.columns, series.values, series.times
    where = "the table" if series.name is None else f"series {series.name!r}"
    if columns.known and not known:
        observed = np.flatnonzero(~np.isnan(values[:, : len(columns.targets)]).all(axis=1))
        values, times = values[: observed[-1] + 1], times[: observed[-1] + 1]
    if not columns.known or not known:
        future = np.full((horizon, values.shape[1]), np.nan)
        try:
            longer = times.followed_by(preparation.step.after(times, horizon))
        except ValueError as error:
            if not known:
                return Series(series.name, times, values)
            raise DataError(f"{where}: {error}; fit again with a calendar that goes on (--calendar)") from error
        return Series(series.name, longer, np.vstack([values, future]))

    observed = np.flatnonzero(~np.isnan(values[:, : len(columns.targets)]).all(axis=1))
    end = observed[-1] + 1 + horizon
    problems = Problems(where)
    if len(times) < end:
        problems.add(
            f"the forecast of {horizon} rows after {times.text(observed[-1])} needs {', '.join(columns.known)} for all "
            f"of them, but only {len(times) - observed[-1] - 1} rows follow; append rows with the targets left empty"
        )
        problems.raise_as(DataError)
    lost = np.isnan(values[end - horizon : end, -len(columns.known) :])
    for name, missing in zip(columns.known, lost.sum(axis=0), strict=True):
        if missing:
            problems.add(f"known covariate '{name}' is missing in {missing} of the {horizon} rows ahead; fill it in")
    problems.raise_as(DataError)
    return Series(series.name, times[:end], values[:end])


def next_windows(
    series: Sequence[Series],
    preparation: Preparation,
    *,
    least: int,
    context: int,
    horizon: int,
    known: bool = True,
) -> list[Series]:
    """The series with the rows ahead that are to be forecast; those that cannot be are left out, and said.

    Args:
        series: as they were read.
        preparation: of the fit.
        least: rows to look back on that are enough.
        context: T, rows that the forecast looks back on where there are so many.
        horizon: P.
        known: see `with_future`.

    Raises:
        DataError: none of them can be forecast.
    """
    problems, found = Problems("the table"), []
    for one in series:
        try:
            longer = with_future(one, preparation, horizon, known=known)
        except DataError as error:
            problems.add(str(error).removeprefix(f"{problems.subject}: "))
            continue
        lacking = _lacking(longer, preparation, least, context, horizon)
        if lacking:
            problems.add(("" if one.name is None else f"series {one.name!r}: ") + lacking)
        else:
            found.append(longer)
    if not found:
        problems.raise_as(DataError)
    if problems.found:
        more = len(problems.found) - 1
        others = f" (and {more} more series)" if more else ""
        note(f"left out of the forecast{others}: {problems.found[0]}")
    return found


def _lacking(series: Series, preparation: Preparation, least: int, context: int, horizon: int) -> str:
    """What a series, as `with_future` returns it, lacks to look back on; "" if nothing."""
    rows = len(series.times) - horizon
    seen = series.values[max(rows - context, 0) : rows, : len(preparation.columns.targets)]
    if rows < least:
        if least < context:
            return f"expected at least min_context = {least} rows to look back on, got {rows}; give more"
        shorter = ", or fit with --min-context 3 (min_context=3 in Python), and short histories will do"
        return (
            f"expected at least context_length = {context} rows to look back on, got {rows}; give more"
            f"{shorter if rows >= 3 else ''}"
        )
    if np.isnan(seen).all():
        return f"no target is observed in the last {context} rows; give newer observations"
    return ""


def check_levels(levels: Sequence[float], wanted: Sequence[float] | None) -> list[float]:
    """Return the quantile levels that are wanted as columns, or raise ArgumentError for those that were not trained."""
    chosen = [] if wanted is None else [float(level) for level in wanted]
    unknown = [level for level in chosen if level not in levels]
    if unknown:
        raise ArgumentError(
            f"quantiles: this model was fitted for {tuple(levels)}, not for {unknown}; fit again with them"
        )
    return chosen


def forecast_columns(
    forecast: np.ndarray,
    series: Sequence[Series],
    preparation: Preparation,
    levels: Sequence[float],
    wanted: list[float],
) -> dict[str, Any]:
    """Return the columns of the table of a forecast except for its times, series after series.

    Args:
        forecast: (P, S, D, Q) in the targets' own units.
        series: S, in the order of the forecast.
        preparation: of the fit.
        levels: Q quantile levels, the median among them.
        wanted: levels to add, as `check_levels` returned them.

    Returns:
        The series ids if there are any, a list; for each target the median under its name and the wanted levels, such
        as ``temp_q0.1``, each (S * P,).
    """
    columns, horizon = preparation.columns, len(forecast)
    found: dict[str, Any] = {}
    if columns.series is not None:
        found[columns.series] = [one.name for one in series for _ in range(horizon)]
    for position, target in enumerate(columns.targets):
        by_level = forecast[:, :, position].swapaxes(0, 1).reshape(-1, len(levels))
        found[target] = by_level[:, levels.index(0.5)]
        for level in wanted:
            found[f"{target}_q{level:g}"] = by_level[:, levels.index(level)]
    return found
