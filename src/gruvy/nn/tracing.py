"""The layer in programs that PyTorch writes down from Python: torch.fx and torch.jit.script."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch.fx import Proxy

from gruvy.errors import ArgumentError, note


def proxy_among(arguments: tuple[Any, ...], named: Mapping[str, Any]) -> Proxy | None:
    """Return an argument that stands for a value of a program that torch.fx writes, or None."""
    for value in (*arguments, *named.values()) if named else arguments:
        if isinstance(value, Proxy):
            return value
    return None


def called_in_program(
    module: torch.nn.RNNBase, proxy: Proxy, arguments: tuple[Any, ...], named: dict[str, Any]
) -> Proxy:
    """Write one call of the layer into the program, as torch.fx does for the layers of torch.nn."""
    tracer = proxy.tracer
    target = tracer.path_of_module(module)  # type: ignore[attr-defined]
    found: Proxy = tracer.create_proxy("call_module", target, arguments, named)
    return found


def scriptable(module: torch.nn.RNNBase, defaults: Mapping[str, Any]) -> torch.nn.GRU:
    """Return a `torch.nn.GRU` with the very parameters of the layer, which torch.jit.script can compile.

    Raises:
        ArgumentError: the layer has what `torch.nn.GRU` lacks, or weights that are computed from others.
    """
    lacking = [
        f"{name}={getattr(module, name)!r}"
        for name, default in defaults.items()
        if name not in ("backend", "checkpoint_every", "variational") and getattr(module, name) != default
    ]
    if lacking:
        raise ArgumentError(
            f"torch.jit.script has PyTorch's own GRU alone, without {', '.join(lacking)}: use torch.export, "
            "torch.compile or torch.jit.trace"
        )
    names = [name for names in module._all_weights for name in names]
    computed = [name for name in names if name not in module._parameters]
    if computed:
        raise ArgumentError(
            f"torch.jit.script cannot compile the layer, because {', '.join(computed)} is computed from other "
            "parameters (weight_norm, parametrize, prune ...): remove that first, or use torch.export or jit.trace"
        )
    found = torch.nn.GRU(
        *(module.input_size, module.hidden_size, module.num_layers, module.bias, module.batch_first, module.dropout),
        module.bidirectional,
        device="meta",
    )
    for name in names:
        setattr(found, name, module._parameters[name])
    note(
        "torch.jit.script puts a torch.nn.GRU with the same parameters in the place of gruvy.nn.GRU, in the module "
        "that it is given too: script a copy.deepcopy of it to keep the engine in the original"
    )
    return found.train(module.training)
