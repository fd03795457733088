"""Each operation of a graph as nodes of ONNX, opset 17; `NODES` has the keys of `gruvy.graph.OPERATIONS`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gruvy.activations import USUAL, told
from gruvy.errors import ArgumentError
from gruvy.export.onnx_scan import scan_layer
from gruvy.export.onnx_writer import Writer
from gruvy.formats.onnx import node_activations, node_arrays
from gruvy.graph import Node
from gruvy.spec import GRUWeights


def _dense(writer: Writer, node: Node) -> None:
    out = node.output
    turned = writer.constant(f"{out}/weight", writer.graph.arrays[node.weights["weight"]].T)
    if "bias" not in node.weights:
        writer.node("MatMul", [node.inputs[0], turned], out)
        return
    product = writer.node("MatMul", [node.inputs[0], turned], f"{out}/product")
    writer.node("Add", [product, writer.weight(node, "bias")], out)


def _embedding(writer: Writer, node: Node) -> None:
    out, value = node.output, writer.graph.values[node.output]
    rows = writer.node("Gather", [writer.weight(node, "weight"), node.inputs[0]], f"{out}/rows", axis=0)
    leading = [0] if value.steps is None else [0, 0]
    shape = writer.constant(f"{out}/shape", np.array([*leading, value.features]))
    writer.node("Reshape", [rows, shape], out)


def _concat(writer: Writer, node: Node) -> None:
    values = writer.graph.values
    timed = next((name for name in node.inputs if values[name].steps is not None), None)
    parts = list(node.inputs)
    if timed is not None and any(values[name].steps is None for name in parts):
        steps_rows = writer.node("Shape", [timed], f"{node.output}/steps_rows", start=0, end=2)
        one = writer.constant(f"{node.output}/one", np.array([1]))
        shape = writer.node("Concat", [steps_rows, one], f"{node.output}/shape", axis=0)
        parts = [
            writer.node("Expand", [name, shape], f"{node.output}/{at}") if values[name].steps is None else name
            for at, name in enumerate(parts)
        ]
    writer.node("Concat", parts, node.output, axis=-1)


def _take(writer: Writer, node: Node) -> None:
    features = writer.constant(f"{node.output}/features", np.array(node.attributes["features"]))
    writer.node("Gather", [node.inputs[0], features], node.output, axis=-1)


def _last(writer: Writer, node: Node) -> None:
    writer.node("Gather", [node.inputs[0], writer.constant(f"{node.output}/at", np.array(-1))], node.output, axis=0)


def _unfold(writer: Writer, node: Node) -> None:
    value = writer.graph.values[node.output]
    shape = writer.constant(f"{node.output}/shape", np.array([0, value.steps, value.features]))
    rows = writer.node("Reshape", [node.inputs[0], shape], f"{node.output}/rows")
    writer.node("Transpose", [rows], node.output, perm=[1, 0, 2])


def _gru(writer: Writer, node: Node) -> None:
    out, gru = node.output, writer.graph.grus[node.output]
    L, D = gru.num_layers, len(gru.layers[0])
    starts, lasts = (
        [f"{out}_{state}"] if L == 1 else [f"{out}/{state}.{l}" for l in range(L)] for state in ("h_0", "h_n")
    )
    if L > 1:
        writer.node("Split", [f"{out}_h_0", writer.constant(f"{out}/layers", np.full(L, D))], starts, axis=0)
    layer_of = scan_layer if gru.layer_norm or gru.zoneout else _node_layer
    if layer_of is scan_layer and gru.activations != USUAL:
        raise ArgumentError(
            f"gru {out} has {told(gru.activations)} beside layer norm or zoneout: that has no ONNX here"
        )
    x = node.inputs[0]
    for l in range(L):
        output = out if l == L - 1 else f"{out}/{l}"
        layer_of(writer, gru, l, x, starts[l], output, lasts[l], f"{out}/l{l}")
        x = output
    if L > 1:
        writer.node("Concat", lasts, f"{out}_h_n", axis=0)


def _node_layer(writer: Writer, gru: GRUWeights, l: int, x: str, h_0: str, output: str, h_n: str, scope: str) -> None:
    """One layer as a GRU node."""
    layer = gru.layers[l]
    arrays = node_arrays(scope, layer)
    names = [
        writer.constant(name, arrays[name]) if name in arrays else "" for name in (f"{scope}.{key}" for key in "WRB")
    ]
    states = writer.node(
        "GRU",
        [x, *names, "", h_0],
        [f"{scope}/states", h_n],
        direction="bidirectional" if len(layer) == 2 else "forward",
        hidden_size=gru.hidden_size,
        linear_before_reset=int(gru.reset_after),
        **node_activations(gru.activations, len(layer)),
    )
    if len(layer) == 1:
        writer.node("Squeeze", [states, writer.constant(f"{scope}/axis", np.array([1]))], output)
        return
    rows = writer.node("Transpose", [states], f"{scope}/rows", perm=[0, 2, 1, 3])
    shape = writer.constant(f"{scope}/shape", np.array([0, 0, 2 * gru.hidden_size]))
    writer.node("Reshape", [rows, shape], output)


def _plain(op: str, **attributes: Any) -> Callable[[Writer, Node], None]:
    def write(writer: Writer, node: Node) -> None:
        writer.node(op, node.inputs, node.output, **attributes)

    return write


NODES: dict[str, Callable[[Writer, Node], None]] = {
    "dense": _dense,
    "embedding": _embedding,
    "gru": _gru,
    "relu": _plain("Relu"),
    "sigmoid": _plain("Sigmoid"),
    "softplus": _plain("Softplus"),
    "tanh": _plain("Tanh"),
    "softmax": _plain("Softmax", axis=-1),
    "add": _plain("Add"),
    "subtract": _plain("Sub"),
    "multiply": _plain("Mul"),
    "concat": _concat,
    "take": _take,
    "last": _last,
    "unfold": _unfold,
}
