"""gruvy's own: `gruvy.nn.GRU` modules, and the recurrent network in a ``.gruvy`` file.

Arrays have PyTorch's names and layout, and ``gain_ih_l0``, ``gain_hh_l0`` (3H,) and ``initial_state`` (layers *
directions, H) beside them.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from gruvy import files
from gruvy.errors import ArgumentError
from gruvy.formats import state_dict, torch
from gruvy.formats.base import EXTRAS, Format, no_target
from gruvy.graph import Builder
from gruvy.graph.graph import graph_of_file
from gruvy.spec import GATES, GRUWeights

_NETWORK = "network/"  # of the arrays in files without a graph


def read(source: Any, *, name: str | None = None) -> GRUWeights:
    """Read the GRU of a module, or of the network in a ``.gruvy`` file.

    Args:
        source: a module with a `gruvy.nn.GRU`, or the path of a ``.gruvy`` file.
        name: which GRU, as ``"encoder"``, where there are several.
    """
    if not isinstance(source, Path):
        return torch.read(source, name=name)
    tensors, document = files.read(source)
    if "graph" in document:
        graph = graph_of_file(source, tensors, document)
        return replace(graph.grus[state_dict.choose(graph.grus, name)], batch_first=graph.batch_first)
    network = {key.removeprefix(_NETWORK): a for key, a in tensors.items() if key.startswith(_NETWORK)}
    # Before files had a graph, there was only the one form in them.
    return state_dict.to_weights(state_dict.find(network, name), reset_after=True)


def write(weights: GRUWeights, target: Any = None) -> Any:
    """Load a `gruvy.nn.GRU`, or write a ``.gruvy`` file of one GRU, which `gruvy.runtime` runs and streams."""
    if hasattr(target, "load_state_dict"):
        return torch.load_module(weights, target)
    if not isinstance(target, Path):
        raise no_target("gruvy", target, "a gruvy.nn.GRU, or a path that ends in .gruvy")
    if weights.dtype != np.float32:
        raise ArgumentError(
            f"the weights are {weights.dtype}; a .gruvy file keeps float32: use weights.astype('float32')"
        )
    build = Builder()
    value = build.gru("gru", build.input("x", weights.input_size), weights)
    return build.graph(value, batch_first=weights.batch_first).write(target)


FORMAT = Format(
    name="gruvy",
    title="gruvy",
    read=read,
    write=write,
    recurrent_bias={True: GATES, False: GATES},
    extras=frozenset(EXTRAS) - {"reverse"},
    extra="train",
    activations=lambda function: True,
)
