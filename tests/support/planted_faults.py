"""Faults planted into ONNX files, on the numbers of the file itself and apart from the doctor's own code."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper

from gruvy import formats
from gruvy.spec import GRUWeights, LayerWeights

Change = Callable[[onnx.ModelProto], None]
SIZES = [(1, 2), (2, 1), (3, 4), (8, 8), (5, 16), (33, 20)]


@dataclass(frozen=True)
class Plant:
    """A fault, what the doctor is to call it, and whether the file still has all numbers."""

    name: str
    kinds: frozenset[str]
    change: Change
    fits: Callable[[GRUWeights], bool] = lambda weights: True
    fixable: bool = True


def random_gru(
    inputs: int,
    hidden: int,
    layers: int = 1,
    directions: int = 1,
    *,
    bias: bool = True,
    seed: int = 0,
    after: bool = True,
) -> GRUWeights:
    """Weights as PyTorch draws them."""
    rng = np.random.default_rng(seed)

    def uniform(*shape: int) -> np.ndarray:
        return rng.uniform(-(hidden**-0.5), hidden**-0.5, shape).astype(np.float32)

    def one(I: int) -> LayerWeights:
        biases = [uniform(3 * hidden), uniform(3 * hidden)] if bias else []
        return LayerWeights(uniform(3 * hidden, I), uniform(3 * hidden, hidden), *biases)

    widths = [inputs, *[directions * hidden] * (layers - 1)]
    return GRUWeights(tuple(tuple(one(I) for _ in range(directions)) for I in widths), reset_after=after)


def models() -> list[GRUWeights]:
    """The reset-after models that faults are planted into."""
    return [
        random_gru(I, H, layers, directions, bias=bias, seed=seed)
        for seed, (I, H) in enumerate(SIZES)
        for layers in (1, 2)
        for directions in (1, 2)
        for bias in (True, False)
    ]


def planted(weights: GRUWeights, *plants: Plant) -> onnx.ModelProto:
    """An ONNX model of a GRU with faults in it."""
    model = formats.write(weights, format="onnx")
    for plant in plants:
        plant.change(model)
    return model


def on_arrays(letters: str, change: Callable[[np.ndarray], np.ndarray]) -> Change:
    """Change every node's W, R or B, each of its directions by itself."""

    def apply(model: onnx.ModelProto) -> None:
        for tensor in model.graph.initializer:
            if tensor.name.startswith("gru_") and tensor.name[-1] in letters:
                array = numpy_helper.to_array(tensor)
                changed = np.stack([change(one) for one in array]).astype(array.dtype)
                assert changed.shape == array.shape
                tensor.CopyFrom(numpy_helper.from_array(changed, tensor.name))

    return apply


def on_blocks(change: Callable[[list[np.ndarray]], list[np.ndarray]]) -> Callable[[np.ndarray], np.ndarray]:
    """Change three blocks z, r, h of an array, or twice three of B."""

    def apply(array: np.ndarray) -> np.ndarray:
        halves = np.split(array, 2) if array.ndim == 1 else [array]
        return np.concatenate([np.concatenate(change(np.split(half, 3))) for half in halves])

    return apply


def set_attribute(name: str, value: Any) -> Change:
    """Set an attribute of every GRU node, or take it away."""

    def apply(model: onnx.ModelProto) -> None:
        for node in model.graph.node:
            if node.op_type == "GRU":
                kept = [attribute for attribute in node.attribute if attribute.name != name]
                del node.attribute[:]
                node.attribute.extend(kept + ([] if value is None else [onnx.helper.make_attribute(name, value)]))

    return apply


def exchange_directions(model: onnx.ModelProto) -> None:
    for tensor in model.graph.initializer:
        if tensor.name.startswith("gru_"):
            tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor)[::-1].copy(), tensor.name))


def exchange_layers(model: onnx.ModelProto) -> None:
    for node in model.graph.node:
        if node.op_type == "GRU":
            for at in (1, 2, 3):
                if node.input[at]:
                    number, letter = node.input[at].removeprefix("gru_").split(".")
                    node.input[at] = f"gru_{1 - int(number)}.{letter}"


def order(*blocks: int) -> Callable[[np.ndarray], np.ndarray]:
    return on_blocks(lambda zrh: [zrh[at] for at in blocks])


def halves(change: Callable[[np.ndarray, np.ndarray], list[np.ndarray]]) -> Callable[[np.ndarray], np.ndarray]:
    return lambda B: np.concatenate(change(*np.split(B, 2)))


def has_biases(weights: GRUWeights) -> bool:
    return weights.layers[0][0].bias_ih is not None


def is_wide(weights: GRUWeights) -> bool:
    return weights.hidden_size > 1


def with_kind(*kinds: str) -> frozenset[str]:
    return frozenset(kinds)


ORDER = with_kind("gate order")
# Planted in this order where there are two at once, so that it is the update gate that is negated.
BASE = [
    Plant("the update gate negated", with_kind("update sign"), on_arrays("WRB", on_blocks(lambda b: [-b[0], *b[1:]]))),
    Plant("gates in PyTorch's order r, z, h", ORDER, on_arrays("WRB", order(1, 0, 2))),
    Plant("biases swapped", with_kind("swapped biases"), on_arrays("B", halves(lambda i, h: [h, i])), has_biases),
    Plant("recurrent blocks transposed", with_kind("transposed"),
          on_arrays("R", on_blocks(lambda b: [one.T for one in b])), is_wide),
    Plant("linear_before_reset left out", with_kind("form"), set_attribute("linear_before_reset", None)),
    Plant("directions exchanged", with_kind("swapped directions"), exchange_directions,
          lambda weights: weights.bidirectional),
    Plant("layers exchanged", with_kind("layer order"), exchange_layers,
          lambda w: w.num_layers == 2 and w.input_size == w.hidden_size * len(w.layers[0])),
]  # fmt: skip
MORE = [
    *(Plant(f"gates in the order {''.join('zrh'[at] for at in blocks)}", ORDER, on_arrays("WRB", order(*blocks)))
      for blocks in ((0, 2, 1), (2, 1, 0), (1, 2, 0), (2, 0, 1))),
    Plant("gates of W alone in PyTorch's order", ORDER, on_arrays("W", order(1, 0, 2))),
    Plant("gates of R alone in PyTorch's order", ORDER, on_arrays("R", order(1, 0, 2))),
    Plant("gates of B alone in PyTorch's order", ORDER, on_arrays("B", order(1, 0, 2)), has_biases),
    Plant("the update gate negated in R alone", with_kind("update sign"),
          on_arrays("R", on_blocks(lambda b: [-b[0], *b[1:]]))),
    Plant("W stored transposed", with_kind("transposed"), on_arrays("W", lambda W: W.T.reshape(W.shape)),
          lambda w: w.input_size > 1),
    Plant("R stored transposed", with_kind("transposed"), on_arrays("R", lambda R: R.T.reshape(R.shape)), is_wide),
    Plant("run backwards", with_kind("direction"), set_attribute("direction", "reverse"),
          lambda weights: not weights.bidirectional),
    Plant("biases added up", with_kind("merged biases"), on_arrays("B", halves(lambda i, h: [i + h, 0 * h])),
          has_biases, fixable=False),
    Plant("biases lost", with_kind("missing biases"), on_arrays("B", lambda B: 0 * B), has_biases, fixable=False),
    Plant("recurrent biases lost", with_kind("missing biases"), on_arrays("B", halves(lambda i, h: [i, 0 * h])),
          has_biases, fixable=False),
]  # fmt: skip
