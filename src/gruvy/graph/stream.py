"""`GraphStream`: a graph that is run one step at a time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gruvy import composed
from gruvy.activations import USUAL, slow
from gruvy.errors import ArgumentError, TensorError, note
from gruvy.graph.graph import compute
from gruvy.spec import GRUWeights
from gruvy.streaming import StreamingGRU

if TYPE_CHECKING:
    from gruvy.graph.graph import Graph

Array = NDArray[np.float32]


class GraphStream:
    """A network that takes one step at a time and owns its states; made by `Graph.stream`.

    A value with a time axis "T" has none here: it is the step of now. What keeps the last step of a sequence gives, at
    every step, what the whole call would give if the sequence ended there.

    Args:
        graph: whose steps need nothing that comes after them.
        streams: N, independent streams that step together.

    Raises:
        ArgumentError: a step needs what comes after it.
    """

    def __init__(self, graph: Graph, streams: int = 1):
        for node in graph.nodes:
            value = graph.values[node.output]
            why = None
            if value.steps == "T" and value.final:
                why = "reads the sequence's last step at every step"
            elif node.op == "gru" and graph.grus[node.output].bidirectional:
                why = "is bidirectional"
            elif node.op == "gru" and value.steps != "T":
                why = "runs over steps ahead"
            if why:
                raise ArgumentError(f"{node.op} {node.output} {why}, so no step has a result before the last input")
        self._graph = graph
        self._grus = {name: _stream_of(gru, streams) for name, gru in graph.grus.items()}
        self.streams = streams

    def step(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Take one step of every stream.

        Args:
            inputs: every input by name, (N, features), and with a time axis if its steps are a number.

        Returns:
            The outputs by name, in the same layout.

        Raises:
            TensorError: an array is missing, or has another shape or dtype.
        """
        values = {name: self._input(name, inputs.get(name)) for name in self._graph.inputs}
        for node in self._graph.nodes:
            arrays = [values[name] for name in node.inputs]
            if node.op == "gru":
                values[node.output] = self._grus[node.output].step(np.ascontiguousarray(arrays[0]))
            elif node.op == "last" and self._graph.values[node.inputs[0]].steps == "T":
                values[node.output] = arrays[0]
            else:
                values[node.output] = compute(node, arrays, self._graph.arrays)
        return {name: self._turned(name, values[name]) for name in self._graph.outputs}

    def reset(self) -> None:
        """Set all states to where they started."""
        for gru in self._grus.values():
            gru.reset()

    def snapshot(self) -> dict[str, Array]:
        """Return a copy of all states (layers, N, H), for `restore` or for `Graph.run`."""
        return {name: gru.snapshot() for name, gru in self._grus.items()}

    def restore(self, states: Mapping[str, Array]) -> None:
        """Set the states, from `snapshot` or from what `Graph.run` returned.

        Raises:
            TensorError: a state is missing, or has another shape or dtype.
        """
        if states.keys() != self._grus.keys():
            raise TensorError(f"states are {sorted(states)}; expected {sorted(self._grus)}")
        for name, gru in self._grus.items():
            gru.restore(states[name])

    def _input(self, name: str, array: Array | None) -> Array:
        value = self._graph.inputs[name]
        dtype = np.dtype(np.int64 if value.whole else np.float32)
        steps = (value.steps,) if isinstance(value.steps, int) else ()
        shape = (*steps, self.streams, value.features)
        shape = (self.streams, *steps, value.features) if self._graph.batch_first else shape
        if array is None or array.shape != shape or array.dtype != dtype:
            came = "missing" if array is None else f"{array.dtype} {array.shape}"
            raise TensorError(f"{name} is {came}; expected {dtype} {shape}")
        return self._turned(name, array)

    def _turned(self, name: str, array: Array) -> Array:
        """Exchange time and batch where the graph has them the other way and there is a time axis."""
        return self._graph.turned(name, array) if isinstance(self._graph.values[name].steps, int) else array


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

    def restore(self, state: Array) -> None:
        if np.shape(state) != self._state.shape or state.dtype != np.float32:
            raise TensorError(f"the state is {np.shape(state)}; expected float32 {self._state.shape}")
        self._state = state.copy()


def _stream_of(gru: GRUWeights, streams: int) -> StreamingGRU | _ComposedStream:
    if gru.activations != USUAL:
        note(slow(gru.activations))
        return _ComposedStream(gru, streams)
    return StreamingGRU(
        [layer[0] for layer in gru.layers],
        streams=streams,
        reset_after=gru.reset_after,
        zoneout=gru.zoneout,
    )
