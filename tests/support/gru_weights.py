"""Random GRUs for the tests of formats, and how each format is written and read back there."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from gruvy import formats
from gruvy.spec import GATES, GRUWeights, LayerWeights


@dataclass(frozen=True)
class Shape:
    """One of the sixteen GRUs that every pair of formats is tried with."""

    reset_after: bool
    bias: bool
    layers: int
    directions: int

    def __str__(self) -> str:
        form = "after" if self.reset_after else "before"
        return f"{form}-{'bias' if self.bias else 'none'}-{self.layers}x{self.directions}"


SHAPES = [Shape(*flags) for flags in itertools.product((True, False), (True, False), (1, 2), (1, 2))]


def draw(shape: Shape, gates: tuple[str, ...] = GATES, *, inputs: int = 3, hidden: int = 5) -> GRUWeights:
    """Return random weights whose recurrent biases are zero for all but these gates."""
    rng = np.random.default_rng(0)

    def normal(*size: int) -> Any:
        return (hidden**-0.5 * rng.standard_normal(size)).astype(np.float32)

    def one(size: int) -> LayerWeights:
        matrices = normal(3 * hidden, size), normal(3 * hidden, hidden)
        if not shape.bias:
            return LayerWeights(*matrices)
        blocks = [normal(hidden) * (gate in gates) for gate in GATES]
        return LayerWeights(*matrices, normal(3 * hidden), np.concatenate(blocks))

    sizes = [inputs, *[shape.directions * hidden] * (shape.layers - 1)]
    layers = tuple(tuple(one(size) for _ in range(shape.directions)) for size in sizes)
    return GRUWeights(layers, reset_after=shape.reset_after)


def with_extras(weights: GRUWeights, extras: frozenset[str]) -> Iterator[tuple[str, GRUWeights]]:
    """Yield the weights with each of these extras in turn."""
    rng = np.random.default_rng(1)

    def each(**drawn: int) -> GRUWeights:
        layers = tuple(
            tuple(
                one._replace(**{key: rng.standard_normal(n).astype(np.float32) for key, n in drawn.items()})
                for one in layer
            )
            for layer in weights.layers
        )
        return replace(weights, layers=layers)

    H = weights.hidden_size
    if "layer_norm" in extras:
        yield "layer_norm", each(gain_ih=3 * H, gain_hh=3 * H)
    if "initial_state" in extras:
        yield "initial_state", each(initial_state=H)
    if "zoneout" in extras:
        yield "zoneout", replace(weights, zoneout=0.25)
    if "reverse" in extras:
        yield "reverse", replace(weights, reverse=True)


def written(weights: GRUWeights, name: str, folder: Path) -> Any:
    """Write to a new object of the format, or to a file where it has no other."""
    return formats.write(weights, folder / "model.gruvy" if name == "gruvy" else None, format=name)


def read_back(source: Any, name: str, weights: GRUWeights) -> GRUWeights:
    """Read what `written` returned; cuDNN's buffer needs to be told its sizes."""
    sizes = {
        "input_size": weights.input_size,
        "hidden_size": weights.hidden_size,
        "num_layers": weights.num_layers,
        "bidirectional": weights.bidirectional,
    }
    return formats.read(source, name, **(sizes if name == "cudnn" else {}))
