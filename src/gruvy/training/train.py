"""One training run, interruptible and repeatable."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from gruvy.training.checkpoint import State, load_state, remove_state
from gruvy.training.interruption import Interruption, StoppedError
from gruvy.training.loop import quiet, run_loop
from gruvy.training.memory import PeakMemory
from gruvy.training.module import Batches, Loss, Progress, Schedule, TrainingModule
from gruvy.training.planning import plan
from gruvy.training.randomness import reproducible


@dataclass(frozen=True)
class Training:
    """What a training run leaves beside the weights.

    Attributes:
        history: one row per epoch: epoch (from 1), train_loss, validation_loss, seconds.
        best_epoch: whose weights the network has now.
        seed: of shuffling and dropout; after a resume that of the first call.
        seconds_per_epoch: median, validation included.
        peak_memory_bytes: see `PeakMemory`; of this call alone after a resume.
        model_share: of the time of the training steps, the part spent in forward, loss, backward and
            optimizer; the rest is slicing and the loop. None if a finished training was resumed.
        planned_epochs: how many there were to be at most: fewer than the schedule's where the time was limited.
        stopped: why no more of them were made: "" where all were, or early stopping ended it; "Ctrl-C"; "time".
    """

    history: list[dict[str, float]]
    best_epoch: int
    seed: int
    seconds_per_epoch: float
    peak_memory_bytes: int
    model_share: float | None
    planned_epochs: int
    stopped: str


def train(
    network: nn.Module,
    loss: Loss,
    training: Batches,
    validation: Batches,
    schedule: Schedule,
    *,
    seed: int,
    checkpoint: Path | None = None,
    resume: bool = False,
    identity: Mapping[str, Any] | None = None,
    progress: Callable[[Progress], None] | None = None,
    deadline: float | None = None,
) -> Training:
    """Train a network in place; it ends with the averaged weights of its best epoch.

    The same network, windows, schedule and seed give the same weights bit for bit on one machine and thread
    count, interrupted and resumed or not. With a deadline the first steps are measured, and the schedule is planned for
    as many epochs as fit: the same weights as with so many ``max_epochs``, but how many they are depends on the machine
    and on what else it does.

    The first Ctrl-C ends the training after the batch that runs, with the best epoch so far; the second stops at once.

    Args:
        network: the module to train, on the CPU.
        loss: ``loss(network, batch) -> (sum over observed values, their number)``, two scalars.
        training: what is learnt from.
        validation: what chooses the best epoch and stops the training.
        schedule: how long and how fast.
        seed: of shuffling and dropout; a resumed training keeps its own.
        checkpoint: a folder in which the state is kept after every epoch.
        resume: go on from the state in that folder, if there is one.
        identity: what describes network, data and schedule, as plain JSON; a state with another identity is
            refused.
        progress: called with a `Progress` after some batches and every epoch.
        deadline: when to have ended, of `time.perf_counter`. One epoch, or a part of one, is made in any case.

    Returns:
        Losses and costs.

    Raises:
        KeyboardInterrupt: Ctrl-C before the first epoch's end, when there is nothing to keep; or a second one.
        ArgumentError: the checkpoint belongs to another training, or the loss became infinite or NaN.
        FileFormatError: the checkpoint is damaged.
    """
    identity = identity or {}
    state = load_state(checkpoint, identity) if checkpoint is not None and resume else None
    if checkpoint is not None and state is None:
        remove_state(checkpoint)  # or a later resume would go on with it
    state = state or State(seed=seed)
    stopped, judging = "", 0.0
    with PeakMemory() as peak, reproducible(state.seed), quiet(), Interruption() as interruption:
        if deadline is not None and not state.epochs:
            state.planned, judging = plan(network, loss, training, validation, schedule, state.seed, deadline)
        epochs, batches = state.planned or (schedule.max_epochs, len(training))
        module = TrainingModule(
            network,
            loss,
            training,
            replace(schedule, max_epochs=epochs),
            state,
            batches=batches,
            folder=checkpoint,
            identity=identity,
            progress=progress,
            interruption=interruption,
            deadline=deadline,
            judging=judging,
        )
        if not state.finished:
            training.seed, training.epoch = state.seed, state.epochs
            try:
                how = {"max_epochs": epochs - state.epochs, "limit_train_batches": batches}
                run_loop(module, training, validation, schedule, **how)
            except StoppedError:
                if not state.epochs:
                    raise KeyboardInterrupt("stopped before the end of the first epoch: there is no model") from None
            if interruption.wanted:
                stopped = "Ctrl-C"
            elif not state.finished:
                stopped = "time"
    network.load_state_dict(state.best)
    network.eval()
    return Training(
        history=state.history,
        best_epoch=state.best_epoch,
        seed=state.seed,
        seconds_per_epoch=statistics.median(row["seconds"] for row in state.history),
        peak_memory_bytes=peak.bytes,
        model_share=module.model_seconds / module.training_seconds if module.training_seconds else None,
        planned_epochs=epochs,
        stopped=stopped,
    )


def mean_loss(network: nn.Module, loss: Loss, batches: Batches) -> float:
    """The loss of a network as it is, as a training judges it; the network is left in training mode."""
    network.eval()
    with torch.no_grad():
        totals = [(float(total), float(count)) for total, count in (loss(network, batch) for batch in batches)]
    network.train()
    return sum(total for total, _ in totals) / sum(count for _, count in totals)
