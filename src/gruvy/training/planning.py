"""How much of a training fits into the time that there is for it."""

from __future__ import annotations

import copy
import time
from typing import Any

from torch import nn

from gruvy.training.checkpoint import State
from gruvy.training.loop import run_loop
from gruvy.training.module import Batches, Loss, Schedule, TrainingModule

# Of the time that is left: what the first steps may take that only measure, and what the plan does not count on.
_MEASURED = 0.05
_RESERVE = 0.1
_FEWEST, _MOST = 3, 50  # steps that are measured
_VALIDATED = 2  # batches of the validation part that are measured


def plan(
    network: nn.Module,
    loss: Loss,
    training: Batches,
    validation: Batches,
    schedule: Schedule,
    seed: int,
    deadline: float,
) -> tuple[tuple[int, int], float]:
    """Measure the first steps of a training, and find how much of it fits.

    Args:
        network, loss, training, validation, schedule, seed: of the training; the network is left as it is.
        deadline: of `time.perf_counter`; a tenth of the time until then is kept in reserve.

    Returns:
        How many epochs, at most those of the schedule, and the steps of each: fewer than there are only where not even
        one epoch fits. And the seconds that a validation takes.
    """
    training.seed, training.epoch = seed, 0
    probe = Probe(network, loss, training, schedule, seed, _MEASURED * (deadline - time.perf_counter()))
    run_loop(
        probe, training, validation, schedule, max_epochs=1, limit_train_batches=_MOST, limit_val_batches=_VALIDATED
    )
    seconds = (1 - _RESERVE) * (deadline - time.perf_counter())
    steps, judging = len(training), len(validation) * probe.seconds_per_validation_batch
    epochs = int(seconds / (steps * probe.seconds_per_step + judging))
    if epochs < 1:
        epochs, steps = 1, min(steps, max(1, int((seconds - judging) / probe.seconds_per_step)))
    return (min(epochs, schedule.max_epochs), steps), judging


class Probe(TrainingModule):
    """Makes the first steps of a training on a copy of its network, and measures how long they take.

    What it has learnt is thrown away, so that the training itself is the same as if its plan had been given.
    """

    def __init__(self, network: nn.Module, loss: Loss, windows: Batches, schedule: Schedule, seed: int, seconds: float):
        super().__init__(copy.deepcopy(network), loss, windows, schedule, State(seed=seed), batches=len(windows))
        self._seconds = seconds
        self.steps: list[float] = []
        self.validated: list[float] = []

    def on_train_epoch_start(self) -> None:
        """Start the clock."""
        super().on_train_epoch_start()
        self.steps = [time.perf_counter()]

    def on_train_batch_end(self, outputs: Any, batch: Any, batch_idx: int) -> None:
        """Note when a step has ended; stop where they have told enough."""
        self.steps.append(time.perf_counter())
        if self.steps[-1] - self.steps[0] > self._seconds and batch_idx + 1 >= _FEWEST:
            self.trainer.should_stop = True

    def on_validation_epoch_start(self) -> None:
        """Start the clock."""
        super().on_validation_epoch_start()
        self.validated = [time.perf_counter()]

    def on_validation_batch_end(self, outputs: Any, batch: Any, batch_idx: int, dataloader_idx: int = 0) -> None:
        """Note when a batch has ended."""
        self.validated.append(time.perf_counter())

    def on_train_epoch_end(self) -> None:
        """Judge nothing."""

    @property
    def seconds_per_step(self) -> float:
        """The first step is left out: it makes what the others use again."""
        return _mean(self.steps[1:] if len(self.steps) > 2 else self.steps)

    @property
    def seconds_per_validation_batch(self) -> float:
        """Of the validation part."""
        return _mean(self.validated)


def _mean(times: list[float]) -> float:
    return (times[-1] - times[0]) / max(1, len(times) - 1)
