"""Drawing a piece from a network, frame by frame."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from gruvy.errors import ArgumentError, DataError
from gruvy.tasks.music.network import PolyphonicNetwork
from gruvy.tasks.shared.params import above, check_arguments, integer

_RULES = {"steps": integer(1), "temperature": above(0)}


def sample_roll(
    network: PolyphonicNetwork,
    notes: int,
    steps: int,
    primer: ArrayLike | None,
    temperature: float,
    seed: int | None,
) -> NDArray[np.uint8]:
    """Return the primer and the frames drawn after it; see `PolyphonicModel.sample`."""
    check_arguments("sample", _RULES, {"steps": steps, "temperature": temperature}).raise_as(ArgumentError)
    begun = _read_primer(primer, notes)
    random = np.random.default_rng(seed)
    with torch.inference_mode():
        frame, state = torch.zeros(1, notes), None
        for given in torch.from_numpy(begun):
            _, state = network.step(frame, state)
            frame = given[None]
        drawn = []
        for _ in range(steps):
            logits, state = network.step(frame, state)
            probability = torch.sigmoid(logits.double() / temperature).numpy()
            frame = torch.from_numpy((random.random((1, notes)) < probability).astype(np.float32))
            drawn.append(frame.numpy())
    return np.concatenate([begun, *drawn]).astype(np.uint8)


def _read_primer(primer: ArrayLike | None, notes: int) -> NDArray[np.float32]:
    if primer is None:
        return np.zeros((0, notes), np.float32)
    roll = np.asarray(primer)
    if roll.ndim != 2 or roll.shape[1] != notes:
        raise DataError(f"primer: expected an array (T, {notes}), got shape {roll.shape}")
    if not np.isin(roll, (0, 1)).all():
        raise DataError("primer: expected 0 and 1, got other values")
    return roll.astype(np.float32)
