"""A GRU with layer norm or zoneout, which the GRU node of ONNX lacks, as a Scan over its steps."""

from __future__ import annotations

from typing import Any

import numpy as np

from gruvy.equations import EPSILON
from gruvy.export.onnx_writer import Array, Writer
from gruvy.spec import GRUWeights, LayerWeights


def scan_layer(writer: Writer, gru: GRUWeights, l: int, x: str, h_0: str, output: str, h_n: str, scope: str) -> None:
    """One layer as a Scan for each direction: with layer norm or zoneout, which the GRU node lacks."""
    layer, D = gru.layers[l], len(gru.layers[l])
    starts = [f"{scope}/h_0.{d}" for d in range(D)]
    writer.node("Split", [h_0, writer.constant(f"{scope}/directions", np.full(D, 1))], starts, axis=0)
    first = writer.constant(f"{scope}/axis", np.array([0]))
    outputs, lasts = [], []
    for d, one in enumerate(layer):
        inner = f"{scope}/d{d}"
        start = writer.node("Squeeze", [starts[d], first], f"{inner}/start")
        inputs = _input_products(writer, one, x, inner)
        outputs.append(output if D == 1 else f"{inner}/output")
        last = f"{inner}/last"
        writer.node(
            "Scan",
            [start, inputs],
            [last, outputs[-1]],
            body=_step(writer, gru, one, inner),
            num_scan_inputs=1,
            scan_input_directions=[d],
            scan_output_directions=[d],
        )
        lasts.append(writer.node("Unsqueeze", [last, first], f"{inner}/h_n"))
    writer.node("Concat", lasts, h_n, axis=0)
    if D == 2:
        writer.node("Concat", outputs, output, axis=-1)


def _input_products(writer: Writer, one: LayerWeights, x: str, scope: str) -> str:
    """The products of all steps (T, N, 3H); with layer norm r and z are normalised together and n alone."""
    H = len(one.weight_ih) // 3
    groups = [slice(3 * H)] if one.gain_ih is None else [slice(2 * H), slice(2 * H, 3 * H)]
    arrays = (one.weight_ih, one.gain_ih, one.bias_ih)
    products = [_product(writer, *arrays, group, x, f"{scope}/ih.{at}") for at, group in enumerate(groups)]
    return products[0] if len(products) == 1 else writer.node("Concat", products, f"{scope}/ih", axis=-1)


def _product(
    writer: Writer, weight: Array, gain: Array | None, bias: Array | None, rows: slice, x: str, scope: str
) -> str:
    """``affine(x @ weight.T)`` of `gruvy.equations`, of some rows."""
    value = writer.node("MatMul", [x, writer.constant(f"{scope}/weight", weight[rows].T)], f"{scope}/product")
    if gain is not None:
        value = _normalised(writer, value, writer.constant(f"{scope}/gain", gain[rows]), f"{scope}/norm")
    if bias is None:
        return value
    return writer.node("Add", [value, writer.constant(f"{scope}/bias", bias[rows])], f"{scope}/sum")


def _normalised(writer: Writer, value: str, gain: str, scope: str) -> str:
    """Layer norm without its bias."""
    # Variance in two passes: with LayerNormalization, which takes one in ONNX Runtime, a layer was off by up to 6.8e-6
    # where it is by 4.5e-6 with this.
    mean = writer.node("ReduceMean", [value], f"{scope}/mean", axes=[-1])
    gap = writer.node("Sub", [value, mean], f"{scope}/gap")
    squares = writer.node("Mul", [gap, gap], f"{scope}/squares")
    variance = writer.node("ReduceMean", [squares], f"{scope}/variance", axes=[-1])
    epsilon = writer.constant(f"{scope}/epsilon", np.array(EPSILON, np.float32))
    deviation = writer.node("Sqrt", [writer.node("Add", [variance, epsilon], f"{scope}/above_0")], f"{scope}/deviation")
    return writer.node("Mul", [writer.node("Div", [gap, deviation], f"{scope}/unit"), gain], f"{scope}/scaled")


def _step(writer: Writer, gru: GRUWeights, one: LayerWeights, scope: str) -> Any:
    """The body of the Scan: `gruvy.equations.step` with the state h and the input's products."""
    from onnx import TensorProto, helper

    H = gru.hidden_size
    body = Writer(writer.graph)
    h, inputs = f"{scope}/h", f"{scope}/inputs"
    parts = body.constant(f"{scope}/parts", np.full(3, H))
    body.node("Split", [inputs, parts], [f"{scope}/x_{gate}" for gate in "rzn"], axis=-1)
    hidden = (one.weight_hh, one.gain_hh, one.bias_hh)
    gates = _product(body, *hidden, slice(2 * H), h, f"{scope}/hh_rz")
    body.node("Split", [gates, body.constant(f"{scope}/two", np.full(2, H))], [f"{scope}/h_r", f"{scope}/h_z"], axis=-1)
    for gate in "rz":
        body.node("Add", [f"{scope}/x_{gate}", f"{scope}/h_{gate}"], f"{scope}/sum_{gate}")
        body.node("Sigmoid", [f"{scope}/sum_{gate}"], f"{scope}/{gate}")
    if gru.reset_after:
        product = _product(body, *hidden, slice(2 * H, 3 * H), h, f"{scope}/hh_n")
        part = body.node("Mul", [f"{scope}/r", product], f"{scope}/part")
    else:
        kept = body.node("Mul", [f"{scope}/r", h], f"{scope}/rh")
        part = _product(body, *hidden, slice(2 * H, 3 * H), kept, f"{scope}/hh_n")
    n = body.node("Tanh", [body.node("Add", [f"{scope}/x_n", part], f"{scope}/sum_n")], f"{scope}/n")
    # z keeps, and zoneout keeps its share of what z does not: h' = n + (z + q (1 - z)) (h - n)
    keep = f"{scope}/z"
    if gru.zoneout:
        share = body.constant(f"{scope}/share", np.array(1 - gru.zoneout, np.float32))
        least = body.constant(f"{scope}/least", np.array(gru.zoneout, np.float32))
        keep = body.node("Add", [body.node("Mul", [keep, share], f"{scope}/scaled"), least], f"{scope}/keep")
    change = body.node("Mul", [keep, body.node("Sub", [h, n], f"{scope}/gap")], f"{scope}/kept")
    body.node("Add", [n, change], f"{scope}/h_next")
    body.node("Identity", [f"{scope}/h_next"], f"{scope}/out")
    return helper.make_graph(
        body.nodes,
        f"{scope}/step",
        [
            helper.make_tensor_value_info(h, TensorProto.FLOAT, ("N", H)),
            helper.make_tensor_value_info(inputs, TensorProto.FLOAT, ("N", 3 * H)),
        ],
        [helper.make_tensor_value_info(f"{scope}/{name}", TensorProto.FLOAT, ("N", H)) for name in ("h_next", "out")],
        body.initializers,
    )
