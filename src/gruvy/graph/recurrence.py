"""What an operation with a state owns: its weights in one piece, its state, its run and its step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from gruvy import composed
from gruvy.activations import FUNCTIONS, USUAL, Activation, slow
from gruvy.errors import TensorError, note
from gruvy.graph.node import Node, Value
from gruvy.spec import GRUWeights, LayerWeights, suffixes
from gruvy.streaming import StreamingGRU

Array = NDArray[Any]


class Steps(Protocol):
    """One operation that is run step by step, for several streams at once, and owns their states."""

    def step(self, x: Array) -> Array:
        """Take one step, (N, F) to (N, F')."""

    def reset(self) -> None:
        """Set the states to where they started."""

    def snapshot(self) -> Array:
        """Return a copy of the states."""

    def restore(self, states: Array) -> None:
        """Set the states to a copy of these; TensorError where they do not fit."""


class Recurrence(NamedTuple):
    """How an operation with a state is computed.

    Attributes:
        weights: (node, arrays by the operation's names) -> the weights in one piece, or ValueError with the reason.
        state: weights -> the shape of the state without its batch.
        run: (weights, x, the state to start from or None, whether exactly) -> the output and the last state.
        refusal: (weights, output) -> why no step has a result before the last input, or None.
        stream: (weights, number of streams) -> the operation, to be run step by step.
    """

    weights: Callable[[Node, Mapping[str, Array]], GRUWeights]
    state: Callable[[GRUWeights], tuple[int, int]]
    run: Callable[[GRUWeights, Array, Array | None, bool], tuple[Array, Array]]
    refusal: Callable[[GRUWeights, Value], str | None]
    stream: Callable[[GRUWeights, int], Steps]


def gru_weights(node: Node, weights: Mapping[str, Array]) -> GRUWeights:
    """Return a gru node's weights, which PyTorch's names tell apart: weight_ih_l0, weight_ih_l0_reverse ...

    Raises:
        ValueError: arrays are missing, superfluous, or do not fit each other.
    """
    layers, bidirectional = node.attributes["layers"], node.attributes["bidirectional"]
    if not 0 < layers <= len(weights):
        raise ValueError(f"has {layers} layers and {len(weights)} arrays; expected at least two arrays for each layer")
    ends = suffixes(layers, bidirectional)
    known = {field + end for field in LayerWeights._fields for end in ends}
    needed = {field + end for field in LayerWeights._fields[:2] for end in ends}
    if wrong := (weights.keys() - known) | (needed - weights.keys()):
        raise ValueError(f"expected weights of {layers} layers such as weight_ih_l0; wrong or missing: {_some(wrong)}")
    flat = [LayerWeights(*[weights.get(field + end) for field in LayerWeights._fields]) for end in ends]  # type: ignore[arg-type]
    D = 2 if bidirectional else 1
    return GRUWeights(
        tuple(tuple(flat[at : at + D]) for at in range(0, len(flat), D)),
        reset_after=node.attributes["reset_after"],
        zoneout=node.attributes["zoneout"],
        activations=_activations(node.attributes.get("activations")),
    )


def _activations(given: Any) -> tuple[Activation, Activation]:
    """Return the functions that an attribute names, each as [name, alpha, beta]."""
    if given is None:
        return USUAL
    try:
        gates, candidate = (Activation(str(name), float(alpha), float(beta)) for name, alpha, beta in given)
    except (TypeError, ValueError) as error:
        raise ValueError(f"has the activations {given}; expected two of [name, alpha, beta]") from error
    for one in (gates, candidate):
        if one.name not in FUNCTIONS:
            raise ValueError(f"has the activation {one.name!r}; expected one of {', '.join(FUNCTIONS)}")
    return gates, candidate


def _state(gru: GRUWeights) -> tuple[int, int]:
    return len(gru.flat), gru.hidden_size


def _run(gru: GRUWeights, x: Array, start: Array | None, exact: bool) -> tuple[Array, Array]:
    return (gru.run_composed if exact else gru.run)(x, start)


def _refusal(gru: GRUWeights, output: Value) -> str | None:
    if gru.bidirectional:
        return "is bidirectional"
    return None if output.steps == "T" else "runs over steps ahead"


def _stream(gru: GRUWeights, streams: int) -> Steps:
    if gru.activations != USUAL:
        note(slow(gru.activations))
        return _ComposedStream(gru, streams)
    return StreamingGRU.of(gru, streams=streams)


GRU = Recurrence(gru_weights, _state, _run, _refusal, _stream)


class _ComposedStream:
    """What `StreamingGRU` does, by NumPy, for functions that the engine lacks."""

    def __init__(self, gru: GRUWeights, streams: int):
        self._gru = gru
        self._weights = [composed.weights_of(layer[0], np.float32) for layer in gru.layers]
        zero = np.zeros(gru.hidden_size, np.float32)
        starts = [zero if layer[0].initial_state is None else layer[0].initial_state for layer in gru.layers]
        self._start = np.stack([np.broadcast_to(start, (streams, gru.hidden_size)) for start in starts])
        self.reset()

    def step(self, x: Array) -> Array:
        gru = self._gru
        for number, weights in enumerate(self._weights):
            x = self._state[number] = composed.step(
                x,
                self._state[number],
                weights,
                reset_after=gru.reset_after,
                zoneout=gru.zoneout,
                activations=gru.activations,
            )
        return x

    def reset(self) -> None:
        self._state = self._start.copy()

    def snapshot(self) -> Array:
        return self._state.copy()

    def restore(self, states: Array) -> None:
        if np.shape(states) != self._state.shape or states.dtype != np.float32:
            raise TensorError(f"the state is {np.shape(states)}; expected float32 {self._state.shape}")
        self._state = states.copy()


def _some(names: set[str]) -> str:
    shown = sorted(names)
    return ", ".join(shown[:4]) + (f" and {len(shown) - 4} more" if len(shown) > 4 else "")
