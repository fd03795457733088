"""The sentences that a Translator is given, checked; and which of them are held out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gruvy.data import rows_of
from gruvy.errors import DataError
from gruvy.text import canonical_texts, visible
from gruvy.timeseries import Problems


def read_texts(texts: Any, name: str) -> list[str]:
    """Return sentences as a list of str, as `gruvy.text.visible` leaves them.

    Args:
        texts: a list, array or Series of texts.
        name: of the argument, for messages.

    Raises:
        DataError: nothing, something else, or missing and empty texts.
    """
    if isinstance(texts, str):
        raise DataError(f"{name}: expected a list of texts, got one text; put it into a list")
    if not isinstance(texts, Sequence) and not hasattr(texts, "__array__"):
        raise DataError(f"{name}: expected a list of texts, got {type(texts).__name__}")
    if getattr(texts, "ndim", 1) != 1:
        raise DataError(f"{name}: expected a list of texts, got {texts.ndim} dimensions; give one column of the table")
    rows = rows_of(texts)
    if not rows:
        raise DataError(f"{name}: expected at least one text, got none")
    problems = Problems(name)
    wrong = [number for number, row in enumerate(rows) if not isinstance(row, str)]
    if wrong:
        problems.add(
            f"{len(wrong)} of {len(rows)} texts are missing or no text, the first is number {wrong[0]}: "
            f"{rows[wrong[0]]!r}; fill them in, or leave them out on both sides"
        )
    blank = [number for number, row in enumerate(rows) if isinstance(row, str) and not visible(row).strip()]
    if blank:
        problems.add(
            f"{len(blank)} of {len(rows)} texts are empty, the first is number {blank[0]}; leave them out on both sides"
        )
    problems.raise_as(DataError)
    return canonical_texts(rows, name, visible)


def read_pairs(X: Any, y: Any, *, names: tuple[str, str] = ("X", "y")) -> tuple[list[str], list[str]]:
    """Return sources and targets.

    Raises:
        DataError: one of them cannot be used, or they differ in number.
    """
    source, target = read_texts(X, names[0]), read_texts(y, names[1])
    if len(source) != len(target):
        raise DataError(
            f"{names[1]}: expected {len(source):,} texts, one for each of {names[0]}, got {len(target):,}; "
            "line n of one must be the translation of line n of the other"
        )
    return source, target
