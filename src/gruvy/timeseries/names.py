"""Ids and labels as text, by which a model that was fitted on one kind of file knows those of another."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

import numpy as np


def name_of(value: Any) -> str:
    """What an id or a label is as text: text as it is; 7 and 7.0 are "7"; dates are in ISO 8601.

    Example:
        >>> [name_of(one) for one in ("007", 7.0, 2.5, True)]
        ['007', '7', '2.5', 'True']
    """
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, (float, np.floating, Decimal)) and value == value and value % 1 == 0:
        return str(int(value))
    if hasattr(value, "isoformat"):
        return str(value.isoformat())
    return str(value)


def places_of(names: Iterable[Any], known: Sequence[Any]) -> list[int | None]:
    """Return the place of each name among those known; None of one that is not.

    Names are compared as text. Where all that are known are numbers, or true and false, "007" is the 7 and "TRUE" the
    True that a table which knew their types had.

    Example:
        >>> places_of(["b", 7, "c"], ["7", "b"]), places_of(["007"], [7])
        ([1, 0, None], [0])
    """
    by_text = {name_of(one): place for place, one in enumerate(known)}
    loose = _loose(known)
    found = []
    for name in names:
        place = by_text.get(name_of(name))
        found.append(loose.get(_key(name_of(name))) if place is None and loose else place)
    return found


def _loose(known: Sequence[Any]) -> dict[object, int]:
    """The places by number, or by true and false, of names that are such."""
    if not known or not all(isinstance(one, (int, float, bool, np.integer, np.floating, np.bool_)) for one in known):
        return {}
    return {_key(name_of(one)): place for place, one in enumerate(known)}


def _key(text: str) -> object:
    try:
        return float(text)
    except ValueError:
        return text.strip().casefold()
