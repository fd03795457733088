"""The Lightning module that every estimator trains with."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import lightning
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from gruvy.errors import ArgumentError
from gruvy.training.checkpoint import State, save_state
from gruvy.training.interruption import Interruption, StoppedError
from gruvy.training.randomness import seed_epoch

# Of the polynomial-decay average of Shamir and Zhang (2013): it covers about the last ninth of all steps.
_AVERAGE_DECAY = 8
# Shortest time between two progress events, in seconds: often enough for a moving bar.
_EVENT_INTERVAL = 0.1

Loss = Callable[[nn.Module, Any], tuple[Tensor, Tensor]]


class Batches(Protocol):
    """What a training reads: each pass yields all batches once, in an order that follows from seed and epoch alone."""

    seed: int | None
    epoch: int

    def __len__(self) -> int:
        """The batches of a pass."""
        ...

    def __iter__(self) -> Iterator[Any]:
        """One pass."""
        ...


@dataclass(frozen=True)
class Progress:
    """What a progress callback is told: after some batches and after each epoch.

    Attributes:
        epoch, epochs: the epoch that runs, from 1, and how many there can be.
        batch, batches: batches done in it, and how many it has.
        train_loss: mean over its batches so far.
        validation_loss: at the end of an epoch; None before.
        best_epoch: with the lowest validation loss so far; 0 before the first one ends.
        elapsed: seconds since this call to fit began.
        remaining: seconds until the last epoch ends, at this pace; early stopping may end sooner.
        note: what says more than the losses do, where there is such a thing; told at the end of an epoch.
    """

    epoch: int
    epochs: int
    batch: int
    batches: int
    train_loss: float
    validation_loss: float | None
    best_epoch: int
    elapsed: float
    remaining: float
    note: str = ""


@dataclass(frozen=True)
class Schedule:
    """How long and how fast to learn.

    Attributes:
        max_epochs: the most passes over the training windows.
        patience: stop after this many epochs without a lower validation loss.
        learning_rate: its highest value; it rises linearly over the first tenth of all steps and falls to 0
            along a cosine by the end of ``max_epochs``.
        weight_decay: of the weight matrices (AdamW); biases are left alone.
        clip_norm: gradients of a longer norm are shortened to it.
    """

    max_epochs: int
    patience: int
    learning_rate: float
    weight_decay: float = 0.01
    clip_norm: float = 1.0

    def rate(self, step: int, steps: int) -> float:
        """The learning rate of a step (from 0) among all steps."""
        warm = max(1, round(0.1 * steps))
        if step < warm:
            return self.learning_rate * (step + 1) / warm
        return self.learning_rate * 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, steps - warm)))


class TrainingModule(lightning.LightningModule):
    """Trains a network on batches; keeps the best weights, the history and the checkpoint.

    What is validated and kept is a running average of the weights over the steps; it forecasts better than the weights
    of any single step and costs nothing in use.

    Args:
        network: the module to train.
        loss: ``loss(network, batch) -> (sum over observed values, their number)``.
        windows: what is learnt from.
        schedule: how long and how fast.
        state: where to begin; it is brought up to date after every epoch.
        batches: steps of an epoch; all of ``windows`` as a rule.
        folder: where the state is kept; None for nowhere.
        identity: what a training that goes on must have in common with this one.
        progress: told of the progress.
        interruption: looked at after every batch.
        deadline: of `time.perf_counter`; None for no end. The first epoch is then cut short and judged as it is, a
            later one is given up.
        judging: seconds to keep for the first validation.

    Raises:
        StoppedError: from Lightning's loop, when an interruption is wanted or the time is up.
    """

    def __init__(
        self,
        network: nn.Module,
        loss: Loss,
        windows: Batches,
        schedule: Schedule,
        state: State,
        *,
        batches: int,
        folder: Path | None = None,
        identity: Mapping[str, Any] | None = None,
        progress: Callable[[Progress], None] | None = None,
        interruption: Interruption | None = None,
        deadline: float | None = None,
        judging: float = 0.0,
    ):
        super().__init__()
        self.network = network
        self.average = AveragedModel(network, avg_fn=_polynomial_decay)
        self.loss = loss
        self.windows = windows
        self.schedule = schedule
        self.state = state
        self.batches = batches
        self.folder = folder
        self.identity = identity or {}
        self.progress = progress
        self.interruption = interruption or Interruption()
        self.deadline = deadline
        self.model_seconds = 0.0
        self.training_seconds = 0.0
        if state.epochs:
            network.load_state_dict(state.network)
            self.average.module.load_state_dict(state.average)
            self.average.n_averaged.fill_(state.epochs * batches)
        self._first_epoch = state.epochs
        self._began = time.perf_counter()
        self._last_event = 0.0
        self._judging = judging

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """AdamW, at the state where it was left."""
        matrices = [weight for weight in self.network.parameters() if weight.dim() > 1]
        vectors = [weight for weight in self.network.parameters() if weight.dim() <= 1]
        groups = [
            {"params": matrices, "weight_decay": self.schedule.weight_decay},
            {"params": vectors, "weight_decay": 0.0},
        ]
        self._optimizer = optimizer = torch.optim.AdamW(groups, lr=self.schedule.learning_rate)
        if self.state.optimizer:
            fresh = optimizer.state_dict()
            optimizer.load_state_dict({"state": self.state.optimizer, "param_groups": fresh["param_groups"]})
        return optimizer

    def on_train_epoch_start(self) -> None:
        """Seed the epoch and start its clock."""
        seed_epoch(self.state.seed, self.state.epochs)
        self._epoch_began = time.perf_counter()
        self._train_sum = self._train_count = 0.0

    def training_step(self, batch: Any, batch_idx: int) -> Tensor:
        """The mean loss of one batch."""
        total, count = self.loss(self.network, batch)
        self._train_sum += total.item()
        self._train_count += count.item()
        return total / count

    def optimizer_step(self, epoch: int, batch_idx: int, optimizer: Any, optimizer_closure: Any = None) -> None:
        """Set the rate and make the step; Lightning runs forward, loss and backward inside it."""
        began = time.perf_counter()
        steps = self.batches
        rate = self.schedule.rate(self.windows.epoch * steps + batch_idx, self.schedule.max_epochs * steps)
        for group in optimizer.param_groups:
            group["lr"] = rate
        super().optimizer_step(epoch, batch_idx, optimizer, optimizer_closure)
        self.average.update_parameters(self.network)
        self.model_seconds += time.perf_counter() - began

    def on_train_batch_end(self, outputs: Any, batch: Any, batch_idx: int) -> None:
        """Tell of the progress, not more often than a person can see; stop if that is wanted or the time is up."""
        now = time.perf_counter()
        if now - self._last_event >= _EVENT_INTERVAL:
            self._tell(batch_idx + 1)
        self.interruption.check()
        if self.deadline is not None and now + self._judging > self.deadline and batch_idx + 1 < self.batches:
            if self.state.epochs:
                raise StoppedError
            self.trainer.should_stop = True

    def on_validation_epoch_start(self) -> None:
        """The training steps of this epoch end here."""
        self._judging_began = time.perf_counter()
        self.training_seconds += self._judging_began - self._epoch_began
        self._validation_sum = self._validation_count = 0.0

    def validation_step(self, batch: Any, batch_idx: int) -> None:
        """Add up the loss, weighted by the observed values."""
        total, count = self.loss(self.average, batch)
        self._validation_sum += total.item()
        self._validation_count += count.item()

    def on_validation_batch_end(self, outputs: Any, batch: Any, batch_idx: int, dataloader_idx: int = 0) -> None:
        """Stop if that is wanted."""
        self.interruption.check()

    def on_train_epoch_end(self) -> None:
        """After the validation too: judge the epoch, keep the state, decide whether to go on."""
        train, validation = self._train_sum / self._train_count, self._validation_sum / self._validation_count
        state = self.state
        state.epochs += 1
        if not math.isfinite(train) or not math.isfinite(validation):
            raise ArgumentError(
                f"training diverged in epoch {state.epochs} (loss {train}); lower learning_rate, "
                f"now {self.schedule.learning_rate:g}"
            )
        state.network, state.average = _copy(self.network), _copy(self.average.module)
        state.optimizer = self._optimizer.state_dict()["state"]
        if validation < state.best_loss:
            state.best, state.best_epoch, state.best_loss = state.average, state.epochs, validation
        seconds = time.perf_counter() - self._epoch_began
        state.history.append(
            {"epoch": state.epochs, "train_loss": train, "validation_loss": validation, "seconds": seconds}
        )
        stop = state.epochs - state.best_epoch >= self.schedule.patience
        state.finished = stop or state.epochs == self.schedule.max_epochs
        self._judging = time.perf_counter() - self._judging_began
        if self.folder is not None:
            save_state(self.folder, state, self.identity)
        self._tell(self.batches, validation)
        self.windows.epoch = state.epochs
        self.trainer.should_stop = stop or self.trainer.should_stop

    def _tell(self, batch: int, validation_loss: float | None = None) -> None:
        if self.progress is None:
            return
        self._last_event = time.perf_counter()
        epochs, batches = self.schedule.max_epochs, self.batches
        elapsed = self._last_event - self._began
        # At an epoch's end the state counts it already.
        epoch = self.state.epochs + (validation_loss is None)
        done = (epoch - 1 - self._first_epoch) * batches + batch
        left = (epochs - epoch + 1) * batches - batch
        self.progress(
            Progress(
                epoch=epoch,
                epochs=epochs,
                batch=batch,
                batches=batches,
                train_loss=self._train_sum / self._train_count,
                validation_loss=validation_loss,
                best_epoch=self.state.best_epoch,
                elapsed=elapsed,
                remaining=elapsed / done * left,
            )
        )


def _polynomial_decay(average: Tensor, weight: Tensor, steps: Tensor | int) -> Tensor:
    return average + (weight - average) * (_AVERAGE_DECAY + 1) / (steps + _AVERAGE_DECAY + 1)


def _copy(network: nn.Module) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in network.state_dict().items()}
