"""What each feature of the layer costs beside the plain layer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from bar import Bar, at_most, not_measured
from torch import Tensor
from turns import medians

from gruvy.bench import WORKS, Shape, Work
from gruvy.nn import GRU

SHAPES = (Shape(128, 128, 32, 100), Shape(64, 64, 1, 100))
LIMIT, LIMIT_LAYER_NORM = 1.3, 1.6


@dataclass(frozen=True)
class Feature:
    """How a feature is switched on.

    Args:
        options: of the constructor.
        inputs: makes the arguments of the call from the shape.
        method: what is called.
        layers: how many plain layers do the same work without it.
        works: where it costs anything: dropout rests in inference.
    """

    options: dict[str, Any] = field(default_factory=dict)
    inputs: Callable[[Shape], dict[str, Tensor]] = lambda shape: {}
    method: str = "forward"
    layers: int = 1
    works: tuple[Work, ...] = WORKS
    limit: float = LIMIT


# Lengths and masks leave nearly all steps to be done: what is timed is the feature, not the steps that it saves.
FEATURES = {
    "two layers": Feature({"num_layers": 2}, layers=2),
    "both directions": Feature({"bidirectional": True}, layers=2),
    "initial state": Feature(inputs=lambda shape: {"hx": torch.randn(1, shape.batch, shape.hidden)}),
    "learnt initial state": Feature({"learn_initial_state": True}),
    "lengths": Feature(inputs=lambda shape: {"lengths": torch.arange(shape.batch) % 2 + shape.steps - 1}),
    "resets": Feature(inputs=lambda shape: {"resets": torch.rand(shape.steps, shape.batch) < 0.02}),
    "mask": Feature(inputs=lambda shape: {"mask": torch.rand(shape.steps, shape.batch) < 0.95}),
    "input dropout": Feature({"input_dropout": 0.2}, works=("training",)),
    "recurrent dropout": Feature({"recurrent_dropout": 0.2}, works=("training",)),
    "recurrent dropout, a mask for each step": Feature(
        {"recurrent_dropout": 0.2, "variational": False}, works=("training",)
    ),
    "zoneout": Feature({"zoneout": 0.1}),
    "states of every layer": Feature({"num_layers": 2}, method="layer_outputs", layers=2),
    "gates": Feature(method="gates", works=("inference",)),
    "layer norm": Feature({"layer_norm": True}, limit=LIMIT_LAYER_NORM),
}


def judge() -> tuple[list[dict[str, Any]], list[Bar]]:
    """Return the rows (feature, work, shape, times the plain layer) and a bar for each feature; one thread."""
    torch.set_num_threads(1)
    rows: list[dict[str, Any]] = []
    bars = []
    for name, feature in FEATURES.items():
        promise = f"{name}: at most {feature.limit} times the plain layer"
        try:
            mine = [_measured(name, feature, work, shape) for work in feature.works for shape in SHAPES]
        except (AttributeError, TypeError) as error:
            bars.append(not_measured(promise, str(error)))
            continue
        rows += mine
        figures = [(row["times"], f"{row['work']} of {Shape(*row['shape'])}") for row in mine]
        bars.append(at_most(promise, feature.limit, figures, "x"))
    return rows, bars


def _measured(name: str, feature: Feature, work: Work, shape: Shape) -> dict[str, Any]:
    calls = {"plain": _call(Feature(), work, shape), name: _call(feature, work, shape)}
    seconds = medians(calls)
    times = seconds[name] / seconds["plain"] / feature.layers
    return {"feature": name, "work": work, "shape": list(shape), "times": times}


def _call(feature: Feature, work: Work, shape: Shape) -> Callable[[], None]:
    I, H, N, T = shape
    torch.manual_seed(0)
    layer = GRU(I, H, backend="native", **feature.options).train(work == "training")
    x = torch.randn(T, N, I, requires_grad=work == "training")
    given = feature.inputs(shape)
    called = getattr(layer, feature.method)

    def infer() -> None:
        with torch.inference_mode():
            called(x, **given)

    def train() -> None:
        x.grad = None
        layer.zero_grad()
        outputs = called(x, **given)[0]
        last = outputs[-1] if feature.method == "layer_outputs" else outputs
        last.backward(dout)

    dout = torch.randn(T, N, H * (2 if layer.bidirectional else 1))
    return infer if work == "inference" else train
