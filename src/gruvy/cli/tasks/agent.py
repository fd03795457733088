"""``gruvy fit agent``, and how agents are evaluated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gruvy.cli.job import Job
from gruvy.cli.options import RunOptions
from gruvy.cli.output import print_table
from gruvy.errors import ArgumentError

if TYPE_CHECKING:
    import pandas as pd

    from gruvy.tasks import RecurrentAgent

TAKES = frozenset({"episodes"})
EXAMPLES = r"""
An environment of POPGym, with an HTML report:

    gruvy fit agent popgym-RepeatPreviousEasy-v0 --steps 200000 \
        --report report.html

The same network without memory, to see what the memory is worth:

    gruvy fit agent popgym-RepeatPreviousEasy-v0 --no-memory
"""


def fit(
    env: Annotated[
        str, typer.Argument(metavar="ENV_ID", help="A gymnasium environment, or module:ID to import your own.")
    ],
    steps: Annotated[int, typer.Option(metavar="N", help="Training steps, over all environments together.")] = 500_000,
    episodes: Annotated[int, typer.Option(metavar="N", help="Episodes in which the agent is measured.")] = 100,
    *,
    run: RunOptions,
) -> Job:
    """Train an agent with memory in the environment ENV_ID and compare it with random actions.

    Observations may be numbers or categories (Box, Discrete, MultiDiscrete); actions may be choices or numbers
    (Discrete, Box). All printed figures come from complete episodes played after the training.
    """
    if episodes < 2:
        raise ArgumentError(f"--episodes: expected 2 or more, got {episodes}")
    from gruvy.tasks import RecurrentAgent
    from gruvy.tasks.agent.report import agent_report, environment_part

    agent = run.estimator(RecurrentAgent)
    return Job(
        agent,
        train=lambda **how: agent.fit(env, total_steps=steps, **how),
        score=lambda test: agent.evaluate(episodes=episodes),
        show=lambda scores: show(agent, scores),
        report=lambda test, scores: agent_report(
            [environment_part(env, {scores[0]["name"]: [agent]}, episodes=episodes)], agent, title=env
        ),
        facts=lambda agent: {"environment": env, "steps_per_second": agent.steps_per_second_},
        name="GRU" if agent.memory else "no memory",
    )


def predict(model: RecurrentAgent, data: Path) -> pd.DataFrame:
    """Refuse: an agent answers an environment step by step, not a table."""
    raise ArgumentError("an agent acts step by step, and not on a table; use its predict in Python, or gruvy evaluate")


def evaluate(model: RecurrentAgent, data: Path, episodes: int = 100) -> list[dict[str, Any]]:
    """Measure an agent and random actions in the environment whose id stands in place of a file."""
    return model.evaluate(data.as_posix(), episodes=episodes)


def show(model: RecurrentAgent, scores: Sequence[Mapping[str, Any]]) -> None:
    """Print what ``evaluate`` returned."""
    from gruvy.report import scores_table
    from gruvy.report.agent import RETURN_COLUMNS

    print_table(scores_table(RETURN_COLUMNS, scores, what=model.environment_))
