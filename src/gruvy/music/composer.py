"""`Composer`: a fitted `gruvy.PolyphonicModel` without torch, to draw pieces with."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gruvy.errors import ArgumentError, DataError
from gruvy.graph import Graph

TASK = "music"
# A network at the beginning of a piece: it takes a frame (1, D), and gives the logits of the next one.
Stepper = Callable[[NDArray[np.float32]], NDArray[Any]]


@dataclass(frozen=True)
class Composer:
    """A trained network of frames of notes.

    Attributes:
        graph: from the input "frames" (T, N, D) to the output "next" (T, N, D), how likely each note of the frame after
            each is: the sigmoid of another value.
        step: the length of a frame, in quarter notes.

    Raises:
        ValueError: the graph is another one.
    """

    graph: Graph
    step: float = 1.0

    def __post_init__(self) -> None:
        last = self.graph.nodes[-1]
        if [*self.graph.inputs] != ["frames"] or self.graph.outputs != ("next",) or last.op != "sigmoid":
            raise ValueError(f"the network reads {dict(self.graph.inputs)} and returns {self.graph.outputs}")

    @classmethod
    def of_document(cls, graph: Graph, document: Mapping[str, Any]) -> Composer:
        """Put together what a file has."""
        return cls(graph, float(document["files"]["step"]))

    @property
    def notes(self) -> int:
        """D."""
        return self.graph.inputs["frames"].features

    def stepper(self) -> Stepper:
        """Return the network at the beginning of a piece."""
        *nodes, sigmoid = self.graph.nodes
        (logits,) = sigmoid.inputs
        stream = Graph(self.graph.inputs, tuple(nodes), (logits,), self.graph.arrays).stream()
        return lambda frame: stream.step({"frames": frame})[logits]

    def sample(
        self, steps: int, *, primer: ArrayLike | None = None, temperature: float = 1.0, seed: int | None = None
    ) -> NDArray[np.uint8]:
        """Draw a piece as `gruvy.PolyphonicModel.sample` does, with the same arguments."""
        return sample_roll(self.stepper(), self.notes, steps, primer, temperature, seed)


def sample_roll(
    stepper: Stepper, notes: int, steps: int, primer: ArrayLike | None, temperature: float, seed: int | None
) -> NDArray[np.uint8]:
    """Return the primer and the frames drawn after it; see `gruvy.PolyphonicModel.sample`.

    Raises:
        ArgumentError: a number of steps or a temperature that cannot be.
        DataError: a primer that cannot be used.
    """
    problems = []
    if not isinstance(steps, (int, np.integer)) or isinstance(steps, bool) or steps < 1:
        problems.append(f"steps: expected an integer of at least 1, got {steps!r}")
    if not isinstance(temperature, (int, float, np.number)) or not 0 < temperature < math.inf:
        problems.append(f"temperature: expected a number above 0, got {temperature!r}")
    if problems:
        raise ArgumentError(f"sample: {'; '.join(problems)}")
    begun = _read_primer(primer, notes)
    random = np.random.default_rng(seed)
    frame = np.zeros((1, notes), np.float32)
    for given in begun:
        stepper(frame)
        frame = given[None]
    drawn = []
    for _ in range(steps):
        with np.errstate(over="ignore"):  # of what is as good as impossible
            probability = 1 / (1 + np.exp(-stepper(frame).astype(np.float64) / temperature))
        frame = (random.random((1, notes)) < probability).astype(np.float32)
        drawn.append(frame)
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
