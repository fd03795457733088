"""From fitted agents to the values that a report shows."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gruvy.report import Comparison, Row
from gruvy.report.agent import RETURN_COLUMNS, AgentReport, EnvironmentPart, Episode, ReturnCurve
from gruvy.report.comparison import Kind
from gruvy.tasks.agent.evaluation import score_row
from gruvy.tasks.agent.recurrent_agent import RecurrentAgent
from gruvy.tasks.shared.reporting import repeatable


def agent_report(
    parts: Sequence[EnvironmentPart],
    agent: RecurrentAgent,
    *,
    title: str,
    runs: int = 1,
    description: str = "",
    command: str = "",
) -> AgentReport:
    """Gather what a report shows.

    Args:
        parts: of the environments, from `environment_part`.
        agent: whose provenance is shown.
        title: the headline.
        runs: with so many seeds each agent was trained.
        description: one or two sentences on what was done.
        command: what repeats the run, or "".

    Returns:
        The values of the report; `gruvy.report.write_report` turns them into a page.
    """
    seed = agent.provenance_["seed"]
    seeds = {} if runs == 1 else {"Seed": f"{seed} and the {runs - 1} after it"}
    band = (
        "the 95% confidence interval of the mean over the episodes that ended in an iteration"
        if runs == 1
        else f"the range of {runs} trainings with different seeds, the line their mean"
    )
    return AgentReport(
        title=title,
        provenance=repeatable(agent, seeds, command),
        description=description,
        environments=parts,
        band=band,
    )


def environment_part(
    name: str,
    agents: Mapping[str, Sequence[RecurrentAgent]],
    *,
    episodes: int = 100,
    about: str = "",
    observations: Sequence[str] = (),
    actions: Sequence[str] = (),
) -> EnvironmentPart:
    """Play and measure agents that were trained in one environment, and random actions.

    Args:
        name: of the environment.
        agents: by the name that the report gives them, those of different seeds; all fitted in an environment given by
            its id. The first one's first episode is shown.
        episodes: of each of them.
        about: what is to be done in it.
        observations, actions: what the numbers of an observation and of an action are called; by default their places.

    Returns:
        One part of the report. A row pools the episodes of all seeds.
    """
    rows = []
    for title, seeds in agents.items():
        played = [agent.play(episodes=episodes) for agent in seeds]
        returns, lengths = ([one for run in part for one in run] for part in zip(*played, strict=True))
        rows.append(_row("model", score_row(title, returns, lengths), seeds[0]))
    first = next(iter(agents.values()))[0]
    rows.append(_row("baseline", first.evaluate(episodes=episodes)[1]))
    trace = first.trace()
    return EnvironmentPart(
        name=name,
        about=about,
        comparison=Comparison(RETURN_COLUMNS, rows, what=name),
        curves=[return_curve(title, [agent.history_ for agent in seeds]) for title, seeds in agents.items()],
        episode=Episode(
            _channels(trace.observations, observations, "observation"),
            _channels(trace.actions, actions, "action"),
            trace.rewards,
            trace.reset,
            trace.update,
        ),
    )


def return_curve(name: str, histories: Sequence[Sequence[Mapping[str, Any]]]) -> ReturnCurve:
    """Return the mean return by steps.

    Args:
        name: of the agent.
        histories: of its trainings with different seeds.

    Returns:
        With one history, the mean over the episodes of each iteration and its 95% confidence interval; with several,
        the mean over the seeds, and the lowest and the highest. Iterations in which no episode ended are left out.
    """
    means = np.array([[row["mean_return"] for row in history] for history in histories], float)
    steps = np.array([row["steps"] for row in histories[0]])
    if len(histories) == 1:
        deviation = np.array([row["return_deviation"] or 0.0 for row in histories[0]])
        counts = np.array([row["episodes"] for row in histories[0]])
        half = 1.96 * deviation / np.sqrt(np.maximum(counts, 1))
        mean = means[0]
        low, high = mean - half, mean + half
    else:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "All-NaN|Mean of empty", RuntimeWarning)
            mean, low, high = np.nanmean(means, axis=0), np.nanmin(means, axis=0), np.nanmax(means, axis=0)
    known = ~np.isnan(mean)
    return ReturnCurve(name, steps[known], mean[known], low[known], high[known])


def _row(kind: Kind, score: Mapping[str, Any], agent: RecurrentAgent | None = None) -> Row:
    values = {name: value for name, value in score.items() if name != "name"}
    if agent is not None:
        values |= {
            "parameters": agent.n_parameters_,
            "steps": int(agent.history_[-1]["steps"]),
            "steps_per_second": agent.steps_per_second_,
        }
    return Row(score["name"], kind, values)


def _channels(values: Sequence[Any], names: Sequence[str], kind: str) -> dict[str, NDArray[np.float64]]:
    """The numbers of T observations or actions, each under its name."""
    numbers = np.asarray(values, float).reshape(len(values), -1)
    if not names:
        several = numbers.shape[1] > 1
        names = [f"{kind} {place}" if several else kind for place in range(1, numbers.shape[1] + 1)]
    return dict(zip(names, numbers.T, strict=True))
