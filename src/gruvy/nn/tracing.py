"""The layer in programs that PyTorch writes down from Python: torch.fx and torch.jit.script."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch.fx import Proxy

from gruvy.errors import ArgumentError, note


class OneCall(torch.nn.Module):
    """A module that stays one call in the programs that torch.fx writes down, as the layers of torch.nn do."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the module, or note the call where torch.fx writes a program."""
        proxy = _proxy_among(args, kwargs)
        if proxy is None:
            return super().__call__(*args, **kwargs)
        target = proxy.tracer.path_of_module(self)  # type: ignore[attr-defined]
        return proxy.tracer.create_proxy("call_module", target, args, kwargs)


def _proxy_among(arguments: tuple[Any, ...], named: Mapping[str, Any]) -> Proxy | None:
    """Return an argument that stands for a value of a program that torch.fx writes, or None."""
    for value in (*arguments, *named.values()) if named else arguments:
        if isinstance(value, Proxy):
            return value
    return None


def refuse_as_root(input: object) -> None:
    """Raise where torch.fx was given the layer itself: it looks into the module that it is given, and into no leaf.

    Raises:
        ArgumentError: the input stands for a value of a program.
    """
    if isinstance(input, Proxy):
        raise ArgumentError(
            "torch.fx was given a GRU layer itself, whose steps it cannot write down: give it a module that contains "
            "the layer, such as torch.nn.Sequential(layer), where the layer is one call"
        )


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
    theirs = torch.nn.GRU(
        *(module.input_size, module.hidden_size, module.num_layers, module.bias, module.batch_first, module.dropout),
        module.bidirectional,
        device="meta",
    )
    for name in names:
        setattr(theirs, name, module._parameters[name])
    note(
        "torch.jit.script puts a torch.nn.GRU with the same parameters in the place of gruvy.nn.GRU, in the module "
        "that it is given too: script a copy.deepcopy of it to keep the engine in the original"
    )
    return theirs.train(module.training)
