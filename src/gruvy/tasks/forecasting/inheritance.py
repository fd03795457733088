"""What a Forecaster that begins with the weights of another one takes over from it besides them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace

import numpy as np
import pandas as pd

from gruvy.data import read_series
from gruvy.errors import DataError, note
from gruvy.timeseries import Columns, Preparation, Problems, Series, Step, TimeFormat, Times

_NAMED = 5  # so many series are named in a note


def shared_columns(parent: Columns, given: Columns) -> Columns:
    """Return the columns of a new table in the order of the parent's, whose inputs they are.

    The columns of times and of ids are no inputs, and may have other names.

    Raises:
        DataError: a part has other columns than in the parent.
    """
    problems = Problems("the table: the model that this one begins from has other columns")
    for field in fields(Columns):
        then, now = getattr(parent, field.name), getattr(given, field.name)
        if isinstance(then, tuple) and sorted(map(str, then)) != sorted(map(str, now)):
            problems.add(f"{field.name}: {_listed(then)} there, got {_listed(now)}")
    if problems.found:
        problems.found[-1] += "; name the same ones, or fit anew"
    problems.raise_as(DataError)
    return replace(parent, time=given.time, series=given.series)


def read_shared(
    frame: pd.DataFrame,
    columns: Columns,
    chosen: Callable[[list[Times]], Step] | None,
    usual: Step,
    said: TimeFormat,
) -> tuple[list[Series], Step]:
    """Cut a new table into series at the step of the parent.

    Args:
        frame, columns: the table.
        chosen: what gives the step, where the caller names one.
        usual: the parent's.
        said: what the caller says of how times are written.

    Raises:
        DataError: the table has another step, or cannot be read.
    """
    try:
        parts, found = read_series(frame, columns, chosen or usual, said=said)
    except DataError:
        if chosen is not None:
            raise
        try:
            _, found = read_series(frame, columns, None, said=said)
        except DataError:
            found = usual  # it has none of its own: the first error says what is wrong
        if found == usual:
            raise
    if found != usual:
        raise DataError(
            f"the table: its rows are {found} apart, and the model that this one begins from has learnt with steps of "
            f"{usual}; bring the table to these, or fit anew"
        )
    return parts, found


def inherited(parent: Preparation, fresh: Preparation, *, rescale: bool) -> Preparation:
    """Return how a new table is prepared for the parent's weights: with its calendar, flags and, mostly, scales.

    A series that the parent has not seen gets the scale of its own new rows.

    Args:
        parent: of the fit whose weights are taken over.
        fresh: learnt from the training part of the new table.
        rescale: take all scales from there.

    Raises:
        DataError: holidays, of which the parent's weights know nothing.
    """
    if fresh.holidays and not parent.holidays:
        raise DataError(
            "holidays: the model that this one begins from has not learnt with any; leave them out, or fit anew"
        )
    kept = replace(
        parent,
        columns=fresh.columns,
        step=fresh.step,
        notation=fresh.notation,
        bounds=fresh.bounds,
        holidays=tuple(sorted({*parent.holidays, *fresh.holidays})),
    )
    if rescale or (parent.names and not fresh.names):
        if not rescale:
            note(
                "the series share one scale, which is learnt from the new data: the model that this one begins from "
                "has one for each of its own"
            )
        return replace(kept, scaler=fresh.scaler, names=fresh.names)
    if not parent.names:  # one scale for all of them
        return kept
    place = {name: row for row, name in enumerate(parent.names)}
    new = [name for name in fresh.names if name not in place]
    if new:
        more = f" and {len(new) - _NAMED} more" if len(new) > _NAMED else ""
        note(
            f"the scales of {len(new)} series ({', '.join(map(str, new[:_NAMED]))}{more}) are learnt from the new "
            "data: the model that this one begins from has not seen them"
        )
    rows = [
        (parent.scaler, place[name]) if name in place else (fresh.scaler, row) for row, name in enumerate(fresh.names)
    ]
    scaler = replace(
        fresh.scaler,
        mean=np.stack([scaler.mean[row] for scaler, row in rows]),
        std=np.stack([scaler.std[row] for scaler, row in rows]),
    )
    return replace(kept, scaler=scaler, names=fresh.names)


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(f"'{name}'" for name in names) or "none"
