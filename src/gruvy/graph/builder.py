"""`Builder`: writes a graph down node by node."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gruvy.activations import USUAL
from gruvy.errors import ArgumentError
from gruvy.graph.graph import Graph
from gruvy.graph.node import Node, Steps, Value
from gruvy.spec import GRUWeights, LayerWeights, suffixes


class Builder:
    """Collects inputs, nodes and arrays; each call returns the name of the value that it adds.

    Args:
        prefix: of the arrays' names, which are those of the node and of the weight: "encoder.weight_ih_l0".

    Example:
        >>> build = Builder()
        >>> hidden = build.dense("hidden", build.input("x", 2), np.ones((3, 2), "f4"))
        >>> graph = build.graph(build.add("relu", hidden))
        >>> graph.outputs, graph.values["relu"].features
        (('relu',), 3)
    """

    def __init__(self, prefix: str = ""):
        self._prefix = prefix
        self._inputs: dict[str, Value] = {}
        self._nodes: list[Node] = []
        self._arrays: dict[str, NDArray[Any]] = {}

    def input(self, name: str, features: int, steps: Steps = "T", *, whole: bool = False) -> str:
        """Add an input of the graph."""
        self._inputs[name] = Value(features, steps, whole)
        return name

    def add(self, op: str, *inputs: str, name: str | None = None, **attributes: Any) -> str:
        """Add a node without weights; without a name it is called as its operation, with a number if need be."""
        return self._node(Node(op, inputs, name or self._free(op), {}, attributes))

    def dense(self, name: str, x: str, weight: NDArray[Any], bias: NDArray[Any] | None = None) -> str:
        """Add x @ weight.T + bias."""
        arrays = {"weight": weight} if bias is None else {"weight": weight, "bias": bias}
        return self._node(Node("dense", (x,), name, self._keep(name, arrays)))

    def embedding(self, name: str, x: str, weight: NDArray[Any]) -> str:
        """Add weight[x]."""
        return self._node(Node("embedding", (x,), name, self._keep(name, {"weight": weight})))

    def gru(self, name: str, x: str, gru: GRUWeights) -> str:
        """Add all layers of a GRU; the value is the last layer's output.

        Raises:
            ArgumentError: the GRU has the backward direction alone.
        """
        if gru.reverse:
            raise ArgumentError(
                "a graph's GRU runs forward or both ways, not backward alone: reverse the input instead"
            )
        arrays = {
            field + suffix: array
            for suffix, one in zip(suffixes(gru.num_layers, gru.bidirectional), gru.flat, strict=True)
            for field, array in zip(LayerWeights._fields, one, strict=True)
            if array is not None
        }
        attributes: dict[str, Any] = {
            "layers": gru.num_layers,
            "bidirectional": gru.bidirectional,
            "reset_after": gru.reset_after,
            "zoneout": float(gru.zoneout),
        }
        if gru.activations != USUAL:
            attributes["activations"] = [list(one) for one in gru.activations]
        return self._node(Node("gru", (x,), name, self._keep(name, arrays), attributes))

    def graph(self, *outputs: str, batch_first: bool = False) -> Graph:
        """Return the graph with these outputs, (N, T, features) as the inputs where it is ``batch_first``.

        Raises:
            TensorError: it does not fit together.
        """
        return Graph(self._inputs, tuple(self._nodes), outputs, self._arrays, batch_first)

    def _node(self, node: Node) -> str:
        self._nodes.append(node)
        return node.output

    def _keep(self, name: str, arrays: dict[str, NDArray[Any]]) -> dict[str, str]:
        named = {role: f"{self._prefix}{name}.{role}" for role in arrays}
        self._arrays |= {named[role]: np.ascontiguousarray(array, np.float32) for role, array in arrays.items()}
        return named

    def _free(self, op: str) -> str:
        taken = {*self._inputs, *(node.output for node in self._nodes)}
        return next(name for name in (op, *(f"{op}_{i}" for i in range(2, len(taken) + 3))) if name not in taken)
