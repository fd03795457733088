"""The training of an agent: play, learn, and again."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from gruvy.errors import ArgumentError
from gruvy.tasks.agent.network import AgentNetwork
from gruvy.tasks.agent.ppo import Settings, update
from gruvy.tasks.agent.rollout import Player
from gruvy.training import Progress, reproducible
from gruvy.training.checkpoint import State, load_state, remove_state, save_state
from gruvy.training.interruption import Interruption
from gruvy.training.randomness import seed_epoch

# Of the time that is left after the first iteration, what the plan does not count on.
_RESERVE = 0.1


@dataclass(frozen=True)
class Result:
    """What a training leaves beside the weights.

    Attributes:
        state: with a row of history for each iteration.
        planned: iterations that there were to be.
        stopped: why no more of them were made: "" where all were; "Ctrl-C"; "time".
    """

    state: State
    planned: int
    stopped: str


@dataclass(frozen=True)
class Schedule:
    """How long and how fast to learn.

    Attributes:
        iterations: rollouts, each followed by an update.
        num_steps: T, steps of each environment in a rollout.
        learning_rate: of Adam, at the beginning.
        anneal: whether it falls to 0 along a line.
    """

    iterations: int
    num_steps: int
    learning_rate: float
    anneal: bool


def learn(
    network: AgentNetwork,
    new_player: Callable[[int], Player],
    settings: Settings,
    schedule: Schedule,
    *,
    seed: int,
    checkpoint: Path | None,
    resume: bool,
    identity: Mapping[str, Any],
    progress: Callable[[Progress], None] | None,
    deadline: float | None = None,
) -> Result:
    """Train a network in place.

    What an iteration draws follows from the seed and its number, so that a resumed training differs from one that was
    not interrupted only in this: its environments begin new episodes, and the states of the GRU in them.

    Args:
        network: what learns.
        new_player: makes what plays it, from the seed of its environments.
        settings: how an update is made.
        schedule: how long and how fast.
        seed: of actions and minibatches; a resumed training keeps its own.
        checkpoint: a folder in which the training is kept after every iteration.
        resume: go on with the training kept there, if there is one.
        identity: what a resumed training must have in common with the one that was interrupted.
        progress: called after every iteration.
        deadline: when to have ended, of `time.perf_counter`: the first iteration, which is made in any case, tells how
            many there can be. Ctrl-C ends the training after the iteration that runs.

    Returns:
        The training, with a row of history for each iteration.

    Raises:
        KeyboardInterrupt: a second Ctrl-C.
        ArgumentError: the checkpoint belongs to another training, or the losses became infinite or NaN.
    """
    state = load_state(checkpoint, identity) if checkpoint is not None and resume else None
    if checkpoint is not None and state is None:
        remove_state(checkpoint)  # or a later resume would go on with it
    state = state or State(seed=seed, best_loss=0.0)  # there is no validation; and JSON has no infinity
    optimizer = torch.optim.Adam(network.parameters(), lr=schedule.learning_rate, eps=1e-5)
    if state.epochs:
        network.load_state_dict(state.network)
        fresh = optimizer.state_dict()
        optimizer.load_state_dict({"state": state.optimizer, "param_groups": fresh["param_groups"]})
    began, first = time.perf_counter(), state.epochs
    player = new_player(int(np.random.SeedSequence([state.seed, first]).generate_state(1)[0]))
    if state.planned is not None:
        schedule = replace(schedule, iterations=state.planned[0])
    stopped = ""
    with reproducible(state.seed), closing(player.environments), Interruption() as interruption:
        for iteration in range(first, schedule.iterations):
            if iteration == schedule.iterations:  # which the first one may have found to be fewer
                break
            row = _iterate(network, player, optimizer, settings, schedule, state.seed, iteration)
            if iteration == 0 and deadline is not None:
                left = (1 - _RESERVE) * (deadline - time.perf_counter())
                schedule = replace(
                    schedule, iterations=min(schedule.iterations, 1 + max(0, int(left / row["seconds"])))
                )
                state.planned = (schedule.iterations, 1)
            state.epochs = iteration + 1
            state.history.append(row)
            if checkpoint is not None:
                state.network, state.optimizer = network.state_dict(), optimizer.state_dict()["state"]
                state.finished = state.epochs == schedule.iterations
                save_state(checkpoint, state, identity)
            if progress is not None:
                progress(_event(row, schedule.iterations, time.perf_counter() - began, first))
            if interruption.wanted:
                stopped = "Ctrl-C"
            elif deadline is not None and time.perf_counter() > deadline and state.epochs < schedule.iterations:
                stopped = "time"
            if stopped:
                break
    return Result(state, schedule.iterations, stopped)


def _iterate(
    network: AgentNetwork,
    player: Player,
    optimizer: torch.optim.Optimizer,
    settings: Settings,
    schedule: Schedule,
    seed: int,
    iteration: int,
) -> dict[str, Any]:
    """Play and learn once; return the row of history."""
    began = time.perf_counter()
    seed_epoch(seed, iteration)
    left = 1 - iteration / schedule.iterations if schedule.anneal else 1.0
    for group in optimizer.param_groups:
        group["lr"] = schedule.learning_rate * left
    rollout = player.play(network, schedule.num_steps, np.random.default_rng([seed, iteration]))
    losses = update(network, optimizer, rollout, settings)
    if not all(map(math.isfinite, losses.values())):
        raise ArgumentError(
            f"training diverged in iteration {iteration + 1} ({losses}); lower learning_rate, "
            f"now {schedule.learning_rate:g}"
        )
    if network.seen is not None:  # after the update, which has to see what was played as it was seen then
        network.seen.update(rollout.observations[:-1].flatten(0, 1))
    returns = np.array(player.returns)
    return {
        "iteration": iteration + 1,
        "steps": (iteration + 1) * rollout.valid.numel(),
        "episodes": len(returns),
        "mean_return": float(returns.mean()) if len(returns) else None,
        "return_deviation": float(returns.std(ddof=1)) if len(returns) > 1 else None,
        "mean_length": float(np.mean(player.lengths)) if len(returns) else None,
        **losses,
        "seconds": time.perf_counter() - began,
    }


def _event(row: Mapping[str, Any], iterations: int, elapsed: float, first: int) -> Progress:
    done = row["iteration"]
    reached = "no episode ended" if row["mean_return"] is None else f"mean return {row['mean_return']:.3f}"
    return Progress(
        epoch=done,
        epochs=iterations,
        batch=1,
        batches=1,
        train_loss=row["policy_loss"],
        validation_loss=None,
        best_epoch=done,
        elapsed=elapsed,
        remaining=elapsed / (done - first) * (iterations - done),
        note=f"{row['steps']:,} steps  {reached}",
    )
