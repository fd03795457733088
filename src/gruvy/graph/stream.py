"""`GraphStream`: a graph that is run one step at a time."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from gruvy.errors import ArgumentError, TensorError
from gruvy.graph.operations import OPERATIONS, Array, compute
from gruvy.graph.structure import Structure


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

    def __init__(self, graph: Structure, streams: int = 1):
        for node in graph.nodes:
            value, recurrence = graph.values[node.output], OPERATIONS[node.op].recurrence
            why = "reads the sequence's last step at every step" if value.steps == "T" and value.final else None
            if recurrence is not None:
                why = why or recurrence.refusal(graph.grus[node.output], value)
            if why:
                raise ArgumentError(f"{node.op} {node.output} {why}, so no step has a result before the last input")
        self._graph = graph
        self._states = {
            node.output: recurrence.stream(graph.grus[node.output], streams)
            for node in graph.nodes
            if (recurrence := OPERATIONS[node.op].recurrence) is not None
        }
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
            if node.output in self._states:
                values[node.output] = self._states[node.output].step(np.ascontiguousarray(arrays[0]))
            else:
                ongoing = self._graph.values[node.inputs[0]].steps == "T"
                values[node.output] = compute(node, arrays, self._graph.arrays, step=ongoing)
        return {name: self._turned(name, values[name]) for name in self._graph.outputs}

    def reset(self) -> None:
        """Set all states to where they started."""
        for one in self._states.values():
            one.reset()

    def snapshot(self) -> dict[str, Array]:
        """Return a copy of all states (layers, N, H), for `restore` or for `Graph.run`."""
        return {name: one.snapshot() for name, one in self._states.items()}

    def restore(self, states: Mapping[str, Array]) -> None:
        """Set the states, from `snapshot` or from what `Graph.run` returned.

        Raises:
            TensorError: a state is missing, or has another shape or dtype.
        """
        if states.keys() != self._states.keys():
            raise TensorError(f"states are {sorted(states)}; expected {sorted(self._states)}")
        for name, one in self._states.items():
            one.restore(states[name])

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
