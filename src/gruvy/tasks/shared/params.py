"""Rules for the parameters of estimators, declared beside their constructors."""

from __future__ import annotations

import numbers
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gruvy.errors import ArgumentError
from gruvy.nn.cells import CELLS
from gruvy.text import RULES
from gruvy.timeseries import Problems, did_you_mean


def is_int(value: Any) -> bool:
    """Whether it is an integer, and no bool."""
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)


def is_real(value: Any) -> bool:
    """Whether it is a number, and no bool."""
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


@dataclass(frozen=True)
class Rule:
    """What a parameter may be.

    Attributes:
        expected: what it may be, in words.
        holds: whether a value may be given.
        of_json: from the value in a file to the parameter, where that is not the same.
        hint: what to add for a value that may not be given.
    """

    expected: str
    holds: Callable[[Any], bool]
    of_json: Callable[[Any], Any] = lambda value: value
    hint: Callable[[Any], str] = lambda value: ""

    def problem(self, name: str, value: Any) -> str:
        """Say what is wrong with a value; "" if it may be given."""
        return "" if self.holds(value) else f"{name}: expected {self.expected}, got {value!r}{self.hint(value)}"

    def check(self, name: str, value: Any) -> None:
        """Refuse a value that may not be given.

        Raises:
            ArgumentError: naming it.
        """
        if problem := self.problem(name, value):
            raise ArgumentError(problem)

    def or_none(self) -> Rule:
        """The same, or None."""
        return Rule(
            f"None or {self.expected}", lambda value: value is None or self.holds(value), self.of_json, self.hint
        )


def integer(least: int) -> Rule:
    """An integer of at least ``least``."""
    return Rule(f"an integer of at least {least}", lambda value: is_int(value) and value >= least)


def above(low: float) -> Rule:
    """A finite number above ``low``."""
    return Rule(f"a number above {low:g}", lambda value: is_real(value) and low < value < float("inf"))


def at_least(low: float) -> Rule:
    """A finite number from ``low`` on."""
    return Rule(f"a number of at least {low:g}", lambda value: is_real(value) and low <= value < float("inf"))


def between(low: float, high: float) -> Rule:
    """A number between ``low`` and ``high``, neither of them included."""
    return Rule(f"a number between {low:g} and {high:g}", lambda value: is_real(value) and low < value < high)


def within(low: float, high: float) -> Rule:
    """A number from ``low`` to ``high``, both included."""
    return Rule(f"a number from {low:g} to {high:g}", lambda value: is_real(value) and low <= value <= high)


def one_of(options: Collection[str]) -> Rule:
    """One of these words."""
    return Rule(
        f"one of {', '.join(options)}",
        lambda value: isinstance(value, str) and value in options,
        hint=lambda value: f"; {did_you_mean(value, options)}",
    )


NUMBER = Rule("a number", is_real)
FLAG = Rule("True or False", lambda value: isinstance(value, (bool, np.bool_)))
FRACTION = between(0, 1)
SEED = Rule(
    "None, an int from 0 to 2**32 - 1 or a RandomState",
    lambda value: value is None or isinstance(value, np.random.RandomState) or (is_int(value) and 0 <= value < 2**32),
)


def _are_levels(value: Any) -> bool:
    if not isinstance(value, (Sequence, np.ndarray)) or isinstance(value, str):
        return False
    levels = list(value)
    return bool(levels) and all(is_real(level) and 0 < level < 1 for level in levels) and len({*levels}) == len(levels)


# Levels of quantiles. JSON has no tuples.
LEVELS = Rule("different numbers between 0 and 1 such as (0.1, 0.5, 0.9)", _are_levels, of_json=tuple)
# JSON has text alone as keys, so that a file has pairs.
CLASS_WEIGHT = Rule(
    "None, 'balanced' or a dict of class -> number above 0",
    lambda weight: (
        all(is_real(value) and value > 0 for value in weight.values())
        if isinstance(weight, Mapping)
        else weight is None or (isinstance(weight, str) and weight == "balanced")
    ),
    of_json=lambda weight: dict(weight) if isinstance(weight, list) else weight,
)

# The parameters that mean the same in every estimator that has them.
SHARED: Mapping[str, Rule] = {
    "cell": one_of(CELLS),
    "hidden_size": integer(1),
    "num_layers": integer(1),
    "embedding_size": integer(1),
    "bidirectional": FLAG,
    "dropout": Rule("a number of at least 0 and below 1", lambda value: is_real(value) and 0 <= value < 1),
    "class_weight": CLASS_WEIGHT,
    "validation_fraction": FRACTION,
    "test_fraction": FRACTION,
    "batch_size": integer(1),
    "max_epochs": integer(1),
    "patience": integer(1),
    "learning_rate": above(0),
    "random_state": SEED,
    "unknown": one_of(RULES).or_none(),
}


def check_arguments(subject: str, rules: Mapping[str, Rule], values: Mapping[str, Any]) -> Problems:
    """Return what is wrong with each of these values."""
    problems = Problems(subject)
    for name, value in values.items():
        if problem := rules[name].problem(name, value):
            problems.add(problem)
    return problems


def check_sum(params: Mapping[str, Any], problems: Problems, *names: str) -> None:
    """Note fractions of the data that leave nothing to learn from."""
    if {*names} <= params.keys() and sum(params[name] for name in names) >= 1:
        given = " + ".join(str(params[name]) for name in names)
        problems.add(f"{' + '.join(names)}: expected below 1, or nothing is left to learn from, got {given}")
