"""Covariates that are categories: codes in a table, one channel a level for a network."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from gruvy.errors import note
from gruvy.timeseries.problems import some

UNKNOWN = -1.0


def category_text(value: Any) -> str:
    """How a level is written: 3, 3.0 and "3" are one level."""
    if isinstance(value, (bool, np.bool_)):
        return str(bool(value))
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        value = int(value)
    return str(value)


def category_codes(name: str, values: Iterable[Any], missing: np.ndarray, levels: Sequence[str]) -> np.ndarray:
    """The places of a column's values (T,) among the levels: -1 for those that the fit has not seen, NaN if missing."""
    place = {level: number for number, level in enumerate(levels)}
    written = [None if gone else category_text(value) for value, gone in zip(values, missing, strict=True)]
    unknown = list(dict.fromkeys(text for text in written if text is not None and text not in place))
    if unknown:
        note(f"covariate '{name}': the fit has not learnt {some(unknown)}, read as none of its {len(levels)} levels")
    return np.array([np.nan if text is None else place.get(text, UNKNOWN) for text in written])


def category_channels(codes: np.ndarray, levels: int) -> np.ndarray:
    """(T,) codes -> (T, levels), 1 in the place of the level, zeros for an unknown one.

    Example:
        >>> category_channels(np.array([1.0, -1.0]), 2).tolist()
        [[0.0, 1.0], [0.0, 0.0]]
    """
    channels: np.ndarray = codes[:, None] == np.arange(levels)
    return channels.astype(np.float64)
