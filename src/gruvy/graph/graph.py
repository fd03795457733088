"""`Graph`: a network as a list of operations, run by NumPy and the engine, and kept in a file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gruvy import files
from gruvy.errors import FileFormatError, TensorError
from gruvy.graph.node import Node, Steps, Value
from gruvy.graph.operations import OPERATIONS, Array, compute
from gruvy.graph.stream import GraphStream
from gruvy.graph.structure import Structure

TASK = "graph"


@dataclass(frozen=True, eq=False)
class Graph(Structure):
    """A network: inputs, nodes in the order in which they are computed, outputs, and the weights by name.

    Values are float32 and time first, (T, N, features), or without a time axis (N, features); N is free, and so is T
    where a value's steps are "T". Inputs and outputs are (N, T, features) where the graph is ``batch_first``. Each GRU
    has a state (layers * directions, N, H), called as its output. The operations stand in `gruvy.graph.operations`;
    `Builder` helps to write a graph down.

    Args:
        inputs: name -> its features, steps and kind of number.
        nodes: each reads inputs of the graph or outputs of nodes before it.
        outputs: names of values.
        arrays: name -> float32 array, the weights of all nodes.
        batch_first: whether inputs and outputs with a time axis have the batch before it.

    Attributes:
        values: every input and output of a node.
        grus: a GRU's output -> its weights.

    Raises:
        TensorError: something does not fit; all that is found is named at once.

    Example:
        >>> arrays = {"w": np.ones((1, 2), "f4")}
        >>> graph = Graph({"x": Value(2)}, (Node("dense", ("x",), "y", {"weight": "w"}),), ("y",), arrays)
        >>> outputs, states = graph.run({"x": np.ones((5, 3, 2), "f4")})
        >>> outputs["y"].shape
        (5, 3, 1)
    """

    def run(
        self, inputs: Mapping[str, Array], states: Mapping[str, Array] | None = None
    ) -> tuple[dict[str, Array], dict[str, Array]]:
        """Compute the outputs of a whole batch.

        Args:
            inputs: every input of the graph, by name.
            states: the states to start from, (layers * directions, N, H), by the GRU's output; those that are left out
                start from zero, or from what the GRU has learnt to start from.

        Returns:
            The outputs and the last states, by name.

        Raises:
            TensorError: an array is missing, or has another shape or dtype; all problems are named at once.
            GruvyError: there is a GRU, and the native engine is missing.
        """
        return self._computed(inputs, states, exact=False)

    def run_exactly(
        self, inputs: Mapping[str, Array], states: Mapping[str, Array] | None = None
    ) -> tuple[dict[str, Array], dict[str, Array]]:
        """Do as `run` in float64, by NumPy alone: what float32 results are measured against. Slow."""
        return self._computed(inputs, states, exact=True)

    def _computed(
        self, inputs: Mapping[str, Array], states: Mapping[str, Array] | None, *, exact: bool
    ) -> tuple[dict[str, Array], dict[str, Array]]:
        given = dict(states or {})
        self.check_arrays(inputs, given)
        values = {name: self.turned(name, array) for name, array in inputs.items()}
        for node in self.nodes:
            arrays = [values[name] for name in node.inputs]
            if exact:
                arrays = [array if array.dtype.kind == "i" else array.astype(np.float64) for array in arrays]
            recurrence = OPERATIONS[node.op].recurrence
            if recurrence is not None:
                gru, start = self.grus[node.output], given.get(node.output)
                values[node.output], given[node.output] = recurrence.run(gru, arrays[0], start, exact)
            else:
                values[node.output] = compute(node, arrays, self.arrays)
        return {name: self.turned(name, values[name]) for name in self.outputs}, given

    def stream(self, streams: int = 1) -> GraphStream:
        """Return the network to be run one step at a time, with the same results.

        Raises:
            ArgumentError: a step needs what comes after it; the message says where.
        """
        return GraphStream(self, streams)

    def document(self) -> dict[str, Any]:
        """Return all but the arrays as plain JSON."""
        layout = {"batch_first": True} if self.batch_first else {}
        return {
            **layout,
            "inputs": [
                {"name": name, "features": value.features, "steps": value.steps, "whole": value.whole}
                for name, value in self.inputs.items()
            ],
            "nodes": [
                {
                    "op": node.op,
                    "inputs": list(node.inputs),
                    "output": node.output,
                    "weights": dict(node.weights),
                    "attributes": dict(node.attributes),
                }
                for node in self.nodes
            ],
            "outputs": list(self.outputs),
        }

    @classmethod
    def of_document(cls, document: Any, arrays: Mapping[str, Array]) -> Graph:
        """Put together what `document` returned and the arrays, out of which it takes its own.

        Raises:
            TensorError: it does not fit together.
            KeyError, TypeError: it is no such document.
        """
        inputs = {_text(one["name"]): _input(one["features"], one["steps"], one["whole"]) for one in document["inputs"]}
        nodes = tuple(
            Node(
                _text(one["op"]),
                tuple(map(_text, one["inputs"])),
                _text(one["output"]),
                {_text(role): _text(name) for role, name in one["weights"].items()},
                {_text(name): value for name, value in one["attributes"].items()},
            )
            for one in document["nodes"]
        )
        names = {name for node in nodes for name in node.weights.values()}
        return cls(
            inputs,
            nodes,
            tuple(map(_text, document["outputs"])),
            {name: array for name, array in arrays.items() if name in names},
            document.get("batch_first", False) is True,
        )

    def write(self, path: str | os.PathLike[str]) -> Path:
        """Write the graph to a .gruvy file; `gruvy.runtime.load` reads it back."""
        return files.write(path, self.arrays, {"task": TASK, "graph": self.document()})

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> Graph:
        """Read the graph of any .gruvy file that holds one, a fitted estimator's for example.

        Raises:
            FileFormatError: the file is missing, damaged, no .gruvy file, or holds no graph.
        """
        arrays, document = files.read(path)
        return graph_of_file(path, arrays, document)


def graph_of_file(path: str | os.PathLike[str], arrays: Mapping[str, Array], document: Mapping[str, Any]) -> Graph:
    """Return the graph in a file's content.

    Raises:
        FileFormatError: there is none, or it is damaged.
    """
    if document.get("graph") is None:
        spec = document.get("spec")
        cell = spec.get("cell", "gru") if isinstance(spec, dict) else "gru"
        reason = "it was written before gruvy kept one" if cell == "gru" else f"its cell is {cell!r}, no GRU"
        reason = document.get("no_graph", reason)
        raise FileFormatError(f"{path}: holds no graph: {reason}; use gruvy.load where torch is installed")
    try:
        return Graph.of_document(document["graph"], arrays)
    except (KeyError, TypeError, AttributeError, TensorError) as error:
        raise FileFormatError(f"{path}: the network in it is damaged ({error}); save or copy it again") from error


def _input(features: Any, steps: Steps, whole: Any) -> Value:
    if type(whole) is not bool:
        raise TypeError(f"'whole' is {whole!r}; expected true or false")
    return Value(features, steps, whole)


def _text(name: Any) -> str:
    if not isinstance(name, str):
        raise TypeError(f"{name!r} stands where a name is expected")
    return name
