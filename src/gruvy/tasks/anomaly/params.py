"""The checks of an AnomalyDetector's parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gruvy.errors import ArgumentError
from gruvy.tasks.params import check_shared, is_int, is_real
from gruvy.timeseries import Problems

_COUNTS = ("context_length", "horizon", "memory", "min_length", "hidden_size", "num_layers")
_TRAINING = ("batch_size", "max_epochs", "patience")
_FRACTIONS = ("false_alarm_rate", "validation_fraction", "calibration_fraction")


def check_params(params: Mapping[str, Any]) -> None:
    """Refuse what cannot work, all of it at once.

    Args:
        params: what ``AnomalyDetector.get_params()`` gives.

    Raises:
        ArgumentError: every parameter with a wrong type or value.
    """
    problems = Problems("AnomalyDetector")
    check_shared({**params, "cell": "gru"}, problems, counts=(*_COUNTS, *_TRAINING))
    for name in ("merge_gap", "difference"):
        if not is_int(params[name]) or params[name] < 0:
            problems.add(f"{name}: expected a whole number from 0 on, got {params[name]!r}")
    for name in _FRACTIONS:
        if not is_real(params[name]) or not 0 < params[name] < 1:
            problems.add(f"{name}: expected a number between 0 and 1, got {params[name]!r}")
    if not problems.found and params["validation_fraction"] + params["calibration_fraction"] >= 1:
        problems.add(
            "validation_fraction + calibration_fraction: expected below 1, or nothing is left to learn from, got "
            f"{params['validation_fraction']} + {params['calibration_fraction']}"
        )
    problems.raise_as(ArgumentError)
