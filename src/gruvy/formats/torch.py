"""PyTorch: `torch.nn.GRU` and `torch.nn.GRUCell`, state dicts, ``.pt`` and ``.safetensors`` files.

Weights lie as in gruvy: ``weight_ih_l0`` (3H, I), ``weight_hh_l0`` (3H, H), ``bias_ih_l0`` and ``bias_hh_l0`` (3H,),
rows r, z, n, z keeps the old state, ``_reverse`` for the backward direction. Source: ``torch/nn/modules/rnn.py``.
"""

from __future__ import annotations

import io
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from gruvy.activations import USUAL, told
from gruvy.errors import ArgumentError, FileFormatError, option
from gruvy.files import replace_file, safetensors_bytes
from gruvy.formats import effective, folders, pickled, state_dict
from gruvy.formats.base import Array, Format, no_target, to_numpy
from gruvy.formats.detect import is_safetensors
from gruvy.spec import GATES, GRUWeights

# Of gruvy.nn.GRU, read from a module that is one.
_DEFAULTS = {"reset_after": True, "zoneout": 0.0}


def read(source: Any, *, name: str | None = None, reset_after: bool | None = None) -> GRUWeights:
    """Read the GRU of a module, a state dict, or a file with one.

    Args:
        source: a `torch.nn.Module`, a mapping of names to tensors, or the path of a ``.pt`` or ``.safetensors`` file.
        name: which GRU, as ``"encoder.gru"``, where there are several.
        reset_after: the form, which a state dict does not say; None for PyTorch's own. A `gruvy.nn.GRU` has PyTorch's
            names too, and its state dict may be of either form.

    Raises:
        ArgumentError: there is no GRU, or several and none is named; arrays are missing or do not fit.
        FileFormatError: the file is not one of these, or is damaged, or holds pickled code.
    """
    if hasattr(source, "named_modules"):
        if reset_after is not None:
            raise ArgumentError("reset_after is for state dicts and files; a module says its form")
        return _read_module(source, name)
    with opened(source) as state:
        prefix, found = state_dict.locate(effective.resolved(state, array_of, name), name)
        arrays = {key: array_of(key, value) for key, value in found.items()}
    own = getattr(state, "modules", {}).get(prefix.rstrip("."), {})  # of a module that was pickled whole
    if "reset_after" in own and reset_after not in (None, own["reset_after"]):
        raise ArgumentError(
            f"the module says that reset_after is {own['reset_after']}; leave {option('reset_after')} out"
        )
    form = own.get("reset_after", True) if reset_after is None else reset_after
    weights = state_dict.to_weights(arrays, reset_after=form, zoneout=own.get("zoneout", 0.0))
    return replace(weights, batch_first=bool(own.get("batch_first", False)))


def arrays(source: Any) -> dict[str, Array]:
    """Return every array of a state dict or a file, by its name."""
    with opened(source) as state:
        return {key: array_of(key, value) for key, value in state.items()}


def write(weights: GRUWeights, target: Any = None) -> Any:
    """Return a state dict, write one to a ``.pt``, ``.pth`` or ``.safetensors`` file, or load a module."""
    if hasattr(target, "load_state_dict"):
        return load_module(weights, target)
    if target is not None and not isinstance(target, Path):
        raise no_target("torch", target, "a torch.nn.GRU, or a path that ends in .pt or .safetensors")
    arrays = state_dict.to_arrays(weights)
    if target is not None and target.suffix == ".safetensors":
        replace_file(target, safetensors_bytes(arrays))
        return target
    import torch

    tensors = OrderedDict((key, torch.tensor(array)) for key, array in arrays.items())
    if target is None:
        return tensors
    buffer = io.BytesIO()
    torch.save(tensors, buffer)
    replace_file(target, buffer.getvalue())
    return target


def load_module(weights: GRUWeights, module: Any) -> Any:
    """Load the weights into a GRU module of the same sizes, form and features, and return it.

    Raises:
        ArgumentError: the module differs in any of them; all differences are named at once.
    """
    import torch

    own = module.state_dict()
    arrays = state_dict.to_arrays(weights, bias=True if any(key.startswith("bias_") for key in own) else None)
    if "weight_ih" in own:  # a GRUCell
        arrays = {key.removesuffix("_l0"): array for key, array in arrays.items()}
    problems = [f"it has no {key}" for key in arrays if key not in own]
    problems += [f"it has {key} and the weights have not" for key in own if key not in arrays]
    for key in arrays.keys() & own.keys():
        here = f"{str(own[key].dtype).removeprefix('torch.')} {tuple(own[key].shape)}"
        there = f"{arrays[key].dtype} {arrays[key].shape}"
        if here != there:
            problems.append(f"its {key} is {here} and the weights' is {there}")
    for name, default in _DEFAULTS.items():
        if getattr(module, name, default) != getattr(weights, name):
            problems.append(f"its {name} is {getattr(module, name, default)}; expected {getattr(weights, name)}")
    if weights.activations != USUAL:
        problems.append(f"it computes sigmoid and tanh, and the weights are for {told(weights.activations)}")
    if problems:
        raise ArgumentError(f"the {type(module).__name__} does not fit the weights: {'; '.join(problems)}")
    module.load_state_dict({key: torch.tensor(array) for key, array in arrays.items()})
    return module


def _read_module(module: Any, name: str | None) -> GRUWeights:
    every = dict(module.named_modules())
    found = {path: part for path, part in every.items() if _is_gru(part)}
    others = {path: _other(part) for path, part in every.items() if getattr(part, "mode", "GRU") != "GRU"}
    place = state_dict.choose(found, name, others)
    part = found[place]
    if hasattr(part, "_all_weight_values"):
        raise ArgumentError(
            f"{place or 'it'} has packed int8 weights of torch.ao.quantization, which are not read: give the model "
            "that it was quantized from"
        )
    options: dict[str, Any] = {key: getattr(part, key, default) for key, default in _DEFAULTS.items()}
    weights = state_dict.to_weights(effective.weights_of(part), **options)
    return replace(weights, batch_first=bool(getattr(part, "batch_first", False)))


def _other(module: Any) -> str:
    kind = {"LSTM": "an LSTM", "RNN_TANH": "a tanh RNN", "RNN_RELU": "a relu RNN"}.get(module.mode, module.mode)
    return f"{kind} with projections" if getattr(module, "proj_size", 0) else str(kind)


def _is_gru(module: Any) -> bool:
    return getattr(module, "mode", None) == "GRU" or any(each.__name__ == "GRUCell" for each in type(module).__mro__)


@contextmanager
def opened(source: Any) -> Iterator[Mapping[str, Any]]:
    """Give a mapping of names to arrays, which files have only read where they are asked for."""
    if isinstance(source, Mapping):
        yield {name: value for name, value in _flat(source) if hasattr(value, "shape")}
    elif not isinstance(source, Path):
        raise ArgumentError(f"expected a module, a state dict or a path, got a {type(source).__name__}")
    elif source.name.endswith(".index.json"):
        with folders.shards(source, opened) as state:
            yield state
    elif is_safetensors(source):
        with _opened_safetensors(source) as state:
            yield state
    else:
        yield pickled.load(source)


def _flat(state: Mapping[Any, Any], name: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the arrays of mappings within mappings, with the way there."""
    for key, value in state.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{name}{key}.")
        else:
            yield f"{name}{key}", value


@contextmanager
def _opened_safetensors(path: Path) -> Iterator[dict[str, Any]]:
    try:
        with safe_open(path, framework="numpy") as file:
            keys = list(file.keys())
            slices = {key: file.get_slice(key) for key in keys}
        # NumPy has no bfloat16.
        framework = "pt" if any(each.get_dtype() == "BF16" for each in slices.values()) else "numpy"
        with safe_open(path, framework=framework) as file:
            yield {key: file.get_slice(key) for key in keys}
    except SafetensorError as error:
        raise FileFormatError(f"{path}: a damaged or truncated safetensors file ({error}); copy it again") from error


def array_of(key: str, value: Any) -> Array:
    """Return an array of what `opened` gives.

    Raises:
        ArgumentError: its dtype is one that NumPy lacks.
    """
    try:
        return to_numpy(value[:] if hasattr(value, "get_shape") else value)
    # A dtype that NumPy lacks: each reader says so in its own way (quantized, sparse and meta tensors, float8).
    except (TypeError, RuntimeError, AttributeError, SafetensorError) as error:
        kind = value.get_dtype() if hasattr(value, "get_dtype") else value.dtype
        raise ArgumentError(f"{key} is {kind}, which NumPy cannot take ({error})") from error


FORMAT = Format(
    name="torch",
    title="PyTorch",
    read=read,
    write=write,
    recurrent_bias={True: GATES},
    extra="train",
    arrays=arrays,
)
