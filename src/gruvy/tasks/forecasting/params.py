"""The checks of a Forecaster's parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gruvy.errors import ArgumentError
from gruvy.tasks.params import check_shared, is_int, is_real
from gruvy.timeseries import Problems

SPLITS = ("time", "series")
LIKELIHOODS = ("quantile", "count")
_COUNTS = ("horizon", "context_length", "hidden_size", "num_layers", "batch_size", "max_epochs", "patience")


def check_params(params: Mapping[str, Any]) -> None:
    """Refuse what cannot work, all of it at once.

    Args:
        params: what ``Forecaster.get_params()`` gives.

    Raises:
        ArgumentError: every parameter with a wrong type or value.
    """
    problems = Problems("Forecaster")
    check_shared(params, problems, counts=_COUNTS)
    if params["split"] not in SPLITS:
        problems.add(f"split: expected one of {', '.join(SPLITS)}, got {params['split']!r}")
    if params["likelihood"] not in LIKELIHOODS:
        problems.add(f"likelihood: expected one of {', '.join(LIKELIHOODS)}, got {params['likelihood']!r}")
    _check_fractions(params, problems)
    _check_quantiles(params["quantiles"], problems)
    if not isinstance(params["calibrate"], (bool, np.bool_)):
        problems.add(f"calibrate: expected True or False, got {params['calibrate']!r}")
    season, context, least = params["season_length"], params["context_length"], params["min_context"]
    if least is not None and not (is_int(least) and least >= 1 and (not is_int(context) or least <= context)):
        problems.add(f"min_context: expected None or a whole number from 1 to context_length={context}, got {least!r}")
    if season is not None and not (is_int(season) and season >= 1):
        problems.add(f"season_length: expected None or a whole number from 1 on, got {season!r}")
    elif season is not None and is_int(context) and season > context:
        problems.add(f"season_length: expected at most context_length={context}, got {season}; lengthen the context")
    bounds = [params[name] for name in ("lower", "upper")]
    wrong = [value for value in bounds if value is not None and not is_real(value)]
    if wrong or (None not in bounds and bounds[0] >= bounds[1]):
        problems.add(f"lower, upper: expected None or numbers, lower below upper, got {bounds[0]!r}, {bounds[1]!r}")
    elif params["likelihood"] == "count" and any(value is not None and value != int(value) for value in bounds):
        problems.add(f"lower, upper: expected whole numbers as bounds of counts, got {bounds[0]!r}, {bounds[1]!r}")
    problems.raise_as(ArgumentError)


def quantile_levels(quantiles: Sequence[float]) -> tuple[float, ...]:
    """The levels in increasing order, with the median."""
    return tuple(sorted({0.5, *(float(level) for level in quantiles)}))


def _check_fractions(params: Mapping[str, Any], problems: Problems) -> None:
    names = ("test_fraction", "validation_fraction")
    wrong = [name for name in names if not is_real(params[name]) or not 0 < params[name] < 1]
    for name in wrong:
        problems.add(f"{name}: expected a number between 0 and 1, got {params[name]!r}")
    if not wrong and sum(params[name] for name in names) >= 1:
        problems.add(
            "test_fraction + validation_fraction: expected below 1, or nothing is left to learn from, got "
            f"{params['test_fraction']} + {params['validation_fraction']}"
        )


def _check_quantiles(quantiles: Any, problems: Problems) -> None:
    levels = (
        list(quantiles) if isinstance(quantiles, (Sequence, np.ndarray)) and not isinstance(quantiles, str) else None
    )
    if levels is None or not levels or not all(is_real(level) and 0 < level < 1 for level in levels):
        problems.add(f"quantiles: expected numbers between 0 and 1 such as (0.1, 0.5, 0.9), got {quantiles!r}")
    elif len(set(levels)) < len(levels):
        problems.add(f"quantiles: expected each level once, got {quantiles!r}")
