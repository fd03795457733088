"""What one ``gruvy fit`` does besides what all of them do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Job:
    """What the ``fit`` of a task's module returns: a training that is ready to begin, and how its result is shown.

    Attributes:
        model: the estimator.
        train: called with what every ``fit`` takes of how the training is to go; what it returns is held out to test.
        show: prints the scores.
        score: the scores, from what ``train`` returned; those of the fit where it is left out.
        report: the values of the report, from what ``train`` returned and the scores.
        facts: what the JSON document has of this kind of estimator, besides the scores, from the fitted one.
        name: of the model while it is trained; its cell's where it is left out.
        scores: what they are called in the JSON document.
    """

    model: Any
    train: Callable[..., Any]
    show: Callable[[Any], None]
    report: Callable[[Any, Any], Any]
    score: Callable[[Any], Any] | None = None
    facts: Callable[[Any], Mapping[str, Any]] = field(default=lambda model: {})
    name: str = ""
    scores: str = "scores"


def with_baselines(rows: Sequence[Any], baselines: Sequence[Any], models: int = 1) -> list[Any]:
    """The rows of ``evaluate``, with the baselines of the fit between those of the model and the trivial ones."""
    return [*rows[:models], *baselines, *rows[models:]]
