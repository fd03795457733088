"""Weights that are computed from others: weight norm, spectral norm, pruning and parametrizations of PyTorch.

Both of PyTorch's ways are known: `torch.nn.utils.parametrize`, and the older one, in which a hook computes the weight
before each call, so that the attribute may be that of the call before.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from gruvy.errors import ArgumentError, TensorError, note
from gruvy.formats.base import Array

_FIELD = r"(?:weight|bias|gain)_[ih]h(?:_l\d{1,4}(?:_reverse)?)?"
# encoder.weight_hh_l0_orig, encoder.parametrizations.weight_hh_l0.original0
_PART = re.compile(
    rf"(?P<prefix>.*?)(?:(?P<old>{_FIELD})_(?P<old_part>orig|mask|g|v|u)"
    rf"|parametrizations\.(?P<new>{_FIELD})\.(?P<new_part>.+))"
)


def weights_of(module: Any) -> dict[str, Any]:
    """Return the tensors that a GRU module of PyTorch computes with in evaluation, by PyTorch's names.

    Raises:
        TensorError: a tensor has no numbers.
    """
    names = getattr(module, "_flat_weights_names", None)
    if names is None:  # a cell
        names = [name for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh") if hasattr(module, name)]
        if any(callable(getattr(module, name)) for name in names):  # of packed weights, which have other names
            return dict(module.state_dict())
    gains = [f"gain{name.removeprefix('weight')}" for name in names if name.startswith("weight")]
    found = {name: weight(module, name) for name in [*names, *gains, "initial_state"] if hasattr(module, name)}
    return {name: tensor for name, tensor in found.items() if tensor is not None}


def weight(module: Any, name: str) -> Any:
    """Return the tensor of that name which a module of PyTorch computes with in evaluation.

    Raises:
        TensorError: it has no numbers.
    """
    tensor = _weight(module, name)
    if getattr(tensor, "is_meta", False):
        raise TensorError(
            f"{name} is on the meta device, without numbers: call to_empty(device='cpu') and load_state_dict() first"
        )
    return tensor


def _weight(module: Any, name: str) -> Any:
    for hook in getattr(module, "_forward_pre_hooks", {}).values():
        kind = type(hook)
        if kind.__module__.startswith("torch.nn.utils.") and name in (
            getattr(hook, "name", None),
            getattr(hook, "_tensor_name", None),
        ):
            if hasattr(hook, "apply_mask"):
                return hook.apply_mask(module)
            frozen = {"do_power_iteration": False} if kind.__name__ == "SpectralNorm" else {}
            return hook.compute_weight(module, **frozen)
    computed = getattr(module, "parametrizations", {})
    if name not in computed:
        return getattr(module, name)
    training = computed[name].training
    computed[name].eval()  # spectral norm goes on with its iteration in training
    try:
        return getattr(module, name)
    finally:
        computed[name].train(training)


def resolved(state: Mapping[str, Any], array: Callable[[str, Any], Array], name: str | None = None) -> dict[str, Any]:
    """Return a state dict in which weights stand in the place of what they are computed from.

    Args:
        state: names to arrays.
        array: makes an array of a name and what the state dict has under it.
        name: the GRU that is wanted, where one is named.

    Raises:
        ArgumentError: what a weight of it is computed from does not say how.
    """
    parts: dict[str, dict[str, str]] = {}
    for key in state:
        if match := _PART.fullmatch(key):
            base = match["prefix"] + (match["old"] or match["new"])
            parts.setdefault(base, {})[match["old_part"] or match["new_part"]] = key
    if not parts:
        return dict(state)
    used = {key for keys in parts.values() for key in keys.values()}
    found = {key: value for key, value in state.items() if key not in used}
    ways = set()
    for base, keys in parts.items():
        if name is not None and f".{name.strip('.')}." not in f".{base}":  # of another GRU than the one that is wanted
            continue
        arrays = {part: array(key, state[key]) for part, key in keys.items()}
        way = next((way for way, (names, _) in _WAYS.items() if arrays.keys() == set(names)), None)
        if way is None:
            raise ArgumentError(
                f"{base} is computed from {', '.join(keys.values())}, which does not say how: give the module itself, "
                "or call torch.nn.utils.parametrize.remove_parametrizations before it is saved"
            )
        ways.add(way)
        found[base] = _WAYS[way][1](*(arrays[part] for part in _WAYS[way][0]))
    if ways:
        note(f"weights are computed from what the state dict has of them: {', '.join(sorted(ways))}")
    return found


def _normed(length: Array, direction: Array) -> Array:
    # There is one length for each row, each column, or all.
    axes = tuple(axis for axis in range(direction.ndim) if not length.ndim or length.shape[axis] == 1)
    norm = np.sqrt(np.square(direction, dtype=np.float64).sum(axis=axes, keepdims=True))
    whole: Array = direction * (length / norm)
    return whole.astype(direction.dtype)


def _spectral(matrix: Array, u: Array, v: Array) -> Array:
    sigma = u.astype(np.float64) @ matrix.astype(np.float64) @ v.astype(np.float64)
    whole: Array = matrix / sigma
    return whole.astype(matrix.dtype)


# How a weight is computed -> the names of its parts, in the order of the function's arguments.
_WAYS: dict[str, tuple[tuple[str, ...], Callable[..., Array]]] = {
    "pruning": (("orig", "mask"), lambda whole, mask: (whole * mask).astype(whole.dtype)),
    "weight norm": (("g", "v"), _normed),
    "weight norm, as a parametrization": (("original0", "original1"), _normed),
    "spectral norm": (("orig", "u", "v"), _spectral),
    "spectral norm, as a parametrization": (("original", "0._u", "0._v"), _spectral),
}
