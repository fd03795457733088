"""PyTorch: `torch.nn.GRU` and `torch.nn.GRUCell`, state dicts, ``.pt`` and ``.safetensors`` files.

Weights lie as in gruvy: ``weight_ih_l0`` (3H, I), ``weight_hh_l0`` (3H, H), ``bias_ih_l0`` and ``bias_hh_l0`` (3H,),
rows r, z, n, z keeps the old state, ``_reverse`` for the backward direction. Source: ``torch/nn/modules/rnn.py``.
"""

from __future__ import annotations

import io
import zipfile
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from gruvy.errors import ArgumentError, FileFormatError, MissingExtraError
from gruvy.files import replace_file
from gruvy.formats import archive, state_dict
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
    with _opened(source) as state:
        arrays = {key: _array(key, value) for key, value in state_dict.find(state, name).items()}
    return state_dict.to_weights(arrays, reset_after=True if reset_after is None else reset_after)


def write(weights: GRUWeights, target: Any = None) -> Any:
    """Return a state dict, write one to a ``.pt``, ``.pth`` or ``.safetensors`` file, or load a module."""
    if hasattr(target, "load_state_dict"):
        return load_module(weights, target)
    if target is not None and not isinstance(target, Path):
        raise no_target("torch", target, "a torch.nn.GRU, or a path that ends in .pt or .safetensors")
    arrays = state_dict.to_arrays(weights)
    if target is not None and target.suffix == ".safetensors":
        replace_file(target, save(arrays))
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
    if problems:
        raise ArgumentError(f"the {type(module).__name__} does not fit the weights: {'; '.join(problems)}")
    module.load_state_dict({key: torch.tensor(array) for key, array in arrays.items()})
    return module


def _read_module(module: Any, name: str | None) -> GRUWeights:
    found = {path: part for path, part in module.named_modules() if _is_gru(part)}
    part = found[state_dict.choose(found, name)]
    options: dict[str, Any] = {key: getattr(part, key, default) for key, default in _DEFAULTS.items()}
    weights = state_dict.to_weights(part.state_dict(), **options)
    return replace(weights, batch_first=bool(getattr(part, "batch_first", False)))


def _is_gru(module: Any) -> bool:
    return getattr(module, "mode", None) == "GRU" or any(each.__name__ == "GRUCell" for each in type(module).__mro__)


@contextmanager
def _opened(source: Any) -> Iterator[Mapping[str, Any]]:
    """Give a mapping of names to arrays, which files have only read where they are asked for."""
    if isinstance(source, Mapping):
        yield {str(key): value for key, value in source.items() if hasattr(value, "shape")}
    elif not isinstance(source, Path):
        raise ArgumentError(f"expected a module, a state dict or a path, got a {type(source).__name__}")
    elif is_safetensors(source):
        with _opened_safetensors(source) as state:
            yield state
    else:
        yield _load_pt(source)


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


def _load_pt(path: Path) -> dict[str, Any]:
    """Load tensors alone, without running what else a pickle may hold, and without reading more than there is."""
    try:
        import torch
    except ModuleNotFoundError as error:
        raise MissingExtraError("a .pt file", "train", error.name) from error
    if zipfile.is_zipfile(path):
        archive.opened(path).close()  # which checks it
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except OSError:
        raise
    except Exception as error:  # PyTorch's reader raises anything, from KeyError to UnpicklingError
        reason = str(error).strip().partition("\n")[0].partition(". ")[0]
        raise FileFormatError(
            f"{path}: not a file of tensors alone, or damaged ({reason}); save model.state_dict(), not the model"
        ) from error
    for inside in ("state_dict", "model_state_dict"):  # what training loops write around it
        if isinstance(state, Mapping) and isinstance(state.get(inside), Mapping):
            state = state[inside]
    if not isinstance(state, Mapping):
        raise FileFormatError(f"{path}: holds a {type(state).__name__}; expected a state dict")
    tensors = {
        str(key): value
        for key, value in state.items()
        if isinstance(value, torch.Tensor) and value.layout == torch.strided and value.device.type == "cpu"
    }
    for key, tensor in tensors.items():
        # A stride of 0 would let a few bytes claim any size.
        if tensor.nbytes > tensor.untyped_storage().nbytes():
            raise FileFormatError(f"{path}: {key} claims {tensor.nbytes} bytes, more than the file holds of it")
    return tensors


def _array(key: str, value: Any) -> Array:
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
)
