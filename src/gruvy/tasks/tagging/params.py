"""The checks of a SequenceTagger's parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gruvy.errors import ArgumentError
from gruvy.tasks.params import check_class_weight, check_shared, check_unknown, is_real
from gruvy.timeseries import Problems

_COUNTS = ("embedding_size", "hidden_size", "num_layers", "batch_size", "max_epochs", "patience")


def check_params(params: Mapping[str, Any]) -> None:
    """Refuse what cannot work, all of it at once.

    Args:
        params: what ``SequenceTagger.get_params()`` gives.

    Raises:
        ArgumentError: every parameter with a wrong type or value.
    """
    problems = Problems("SequenceTagger")
    check_shared(params, problems, counts=_COUNTS)
    if not isinstance(params["bidirectional"], bool):
        problems.add(f"bidirectional: expected True or False, got {params['bidirectional']!r}")
    fraction = params["validation_fraction"]
    if not is_real(fraction) or not 0 < fraction < 1:
        problems.add(f"validation_fraction: expected a number between 0 and 1, got {fraction!r}")
    check_class_weight(params["class_weight"], problems)
    check_unknown(params["unknown"], problems)
    problems.raise_as(ArgumentError)
