"""What a report of agents shows, as plain values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from gruvy.errors import ArgumentError
from gruvy.report.base import Report
from gruvy.report.comparison import Column, Comparison
from gruvy.report.text import beside

FloatArray = NDArray[np.floating[Any]]


# What agents are compared by, in one environment.
RETURN_COLUMNS = (
    Column("mean_return", "mean return", ".3f", "higher"),
    Column(
        "low",
        "95% confidence interval",
        ".3f",
        about="The confidence interval of the mean is a bootstrap over the episodes.",
        until="high",
    ),
    Column("mean_length", "mean length", ".1f", about="The mean length of an episode is in steps."),
    Column("episodes", "episodes", ","),
    Column("parameters", "parameters", ",", on_page=True),
    Column("steps", "steps of training", ",", on_page=True),
    Column("steps_per_second", "steps per second", ",.0f", on_page=True),
)


@dataclass(frozen=True)
class ReturnCurve:
    """The mean return of a trained agent by the steps of its training, with a band around it; all (T,)."""

    name: str
    steps: NDArray[np.integer[Any]]
    mean: FloatArray
    low: FloatArray
    high: FloatArray


@dataclass(frozen=True)
class Episode:
    """One episode of T steps: numbers seen, by name; actions, by name; rewards; gates (T, H) of the last layer."""

    observations: Mapping[str, FloatArray]
    actions: Mapping[str, FloatArray]
    rewards: FloatArray
    reset: FloatArray
    update: FloatArray


@dataclass(frozen=True)
class EnvironmentPart:
    """One environment: its name, what is to be done in it, curves of the trained agents, and an episode.

    The first row of kind "model" in the comparison, which is of `RETURN_COLUMNS`, is what the report is about.
    """

    name: str
    about: str
    comparison: Comparison
    curves: Sequence[ReturnCurve]
    episode: Episode

    def __post_init__(self) -> None:
        if not self.comparison.of_kind("model"):
            raise ArgumentError(f"{self.name}: no row is of kind 'model': add the agent that the report is about")


@dataclass(frozen=True, kw_only=True)
class AgentReport(Report):
    """The report of agents.

    Args:
        environments: one part for each; there is at least one.
        band: what the bands around the curves are, in a few words.
    """

    folder: ClassVar[str] = __package__
    compares: ClassVar[bool] = False

    environments: Sequence[EnvironmentPart]
    band: str

    @property
    def headline(self) -> str:
        """What return is reached in each environment, beside what."""
        sentences = []
        for part in self.environments:
            model, *others = part.comparison.model, *part.comparison.others
            rest = beside(f"{row['mean_return']:.3f} by {row.name}" for row in others)
            reached = f"{model['mean_return']:.3f} ({model['low']:.3f} to {model['high']:.3f})"
            sentences.append(f"In {part.name} the {model.name} reaches a mean return of {reached}{rest}.")
        return " ".join(sentences)

    def _problems(self) -> list[str]:
        return [] if self.environments else ["it has no environment; add one"]
