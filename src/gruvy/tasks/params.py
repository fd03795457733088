"""The checks of parameters that several estimators have."""

from __future__ import annotations

import numbers
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from gruvy.nn.cells import CELLS
from gruvy.text import RULES
from gruvy.timeseries import Problems, did_you_mean


def check_shared(params: Mapping[str, Any], problems: Problems, *, counts: Iterable[str]) -> None:
    """Note what cannot work: ``counts``, which are whole numbers from 1 on, cell, dropout, learning rate, seed."""
    for name in counts:
        if not is_int(params[name]) or params[name] < 1:
            problems.add(f"{name}: expected a whole number from 1 on, got {params[name]!r}")
    if params["cell"] not in CELLS:
        expected = f"expected one of {', '.join(CELLS)}, got {params['cell']!r}"
        problems.add(f"cell: {expected}; {did_you_mean(params['cell'], CELLS)}")
    if not is_real(params["dropout"]) or not 0 <= params["dropout"] < 1:
        problems.add(f"dropout: expected a number from 0 to below 1, got {params['dropout']!r}")
    if not is_real(params["learning_rate"]) or not params["learning_rate"] > 0:
        problems.add(f"learning_rate: expected a number above 0, got {params['learning_rate']!r}")
    state = params["random_state"]
    if not (state is None or isinstance(state, np.random.RandomState) or (is_int(state) and 0 <= state < 2**32)):
        problems.add(f"random_state: expected None, an int from 0 to 2**32 - 1 or a RandomState, got {state!r}")


def check_class_weight(weight: Any, problems: Problems) -> None:
    """Note a ``class_weight`` that is neither None, nor "balanced", nor class -> a number above 0."""
    if isinstance(weight, Mapping):
        wrong = {label: value for label, value in weight.items() if not is_real(value) or not value > 0}
        if wrong:
            problems.add(f"class_weight: expected numbers above 0, got {wrong!r}")
    elif weight is not None and not (isinstance(weight, str) and weight == "balanced"):
        problems.add(f"class_weight: expected None, 'balanced' or a dict of class -> weight, got {weight!r}")


def check_unknown(rule: Any, problems: Problems) -> None:
    """Note an ``unknown`` that is no rule for characters that a fit has not seen."""
    if rule is not None and rule not in RULES:
        problems.add(f"unknown: expected one of {', '.join(RULES)}, or None, got {rule!r}; {did_you_mean(rule, RULES)}")


def is_int(value: Any) -> bool:
    """Whether it is a whole number, and no bool."""
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)


def is_real(value: Any) -> bool:
    """Whether it is a number, and no bool."""
    return isinstance(value, numbers.Real) and not isinstance(value, bool)
