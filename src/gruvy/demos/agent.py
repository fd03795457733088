"""Environments that do not show all: a GRU that remembers, and the same network without memory."""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

from gruvy.demos.outcome import Budget, Figure, Outcome, Training, command, kept, write_results
from gruvy.report import write_report
from gruvy.tasks import RecurrentAgent
from gruvy.tasks.agent.report import agent_report, environment_part


@dataclass(frozen=True)
class Task:
    """One environment of POPGym: its id, what is to be done in it, and what its numbers are called."""

    env: str
    about: str
    observations: tuple[str, ...]
    actions: tuple[str, ...]


TASKS = {
    "RepeatPreviousEasy": Task(
        "popgym-RepeatPreviousEasy-v0",
        "Cards are dealt one by one; from the fourth on, the suit of the card three before the last is to be named. "
        "Every card that is right brings 1/48, every other -1/48: naming any suit brings -0.5, all that are right 1.",
        ("suit dealt",),
        ("suit named",),
    ),
    "PositionOnlyCartPoleEasy": Task(
        "popgym-PositionOnlyCartPoleEasy-v0",
        "A pole is to be balanced on a cart for 200 steps. Only the place of the cart and the angle of the pole are "
        "seen, not how fast they change. Every step brings 1/200: balancing to the end brings 1.",
        ("cart (m)", "angle (rad)"),
        ("push (0 left, 1 right)",),
    ),
}


# The environments, the seeds, and the steps of each training.
BUDGETS: dict[Budget, tuple[tuple[str, ...], int, int]] = {
    "quick": (tuple(TASKS), 1, 40_000),
    "default": (tuple(TASKS), 1, 300_000),
    "full": (tuple(TASKS), 3, 500_000),
}
EPISODES = 200


def run(
    folder: str | PathLike[str] = "gruvy-demo",
    *,
    budget: Budget = "default",
    training: Training,
    total_steps: int | None = None,
    **params: Any,
) -> Outcome:
    """Train agents with and without memory in environments of POPGym, measure them and random actions, write a report.

    Args:
        folder: where ``agent.html``, ``agent.json`` and a model for each environment, ``agent.gruvy`` the first, go; it
            is made if need be.
        budget: which environments, how many seeds, and how long; see `gruvy.demos.outcome.Budget`.
        training: called with each agent's name; the context it returns gives what ``fit(progress=...)`` is to call.
        total_steps: of each training, if not those of the budget.
        params: parameters of the RecurrentAgent that differ from its defaults.

    Returns:
        What the command shows.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    names, seeds, steps = BUDGETS[budget]
    parts, first = [], []
    for name in names:
        task = TASKS[name]
        agents: dict[str, list[RecurrentAgent]] = {"GRU": [], "no memory": []}
        for kind, trained in agents.items():
            for seed in range(seeds):
                agent = RecurrentAgent(**{"memory": kind == "GRU", "random_state": seed, **params})
                title = f"{kind}, {name}" + (f", seed {seed}" if seeds > 1 else "")
                state = kept(folder, "agent", budget, title)
                with training(title) as progress:
                    agent.fit(task.env, total_steps=total_steps or steps, progress=progress, **state)
                trained.append(agent)
        first.append(agents["GRU"][0])
        parts.append(
            environment_part(
                name,
                agents,
                episodes=EPISODES,
                about=task.about,
                observations=task.observations,
                actions=task.actions,
            )
        )
    paths = [folder / ("agent.gruvy" if name == names[0] else f"agent-{name}.gruvy") for name in names]
    for agent, path in zip(first, paths, strict=True):
        agent.save(path)

    report = agent_report(
        parts,
        first[0],
        title="What a memory is worth",
        runs=seeds,
        description=(
            "Environments of POPGym (Morad et al. 2023), in which an observation does not tell enough. The agent "
            "without memory is the same network, set back to zero before every step. Both learn by PPO, on one thread."
        ),
        command=command("agent", budget),
    )
    report_path = write_report(report, folder / "agent.html")
    results = {
        "headline": report.headline,
        "report": str(report_path),
        "environments": {part.name: part.comparison.records() for part in parts},
        "seeds": seeds,
        "provenance": first[0].provenance_,
    }
    write_results(results, folder / "agent.json", budget)
    figures = [
        Figure(
            f"mean return, {part.name}",
            part.comparison.model["mean_return"],
            {row.name: row["mean_return"] for row in part.comparison.others},
            trivial="no memory",
            higher_is_better=True,
            style=".3f",
        )
        for part in parts
    ]
    tables = [part.comparison for part in parts]
    return Outcome(report.headline, tables, figures, results, report_path, paths[0])
