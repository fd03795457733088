"""The checks of a SequenceClassifier's parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gruvy.data.vocabulary import KINDS
from gruvy.errors import ArgumentError
from gruvy.tasks.params import check_class_weight, check_shared, check_unknown, is_int, is_real
from gruvy.timeseries import Problems, did_you_mean

_COUNTS = ("embedding_size", "hidden_size", "num_layers", "ensemble_size", "batch_size")
_COUNTS_OR_NONE = ("max_epochs", "patience")


def check_params(params: Mapping[str, Any]) -> None:
    """Refuse what cannot work, all of it at once.

    Args:
        params: what ``SequenceClassifier.get_params()`` gives.

    Raises:
        ArgumentError: every parameter with a wrong type or value.
    """
    problems = Problems("SequenceClassifier")
    given = [name for name in _COUNTS_OR_NONE if params[name] is not None]
    check_shared(params, problems, counts=[*_COUNTS, *given])
    if params["tokens"] not in KINDS:
        expected = f"expected one of {', '.join(KINDS)}, got {params['tokens']!r}"
        problems.add(f"tokens: {expected}; {did_you_mean(params['tokens'], KINDS)}")
    if not is_int(params["vocabulary_size"]) or params["vocabulary_size"] < 2:
        problems.add(f"vocabulary_size: expected a whole number from 2 on, got {params['vocabulary_size']!r}")
    if not isinstance(params["bidirectional"], bool):
        problems.add(f"bidirectional: expected True or False, got {params['bidirectional']!r}")
    fraction = params["validation_fraction"]
    if not is_real(fraction) or not 0 < fraction < 1:
        problems.add(f"validation_fraction: expected a number between 0 and 1, got {fraction!r}")
    check_class_weight(params["class_weight"], problems)
    check_unknown(params["unknown"], problems)
    problems.raise_as(ArgumentError)
