"""The parts of a text: to learn from, to validate and to test with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gruvy.data import rows_of
from gruvy.errors import DataError
from gruvy.text import canonical_texts
from gruvy.timeseries import Problems

TOKENS = ("character", "subword")


def joined(text: Any, what: str = "the text") -> str:
    """Return one text, or several with a line break between them, in Unicode's form NFC and with plain line breaks.

    Several are a list, an array (N,), or a column of pandas, polars or pyarrow.

    Raises:
        DataError: it is neither.
    """
    if isinstance(text, str):
        return canonical_texts([text], what)[0]
    if hasattr(text, "__array__") and getattr(text, "ndim", 1) == 1:
        text = rows_of(text)
    if isinstance(text, Sequence) and all(isinstance(one, str) for one in text):
        return "\n".join(canonical_texts(text, what))
    raise DataError(f"{what}: expected a string or a list of strings, got {_told(text)}; read the file first")


def split_text(text: str, validation_fraction: float, test_fraction: float) -> tuple[str, str, str]:
    """Cut a text into its first part to learn from, the next to choose the best epoch, and the last to be measured on.

    Example:
        >>> split_text("abcdefghij", 0.2, 0.1)
        ('abcdefg', 'hi', 'j')
    """
    test = len(text) - round(test_fraction * len(text))
    validation = test - round(validation_fraction * len(text))
    return text[:validation], text[validation:test], text[test:]


def check_parts(parts: Mapping[str, str], context_length: int) -> None:
    """Refuse parts that are too short to learn or to measure with.

    Raises:
        DataError: all of them are named.
    """
    problems = Problems("the text")
    for name, text in parts.items():
        if len(text) <= context_length:
            problems.add(
                f"its {name} part has {len(text)} characters; expected more than context_length = {context_length}; "
                "give more text or shorten context_length"
            )
    problems.raise_as(DataError)


def _told(value: Any) -> str:
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        return f"a {type(value).__name__} with other things than strings"
    return f"a {type(value).__name__}"
