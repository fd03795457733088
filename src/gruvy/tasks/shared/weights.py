"""A network's weights as the arrays of an estimator's file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from numpy.typing import NDArray
from torch import nn

# What the names of a network's arrays begin with; a graph, whose arrays they are too, has it from here.
PREFIX = "network/"


def network_arrays(network: nn.Module) -> dict[str, NDArray[Any]]:
    """Return the weights of a network by their names in a file."""
    return {PREFIX + name: weight.detach().numpy() for name, weight in network.state_dict().items()}


def set_network(network: nn.Module, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Give a network the weights of a file, which may hold other arrays too.

    Raises:
        RuntimeError: some are missing, unknown or of another shape.
    """
    weights = {name.removeprefix(PREFIX): value for name, value in arrays.items() if name.startswith(PREFIX)}
    network.load_state_dict({name: torch.from_numpy(value) for name, value in weights.items()})
