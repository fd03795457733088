"""The state of a training after an epoch, in one .gruvy file.

Everything that the next epoch depends on is here: weights, their average, optimizer, history and best weights.
Learning rate, shuffling and dropout follow from the seed and the epoch, so they need no state. The file is safetensors
and JSON like a model file, so that reading it runs no code, and it is replaced in one step.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gruvy import files
from gruvy.errors import ArgumentError, FileFormatError
from gruvy.timeseries import Problems

_NAME = "last.gruvy"
_TASK = "training checkpoint"


@dataclass
class State:
    """A training between two epochs.

    Attributes:
        epochs: how many are done.
        network: the weights now.
        average: their running average.
        best: the average after ``best_epoch`` (counted from 1; 0: none yet).
        best_loss: the validation loss then.
        optimizer: tensors of the optimizer by parameter number and name.
        history: one row per epoch.
        seed: of shuffling and dropout.
        finished: early stopping or the last epoch has been reached.
        planned: epochs, and steps of each, that were found to fit into the time; None where there is no limit.
    """

    network: dict[str, Tensor] = field(default_factory=dict)
    average: dict[str, Tensor] = field(default_factory=dict)
    best: dict[str, Tensor] = field(default_factory=dict)
    optimizer: dict[int, dict[str, Tensor]] = field(default_factory=dict)
    epochs: int = 0
    best_epoch: int = 0
    best_loss: float = float("inf")
    history: list[dict[str, float]] = field(default_factory=list)
    finished: bool = False
    seed: int = 0
    planned: tuple[int, int] | None = None


def save_state(folder: Path, state: State, identity: Mapping[str, Any]) -> None:
    """Keep a state, with what a training that goes on must have in common with it."""
    tensors = {f"network/{name}": value for name, value in state.network.items()}
    tensors |= {f"average/{name}": value for name, value in state.average.items()}
    tensors |= {f"best/{name}": value for name, value in state.best.items()}
    for number, values in state.optimizer.items():
        tensors |= {f"optimizer/{number}/{name}": value for name, value in values.items()}
    document = {
        "task": _TASK,
        "identity": dict(identity),
        "epochs": state.epochs,
        "best_epoch": state.best_epoch,
        "best_loss": state.best_loss,
        "history": state.history,
        "finished": state.finished,
        "seed": state.seed,
        "planned": state.planned,
    }
    arrays: dict[str, np.ndarray] = {name: value.detach().numpy() for name, value in tensors.items()}
    files.write(folder / _NAME, arrays, document)


def load_state(folder: Path, identity: Mapping[str, Any]) -> State | None:
    """The kept state, or None if there is none.

    Raises:
        ArgumentError: it belongs to another training; every difference is named.
        FileFormatError: the file is damaged or is no checkpoint.
    """
    path = folder / _NAME
    if not path.exists():
        return None
    arrays, document = _read(path)
    problems = Problems(f"the checkpoint in {folder} belongs to another training")
    kept = document["identity"]
    for name in identity.keys() | kept.keys():
        if kept.get(name) != identity.get(name):
            problems.add(f"{name} was {kept.get(name)!r}, now it is {identity.get(name)!r}")
    problems.found.sort()
    if problems.found:
        problems.found[-1] += "; repeat the first call, use another folder, or start anew without resume"
    problems.raise_as(ArgumentError)

    state = State(
        **{name: document[name] for name in ("epochs", "best_epoch", "best_loss", "history", "finished", "seed")}
    )
    planned = document.get("planned")
    state.planned = planned and (int(planned[0]), int(planned[1]))
    for name, array in arrays.items():
        part, _, rest = name.partition("/")
        tensor = torch.from_numpy(array)
        if part == "optimizer":
            number, _, entry = rest.partition("/")
            state.optimizer.setdefault(int(number), {})[entry] = tensor
        else:
            getattr(state, part)[rest] = tensor
    return state


def kept_seed(folder: Path) -> int | None:
    """The seed of the training that is kept here, or None if there is none.

    Raises:
        FileFormatError: the file is damaged or is no checkpoint.
    """
    path = folder / _NAME
    return int(_read(path)[1]["seed"]) if path.exists() else None


def kept_history(folder: Path) -> list[dict[str, float]]:
    """The rows of the epochs of the training that is kept here; none without one.

    Raises:
        FileFormatError: the file is damaged or is no checkpoint.
    """
    path = folder / _NAME
    return list(_read(path)[1]["history"]) if path.exists() else []


def remove_state(folder: Path) -> None:
    """Forget what an earlier training kept here."""
    (folder / _NAME).unlink(missing_ok=True)


def _read(path: Path) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    arrays, document = files.read(path)
    if document.get("task") != _TASK:
        raise FileFormatError(f"{path}: expected a training checkpoint, got a file for {document.get('task')!r}")
    return arrays, document
