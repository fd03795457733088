"""The checks of a Forecaster's parameters."""

from __future__ import annotations

import numbers
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gruvy.errors import ArgumentError
from gruvy.nn.cells import CELLS
from gruvy.timeseries import Problems, did_you_mean

SPLITS = ("time", "series")
_COUNTS = ("horizon", "context_length", "hidden_size", "num_layers", "batch_size", "max_epochs", "patience")


def check_params(params: Mapping[str, Any]) -> None:
    """Refuse what cannot work, all of it at once.

    Args:
        params: what ``Forecaster.get_params()`` gives.

    Raises:
        ArgumentError: every parameter with a wrong type or value.
    """
    problems = Problems("Forecaster")
    for name in _COUNTS:
        if not _is_int(params[name]) or params[name] < 1:
            problems.add(f"{name}: expected a whole number from 1 on, got {params[name]!r}")
    if params["cell"] not in CELLS:
        expected = f"expected one of {', '.join(CELLS)}, got {params['cell']!r}"
        problems.add(f"cell: {expected}; {did_you_mean(params['cell'], CELLS)}")
    if not _is_real(params["dropout"]) or not 0 <= params["dropout"] < 1:
        problems.add(f"dropout: expected a number from 0 to below 1, got {params['dropout']!r}")
    if not _is_real(params["learning_rate"]) or not params["learning_rate"] > 0:
        problems.add(f"learning_rate: expected a number above 0, got {params['learning_rate']!r}")
    if params["split"] not in SPLITS:
        problems.add(f"split: expected one of {', '.join(SPLITS)}, got {params['split']!r}")
    _check_fractions(params, problems)
    _check_quantiles(params["quantiles"], problems)
    if not isinstance(params["calibrate"], (bool, np.bool_)):
        problems.add(f"calibrate: expected True or False, got {params['calibrate']!r}")
    season, context = params["season_length"], params["context_length"]
    if season is not None and not (_is_int(season) and season >= 1):
        problems.add(f"season_length: expected None or a whole number from 1 on, got {season!r}")
    elif season is not None and _is_int(context) and season > context:
        problems.add(f"season_length: expected at most context_length={context}, got {season}; lengthen the context")
    state = params["random_state"]
    if not (state is None or isinstance(state, np.random.RandomState) or (_is_int(state) and 0 <= state < 2**32)):
        problems.add(f"random_state: expected None, an int from 0 to 2**32 - 1 or a RandomState, got {state!r}")
    problems.raise_as(ArgumentError)


def quantile_levels(quantiles: Sequence[float]) -> tuple[float, ...]:
    """The levels in increasing order, with the median."""
    return tuple(sorted({0.5, *(float(level) for level in quantiles)}))


def _check_fractions(params: Mapping[str, Any], problems: Problems) -> None:
    names = ("test_fraction", "validation_fraction")
    wrong = [name for name in names if not _is_real(params[name]) or not 0 < params[name] < 1]
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
    if levels is None or not levels or not all(_is_real(level) and 0 < level < 1 for level in levels):
        problems.add(f"quantiles: expected numbers between 0 and 1 such as (0.1, 0.5, 0.9), got {quantiles!r}")
    elif len(set(levels)) < len(levels):
        problems.add(f"quantiles: expected each level once, got {quantiles!r}")


def _is_int(value: Any) -> bool:
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)


def _is_real(value: Any) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, bool)
