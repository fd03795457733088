"""``gruvy fit agent``, and how agents are evaluated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gruvy.cli.options import HiddenSize, NumLayers, RunOptions
from gruvy.cli.output import Training, print_fitted, print_table, working
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
        str, typer.Argument(metavar="ENV_ID", help="An environment of gymnasium, or module:ID to import one of yours.")
    ],
    steps: Annotated[int, typer.Option(metavar="N", help="In all environments together.")] = 500_000,
    memory: Annotated[bool, typer.Option("--memory/--no-memory", help="Whether the agent remembers.")] = True,
    hidden_size: HiddenSize = 64,
    num_layers: NumLayers = 1,
    num_envs: Annotated[int, typer.Option(metavar="N", help="Environments played at the same time.")] = 32,
    num_steps: Annotated[int, typer.Option(metavar="N", help="Of each of them between two updates.")] = 128,
    gamma: Annotated[float, typer.Option(metavar="SHARE", help="By which rewards ahead count less.")] = 0.99,
    episodes: Annotated[int, typer.Option(metavar="N", help="To measure the agent on.")] = 100,
    *,
    run: RunOptions,
) -> None:
    """Train an agent with memory in the environment ENV_ID and compare it with random actions.

    Observations may be numbers or categories (Box, Discrete, MultiDiscrete), actions choices or numbers (Discrete,
    Box). All printed figures are of whole episodes after the training.
    """
    run.check()
    if episodes < 2:
        raise ArgumentError(f"--episodes: expected 2 or more, got {episodes}")
    with working("loading", quiet=run.json):
        from gruvy.report import write_report
        from gruvy.tasks import RecurrentAgent
        from gruvy.tasks.agent.report import agent_report, environment_part

        agent = run.estimator(
            RecurrentAgent,
            hidden_size=hidden_size,
            num_layers=num_layers,
            memory=memory,
            num_envs=num_envs,
            num_steps=num_steps,
            gamma=gamma,
        )
    with Training("GRU" if agent.memory else "no memory", quiet=run.json) as progress:
        agent.fit(env, total_steps=steps, **run.training, progress=progress)
    agent.save(run.out)
    with working("scoring", quiet=run.json):
        scores = agent.evaluate(episodes=episodes)
        if run.report is not None:
            part = environment_part(env, {scores[0]["name"]: [agent]}, episodes=episodes)
            write_report(agent_report([part], agent, title=env), run.report)
    print_fitted(
        agent,
        run,
        show=lambda: show(agent, scores),
        environment=env,
        scores=scores,
        steps_per_second=agent.steps_per_second_,
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
