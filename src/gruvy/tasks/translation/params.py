"""The checks of a Translator's parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gruvy.errors import ArgumentError
from gruvy.tasks.params import check_shared, check_unknown, is_int, is_real
from gruvy.timeseries import Problems

_COUNTS = ("embedding_size", "hidden_size", "num_layers", "max_length", "batch_size", "max_epochs", "patience")


def check_params(params: Mapping[str, Any]) -> None:
    """Refuse what cannot work, all of it at once.

    Args:
        params: what ``Translator.get_params()`` gives.

    Raises:
        ArgumentError: every parameter with a wrong type or value.
    """
    problems = Problems("Translator")
    check_shared({**params, "cell": "gru"}, problems, counts=(*_COUNTS, "beam_size"))
    if params["attention"] not in ("additive", None):
        problems.add(f"attention: expected 'additive' or None, got {params['attention']!r}")
    if not is_int(params["vocabulary_size"]) or params["vocabulary_size"] < 10:
        problems.add(f"vocabulary_size: expected a whole number from 10 on, got {params['vocabulary_size']!r}")
    fraction = params["validation_fraction"]
    if not is_real(fraction) or not 0 < fraction < 1:
        problems.add(f"validation_fraction: expected a number between 0 and 1, got {fraction!r}")
    length = params["length_normalization"]
    if not is_real(length) or not 0 <= length < float("inf"):
        problems.add(f"length_normalization: expected a number from 0 on, got {length!r}")
    check_unknown(params["unknown"], problems)
    problems.raise_as(ArgumentError)
