"""What a PolyphonicModel is given, checked and brought to one form; and which of it is held out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gruvy.errors import DataError
from gruvy.timeseries import Problems

Rolls = list[NDArray[np.float32]]


def read_rolls(
    X: Any, columns: int | None = None, *, name: str = "X", names: Sequence[str] | None = None, least: int = 2
) -> Rolls:
    """Return pieces as arrays (T, D) of 0 and 1.

    Args:
        X: a list of arrays (T, D), or an array (N, T, D).
        columns: D, where it is known.
        name: of X in messages.
        names: what each piece is called in messages; by default its number.
        least: steps that a piece has to have.

    Raises:
        DataError: nothing, something else, or pieces that are too short, have NaN or other values, or differ in
            columns; all at once.
    """
    if not isinstance(X, (Sequence, np.ndarray)) or isinstance(X, str):
        raise DataError(f"{name}: expected a list of piano rolls (T, D), got {type(X).__name__}")
    if isinstance(X, np.ndarray) and X.ndim == 2 and X.dtype != object:
        raise DataError(f"{name}: expected a list of piano rolls, got one of shape {X.shape}; put it into a list")
    if not len(X):
        raise DataError(f"{name}: expected at least one piece, got none")
    called = names or [f"number {number}" for number in range(len(X))]
    try:
        arrays = [np.asarray(roll, dtype=np.float64) for roll in X]
    except (TypeError, ValueError) as error:
        raise DataError(f"{name}: expected arrays (T, D) of 0 and 1, got something else ({error})") from error
    problems = Problems(name)

    def note(wrong: Callable[[NDArray[np.float64]], bool], what: str) -> None:
        found = [one for one, array in zip(called, arrays, strict=True) if wrong(array)]
        if found:
            problems.add(f"{len(found)} of {len(arrays)} pieces {what}, the first is {found[0]}")

    note(lambda array: array.ndim != 2, "are no arrays (T, D)")
    problems.raise_as(DataError)
    width = columns or arrays[0].shape[1]
    where = "in the fit" if columns else f"in {called[0]}"
    note(lambda array: len(array) < least, f"have fewer than {least} steps; leave them out, or take a shorter step")
    note(lambda array: array.shape[1] != width, f"have another number of columns than the {width} {where}")
    note(lambda array: bool(np.isnan(array).any()), "have NaN; write 0 where nothing sounds")
    note(lambda array: not np.isin(array[~np.isnan(array)], (0, 1)).all(), "have other values than 0 and 1")
    problems.raise_as(DataError)
    return [array.astype(np.float32) for array in arrays]
