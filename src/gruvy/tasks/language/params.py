"""The checks of a LanguageModel's parameters and texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gruvy.errors import ArgumentError, DataError
from gruvy.tasks.params import check_shared, check_unknown, is_real
from gruvy.text import canonical_texts
from gruvy.timeseries import Problems, did_you_mean

TOKENS = ("character", "subword")
_COUNTS = (
    "hidden_size",
    "num_layers",
    "vocabulary_size",
    "embedding_size",
    "context_length",
    "batch_size",
    "max_epochs",
    "patience",
)


def check_language_params(params: Mapping[str, Any]) -> None:
    """Refuse what cannot work, all of it at once.

    Args:
        params: what ``LanguageModel.get_params()`` gives.

    Raises:
        ArgumentError: every parameter with a wrong type or value.
    """
    problems = Problems("LanguageModel")
    check_shared(params, problems, counts=_COUNTS)
    if params["tokens"] not in TOKENS:
        expected = f"expected one of {', '.join(TOKENS)}, got {params['tokens']!r}"
        problems.add(f"tokens: {expected}; {did_you_mean(params['tokens'], TOKENS)}")
    fractions = ("validation_fraction", "test_fraction")
    wrong = [name for name in fractions if not is_real(params[name]) or not 0 < params[name] < 1]
    for name in wrong:
        problems.add(f"{name}: expected a number between 0 and 1, got {params[name]!r}")
    if not wrong and sum(params[name] for name in fractions) >= 1:
        shares = " + ".join(str(params[name]) for name in fractions)
        problems.add(f"{' + '.join(fractions)}: expected below 1, or nothing is left to learn from, got {shares}")
    check_unknown(params["unknown"], problems)
    problems.raise_as(ArgumentError)


def joined(text: Any, what: str = "the text") -> str:
    """Return one text, or several with a line break between them, in Unicode's form NFC and with plain line breaks.

    Raises:
        DataError: it is neither.
    """
    if isinstance(text, str):
        return canonical_texts([text], what)[0]
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
