"""What a report of agents shows, as plain values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from gruvy.errors import ArgumentError

FloatArray = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class AgentRow:
    """One line of an environment's comparison: a trained agent, or a baseline. What does not apply is None.

    ``low`` and ``high`` are the 95% confidence interval of the mean return over ``episodes`` episodes; ``steps`` are
    those of the training, with ``steps_per_second`` of playing and learning.
    """

    name: str
    kind: Literal["model", "baseline"]
    mean_return: float
    low: float
    high: float
    mean_length: float
    episodes: int
    parameters: int | None = None
    steps: int | None = None
    steps_per_second: float | None = None


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
    """One environment: its name, what is to be done in it, rows, curves of the trained agents, and an episode.

    The first row of kind "model" is what the report is about.
    """

    name: str
    about: str
    rows: Sequence[AgentRow]
    curves: Sequence[ReturnCurve]
    episode: Episode

    def __post_init__(self) -> None:
        if not any(row.kind == "model" for row in self.rows):
            raise ArgumentError(f"{self.name}: no row is of kind 'model': add the agent that the report is about")

    @property
    def model(self) -> AgentRow:
        """The row that the report is about."""
        return next(row for row in self.rows if row.kind == "model")


@dataclass(frozen=True)
class AgentReport:
    """All that a report of agents shows; `gruvy.report.write_agent_report` turns it into HTML.

    Args:
        title: the headline.
        environments: one part for each.
        provenance: what a reader needs to repeat the run, name -> value.
        band: what the bands around the curves are, in a few words.
        description: one or two sentences on what was done, or "".

    Raises:
        ArgumentError: there is no environment.
    """

    title: str
    environments: Sequence[EnvironmentPart]
    provenance: Mapping[str, str]
    band: str
    description: str = ""

    def __post_init__(self) -> None:
        if not self.environments:
            raise ArgumentError("the report cannot be written: it has no environment; add one")
