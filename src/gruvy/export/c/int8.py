"""What a graph with int8 weights computes: by the engine and NumPy, with the arithmetic that the C has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gruvy.graph import OPERATIONS, Graph, Node
from gruvy.quantization import quantize_rows
from gruvy.spec import GRUWeights
from gruvy.streaming import StreamingGRU

Array = NDArray[Any]


def run(graph: Graph, inputs: Mapping[str, Array]) -> dict[str, Array]:
    """Run a graph from the start of a sequence, with the matrices of GRUs and dense layers and embeddings as int8.

    Args:
        graph: no GRU of it is bidirectional.
        inputs: as `Graph.run` takes them.

    Returns:
        The outputs by name, as `Graph.run` returns them.

    Example:
        >>> from gruvy.graph import Builder
        >>> build = Builder()
        >>> graph = build.graph(build.dense("y", build.input("x", 2), np.array([[0.3, -1.0]], "f4")))
        >>> run(graph, {"x": np.array([[[1.0, 0.25]]], "f4")})["y"].round(3)  # 0.05 with float32
        array([[[0.047]]], dtype=float32)
    """
    values: dict[str, Array] = dict(inputs)
    for node in graph.nodes:
        given = [values[name] for name in node.inputs]
        weights = {role: graph.arrays[name] for role, name in node.weights.items()}
        if node.output in graph.grus:
            values[node.output] = _gru(graph.grus[node.output], given[0])
        else:
            values[node.output] = _WITH_PRODUCTS.get(node.op, _as_float)(node, given, weights)
    return {name: values[name] for name in graph.outputs}


def _gru(gru: GRUWeights, x: Array) -> Array:
    T, N, _ = x.shape
    stream = StreamingGRU.of(gru, streams=N, dtype="int8")
    out = np.empty((T, N, gru.hidden_size), np.float32)
    for t in range(T):
        stream.step(np.ascontiguousarray(x[t]), out[t])
    return out


def _as_float(node: Node, inputs: Sequence[Array], weights: Mapping[str, Array]) -> Array:
    compute = OPERATIONS[node.op].run
    assert compute is not None
    return compute(node, inputs, {role: _rounded(weight) for role, weight in weights.items()})


def _dense(node: Node, inputs: Sequence[Array], weights: Mapping[str, Array]) -> Array:
    output: Array = _product(inputs[0], weights["weight"]) + weights.get("bias", np.float32(0))
    return output


_WITH_PRODUCTS = {"dense": _dense}


def _product(x: Array, weight: Array) -> Array:
    """x @ weight.T, each row of both made bytes times a scale; the sums of bytes are exact."""
    rows, scales = quantize_rows(weight)
    largest = np.abs(x).max(axis=-1, keepdims=True)
    small = largest < 1e-30
    steps = x * (np.float32(127) / np.where(small, np.float32(1), largest))
    scale = np.where(small, np.float32(0), largest / np.float32(127))
    sums = np.rint(np.where(small, np.float32(0), steps)).astype(np.int64) @ rows.T.astype(np.int64)
    product: Array = sums.astype(np.float32) * (scales * scale)
    return product


def _rounded(table: Array) -> Array:
    rows, scales = quantize_rows(table)
    return rows * scales[:, None]
