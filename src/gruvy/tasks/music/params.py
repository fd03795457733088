"""The checks of a PolyphonicModel's parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gruvy.errors import ArgumentError
from gruvy.tasks.params import check_shared, is_real
from gruvy.timeseries import Problems

_COUNTS = ("hidden_size", "num_layers", "batch_size", "max_epochs", "patience")


def check_params(params: Mapping[str, Any]) -> None:
    """Refuse what cannot work, all of it at once.

    Args:
        params: what ``PolyphonicModel.get_params()`` gives.

    Raises:
        ArgumentError: every parameter with a wrong type or value.
    """
    problems = Problems("PolyphonicModel")
    check_shared(params, problems, counts=_COUNTS)
    if not isinstance(params["reset_after"], bool):
        problems.add(f"reset_after: expected True or False, got {params['reset_after']!r}")
    noise = params["weight_noise"]
    if not is_real(noise) or not noise >= 0:
        problems.add(f"weight_noise: expected a number from 0 on, got {noise!r}")
    fraction = params["validation_fraction"]
    if not is_real(fraction) or not 0 < fraction < 1:
        problems.add(f"validation_fraction: expected a number between 0 and 1, got {fraction!r}")
    problems.raise_as(ArgumentError)
