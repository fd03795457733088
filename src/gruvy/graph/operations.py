"""The operations of a graph: for each what it takes, what comes out, and how NumPy computes it.

`OPERATIONS` is the one table; exporters have a table with the same keys. With x (T, N, F) or (N, F):

    dense       x @ weight.T + bias                 weight (O, F), bias (O,) or none
    embedding   weight[x], side by side             weight (V, E); x is int64; F * E features come out
    gru         the states of the last layer        weights as in `recurrence`; one state per layer and direction
    relu, sigmoid, softplus, tanh                   each number by itself
    softmax     over the features
    add, subtract, multiply                         two values of the same features
    concat      features side by side
    take        x[..., features]
    last        (T, N, F) -> (N, F), the last step
    unfold      (N, P * F) -> (P, N, F), P = steps

Where `add`, `subtract`, `multiply` and `concat` meet values with and without a time axis, the latter stand at every
step.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gruvy.errors import TensorError
from gruvy.graph.node import Node, Steps, Value
from gruvy.graph.recurrence import GRU, Recurrence

Array = NDArray[Any]

# More than any network has; without a limit a file of 50 lines could double its way to terabytes.
MOST_FEATURES = 1 << 20


Run = Callable[[Node, Sequence[Array], Mapping[str, Array]], Array]


class Operation(NamedTuple):
    """One row of the table.

    Attributes:
        inputs: how many; 0 for one or more.
        weights: names of arrays -> whether it must be there; None where `recurrence` says which.
        attributes: names -> type.
        shape: (node, inputs, weights by the operation's names) -> the output, or ValueError with the reason.
        run: (node, inputs, weights) -> the output; None for an operation with a state.
        recurrence: how an operation with a state is run, whole and step by step.
        optional: attributes that may be absent: names -> type.
        step: as run, for one step of a sequence that has not ended, where that is another computation.
        reads_integers: whether its inputs are int64 instead of float32.
    """

    inputs: int
    weights: Mapping[str, bool] | None
    attributes: Mapping[str, type]
    shape: Callable[[Node, Sequence[Value], Mapping[str, Array]], Value]
    run: Run | None
    recurrence: Recurrence | None = None
    optional: Mapping[str, type] = {}
    step: Run | None = None
    reads_integers: bool = False


# ---- what comes out ----


def _dense_shape(node: Node, inputs: Sequence[Value], weights: Mapping[str, Array]) -> Value:
    weight, bias = weights["weight"], weights.get("bias")
    if weight.ndim != 2 or weight.shape[1] != inputs[0].features:
        raise ValueError(f"weight has the shape {weight.shape}; expected (O, {inputs[0].features})")
    if bias is not None and bias.shape != weight.shape[:1]:
        raise ValueError(f"bias has the shape {bias.shape}; expected {weight.shape[:1]}")
    return replace(inputs[0], features=len(weight))


def _embedding_shape(node: Node, inputs: Sequence[Value], weights: Mapping[str, Array]) -> Value:
    if weights["weight"].ndim != 2 or not len(weights["weight"]):
        raise ValueError(f"weight has the shape {weights['weight'].shape}; expected (V, E)")
    return replace(inputs[0], features=inputs[0].features * weights["weight"].shape[1], whole=False)


def _gru_shape(node: Node, inputs: Sequence[Value], weights: Mapping[str, Array]) -> Value:
    gru = GRU.weights(node, weights)
    if inputs[0].steps is None or inputs[0].features != gru.input_size:
        raise ValueError(f"its input has {_told(inputs[0])}; expected a time axis and {gru.input_size} features")
    return replace(inputs[0], features=gru.hidden_size * len(gru.layers[0]))


def _same_shape(node: Node, inputs: Sequence[Value], weights: Mapping[str, Array]) -> Value:
    return inputs[0]


def _joined_shape(node: Node, inputs: Sequence[Value], weights: Mapping[str, Array]) -> Value:
    if len({value.features for value in inputs}) > 1:
        raise ValueError(f"its inputs have {' and '.join(map(_told, inputs))}; expected the same features")
    return Value(inputs[0].features, *_common(inputs))


def _concat_shape(node: Node, inputs: Sequence[Value], weights: Mapping[str, Array]) -> Value:
    return Value(sum(value.features for value in inputs), *_common(inputs))


def _take_shape(node: Node, inputs: Sequence[Value], weights: Mapping[str, Array]) -> Value:
    wanted, there = node.attributes["features"], inputs[0].features
    if not wanted or not all(type(feature) is int and 0 <= feature < there for feature in wanted):
        raise ValueError(f"features are not all integers from 0 to {there - 1}, or none")
    return replace(inputs[0], features=len(wanted))


def _last_shape(node: Node, inputs: Sequence[Value], weights: Mapping[str, Array]) -> Value:
    if inputs[0].steps is None:
        raise ValueError("its input has no time axis")
    return replace(inputs[0], steps=None, final=inputs[0].steps == "T" or inputs[0].final)


def _unfold_shape(node: Node, inputs: Sequence[Value], weights: Mapping[str, Array]) -> Value:
    steps, there = node.attributes["steps"], inputs[0].features
    if inputs[0].steps is not None or steps < 1 or there % steps:
        raise ValueError(f"cannot make {steps} steps of {_told(inputs[0])}; expected no time axis and a multiple")
    return replace(inputs[0], features=there // steps, steps=steps)


def _common(inputs: Sequence[Value]) -> tuple[Steps, bool, bool]:
    """Steps, whole and final of values that meet."""
    axes = {value.steps for value in inputs} - {None}
    if len(axes) > 1:
        raise ValueError(f"its inputs have {' and '.join(map(_told, inputs))}; expected the same steps")
    return axes.pop() if axes else None, False, any(value.final for value in inputs)


# ---- how NumPy computes it ----


def _dense(node: Node, inputs: Sequence[Array], weights: Mapping[str, Array]) -> Array:
    product: Array = inputs[0] @ weights["weight"].T
    return product + weights["bias"] if "bias" in weights else product


def _embedding(node: Node, inputs: Sequence[Array], weights: Mapping[str, Array]) -> Array:
    index, weight = inputs[0], weights["weight"]
    if index.size and not 0 <= index.min() <= index.max() < len(weight):
        raise TensorError(
            f"{node.output}: {node.inputs[0]} lies in [{index.min()}, {index.max()}]; expected [0, {len(weight) - 1}]"
        )
    rows: Array = weight[index]
    return rows.reshape(*index.shape[:-1], index.shape[-1] * weight.shape[1])


def _softmax(node: Node, inputs: Sequence[Array], weights: Mapping[str, Array]) -> Array:
    power = np.exp(inputs[0] - inputs[0].max(axis=-1, keepdims=True))
    share: Array = power / power.sum(axis=-1, keepdims=True)
    return share


def _concat(node: Node, inputs: Sequence[Array], weights: Mapping[str, Array]) -> Array:
    leading = np.broadcast_shapes(*(array.shape[:-1] for array in inputs))
    return np.concatenate([np.broadcast_to(array, (*leading, array.shape[-1])) for array in inputs], axis=-1)


def _unfold(node: Node, inputs: Sequence[Array], weights: Mapping[str, Array]) -> Array:
    N, there = inputs[0].shape
    steps = node.attributes["steps"]
    return inputs[0].reshape(N, steps, there // steps).swapaxes(0, 1)


def _each(compute: Callable[[Array], Array]) -> Operation:
    return Operation(1, {}, {}, _same_shape, lambda node, inputs, weights: compute(inputs[0]))


def _two(compute: Callable[[Array, Array], Array]) -> Operation:
    return Operation(2, {}, {}, _joined_shape, lambda node, inputs, weights: compute(*inputs))


_GRU_ATTRIBUTES = {"layers": int, "bidirectional": bool, "reset_after": bool, "zoneout": float}


def compute(node: Node, inputs: Sequence[Array], arrays: Mapping[str, Array], *, step: bool = False) -> Array:
    """Compute a node without a state, or one step of it."""
    operation = OPERATIONS[node.op]
    run = operation.step if step and operation.step else operation.run
    assert run is not None
    return run(node, inputs, {role: arrays[name] for role, name in node.weights.items()})


OPERATIONS: dict[str, Operation] = {
    "dense": Operation(1, {"weight": True, "bias": False}, {}, _dense_shape, _dense),
    "embedding": Operation(1, {"weight": True}, {}, _embedding_shape, _embedding, reads_integers=True),
    "gru": Operation(1, None, _GRU_ATTRIBUTES, _gru_shape, None, recurrence=GRU, optional={"activations": list}),
    "relu": _each(lambda x: np.maximum(x, 0)),
    "sigmoid": _each(lambda x: 0.5 * (1 + np.tanh(0.5 * x))),  # by tanh, so that it never overflows
    "softplus": _each(lambda x: np.logaddexp(0, x)),
    "tanh": _each(np.tanh),
    "softmax": Operation(1, {}, {}, _same_shape, _softmax),
    "add": _two(np.add),
    "subtract": _two(np.subtract),
    "multiply": _two(np.multiply),
    "concat": Operation(0, {}, {}, _concat_shape, _concat),
    "take": Operation(1, {}, {"features": list}, _take_shape, lambda n, x, w: x[0][..., n.attributes["features"]]),
    "last": Operation(1, {}, {}, _last_shape, lambda n, x, w: x[0][-1], step=lambda n, x, w: x[0]),
    "unfold": Operation(1, {}, {"steps": int}, _unfold_shape, _unfold),
}


def _told(value: Value) -> str:
    axis = "no time axis" if value.steps is None else f"{value.steps} steps"
    return f"{axis} and {value.features} features"
