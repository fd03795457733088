"""Collects the nodes and constants of one ONNX model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gruvy.graph import Graph, Node

Array = NDArray[Any]


class Writer:
    """Collects the nodes and constants of one model.

    Names inside of an operation begin with its output's name and a slash.
    """

    def __init__(self, graph: Graph):
        self.graph = graph
        self.nodes: list[Any] = []
        self.initializers: list[Any] = []
        self._constants: dict[str, str] = {}

    def node(self, op: str, inputs: Sequence[str], output: str | Sequence[str], **attributes: Any) -> str:
        """Add a node; return its first output's name."""
        from onnx import helper

        outputs = [output] if isinstance(output, str) else list(output)
        self.nodes.append(helper.make_node(op, list(inputs), outputs, name=f"{outputs[0]}:{op}", **attributes))
        return outputs[0]

    def constant(self, name: str, array: Array) -> str:
        """Add a constant; return its name."""
        from onnx import numpy_helper

        self.initializers.append(numpy_helper.from_array(np.asarray(array, order="C"), name))
        return name

    def weight(self, node: Node, role: str) -> str:
        """Return the name of an array of the graph, added once however many nodes read it."""
        name = node.weights[role]
        if name not in self._constants:
            self._constants[name] = self.constant(name, self.graph.arrays[name])
        return self._constants[name]

    def turn(self) -> None:
        """Exchange time and batch where values come in and go out, for a graph that is ``batch_first``."""
        if not self.graph.batch_first:
            return
        timed = {
            name for name in (*self.graph.inputs, *self.graph.outputs) if self.graph.values[name].steps is not None
        }
        inner = {name: f"{name}/time_first" for name in timed}
        for node in self.nodes:
            node.input[:] = [inner.get(name, name) for name in node.input]
            node.output[:] = [inner.get(name, name) for name in node.output]
        written, self.nodes = self.nodes, []
        for name in self.graph.inputs:
            if name in timed:
                self.node("Transpose", [name], inner[name], perm=[1, 0, 2])
        self.nodes += written
        for name in self.graph.outputs:
            if name in timed and name not in self.graph.inputs:
                self.node("Transpose", [inner[name]], name, perm=[1, 0, 2])
