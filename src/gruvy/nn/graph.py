"""`to_graph`: PyTorch modules as a `gruvy.graph.Graph`, which runs, streams and exports without PyTorch."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from gruvy import formats
from gruvy.errors import ArgumentError
from gruvy.formats.effective import weight
from gruvy.graph import Builder, Graph
from gruvy.nn.gru import GRU
from gruvy.nn.memory import plain
from gruvy.nn.models import GRUModel

_ACTIVATIONS: dict[type[nn.Module], str] = {
    nn.ReLU: "relu",
    nn.Sigmoid: "sigmoid",
    nn.Softplus: "softplus",
    nn.Tanh: "tanh",
    nn.Softmax: "softmax",
}
_LAYERS = (GRU, nn.GRU, nn.Linear, nn.Embedding, nn.Dropout, *_ACTIVATIONS)


def to_graph(module: nn.Module) -> Graph:
    """Return what a module computes in evaluation, with its weights of now, in the layout of its GRUs' ``batch_first``.

    Args:
        module: a GRU (gruvy's or PyTorch's), a `GRUModel`, or an ``nn.Sequential`` of GRU, Linear, Embedding, ReLU,
            Sigmoid, Softplus, Tanh, Softmax (over the features) and Dropout, nested or not; a GRU there hands on its
            output.

    Returns:
        A graph with the input "x" (T, N, I), int64 (T, N, 1) where the first layer is an Embedding, and one output
        (T, N, ...), or (N, ...) for a GRUModel; (N, T, ...) instead where the GRUs are ``batch_first``. Values and
        states are called as the modules that make them.

    Raises:
        ArgumentError: a module that is none of these, all such are named at once; GRUs of both layouts.
        TensorError: layers whose sizes do not fit each other.

    Example:
        >>> import torch
        >>> path = to_graph(nn.Sequential(GRU(3, 8), nn.Linear(8, 2))).write("net.gruvy")  # doctest: +SKIP
        >>> graph = to_graph(GRU(3, 8))
        >>> graph.states
        {'gru': (1, 8)}
        >>> to_graph(GRU(3, 8, batch_first=True)).shape("x")
        ('N', 'T', 3)
    """
    if isinstance(module, GRUModel):
        layers: list[tuple[str, Any]] = [("gru", module.gru), ("", "last"), ("", "relu"), ("fc", module.fc)]
    else:
        layers = _flat("gru" if isinstance(module, (GRU, nn.GRU)) else "", module)
    first = next((layer for _, layer in layers if isinstance(layer, (GRU, nn.GRU, nn.Linear, nn.Embedding))), None)
    wrong = [f"{name or 'module'} is a {type(layer).__name__}" for name, layer in layers if not _is_known(layer)]
    if first is None and not wrong:
        wrong.append("there is no layer with weights, from which the input's size could be told")
    if wrong:
        known = ", ".join(dict.fromkeys(kind.__name__ for kind in _LAYERS))
        raise ArgumentError(f"the module has no graph: {'; '.join(wrong)}; expected only {known}, or a GRUModel")
    layouts = {name: layer.batch_first for name, layer in layers if isinstance(layer, (GRU, nn.GRU))}
    if len(set(layouts.values())) > 1:
        first_ones = ", ".join(name for name, batch_first in layouts.items() if batch_first)
        raise ArgumentError(
            f"of the GRUs {', '.join(layouts)} only {first_ones} has batch_first=True: what is time to one is the "
            "batch to another; give all of them the same"
        )

    build = Builder()
    if isinstance(first, nn.Embedding):
        value = build.input("x", 1, whole=True)
    else:
        value = build.input("x", first.in_features if isinstance(first, nn.Linear) else first.input_size)  # type: ignore[union-attr]
    for name, layer in layers:
        value = _add(build, value, name, layer)
    return build.graph(value, batch_first=any(layouts.values()))


def _flat(name: str, module: nn.Module) -> list[tuple[str, Any]]:
    if isinstance(module, nn.Sequential):
        dot = f"{name}." if name else ""
        return [pair for child, layer in module.named_children() for pair in _flat(dot + child, layer)]
    return [(name, module)]


def _is_known(layer: Any) -> bool:
    if isinstance(layer, nn.Softmax):
        return layer.dim == -1
    if isinstance(layer, nn.Softplus):
        return layer.beta == 1
    return isinstance(layer, (str, *_LAYERS))


def _add(build: Builder, value: str, name: str, layer: Any) -> str:
    if isinstance(layer, str):
        return build.add(layer, value)
    if isinstance(layer, GRU):
        return build.gru(name, value, layer.to_weights())
    if isinstance(layer, nn.GRU):
        return build.gru(name, value, formats.read(layer))
    if isinstance(layer, nn.Linear):
        return build.dense(
            name,
            value,
            array_of(weight(layer, "weight")),
            None if layer.bias is None else array_of(weight(layer, "bias")),
        )
    if isinstance(layer, nn.Embedding):
        return build.embedding(name, value, array_of(weight(layer, "weight")))
    if isinstance(layer, nn.Dropout):
        return value
    return build.add(_ACTIVATIONS[type(layer)], value, name=name)


def array_of(tensor: Tensor) -> NDArray[np.float32]:
    """Return a weight as a NumPy array."""
    array: NDArray[np.float32] = plain(tensor).float().numpy()
    return array
