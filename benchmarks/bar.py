"""A bar: what is promised, what was found, and whether that is enough."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Bar:
    """One promise held against its figure.

    Args:
        promise: what is wanted, with its number.
        found: the figure, or why there is none.
        passed: whether the promise is kept.
        short: the places where it is not, each with its figure, worst first.
    """

    promise: str
    found: str
    passed: bool
    short: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        lines = [f"{'pass' if self.passed else 'FAIL'}  {self.promise}: {self.found}"]
        return "\n".join([*lines, *(f"          {place}" for place in self.short)])


def at_most(promise: str, limit: float, figures: Iterable[tuple[float, str]], unit: str = "") -> Bar:
    """Judge figures, each with the place where it was found, of which none may be above the limit."""
    return _judge(promise, sorted(figures, reverse=True), lambda value: value <= limit, unit)


def at_least(promise: str, limit: float, figures: Iterable[tuple[float, str]], unit: str = "") -> Bar:
    """Judge figures, each with the place where it was found, of which none may be below the limit."""
    return _judge(promise, sorted(figures), lambda value: value >= limit, unit)


def not_measured(promise: str, reason: str) -> Bar:
    """Return a bar that is not passed, because there is no figure."""
    return Bar(promise, f"not measured: {reason}", False)


def _judge(promise: str, worst_first: Sequence[tuple[float, str]], enough: Callable[[float], bool], unit: str) -> Bar:
    if not worst_first:
        return not_measured(promise, "nothing of this kind was run")
    told = [f"{value:.3g}{unit} at {place}" for value, place in worst_first]
    short = [text for text, (value, _) in zip(told, worst_first, strict=True) if not enough(value)]
    kept = f"kept at {len(told) - len(short)} of {len(told)}; worst {told[0]}" if len(told) > 1 else told[0]
    return Bar(promise, kept, not short, short if len(told) > 1 else [])
