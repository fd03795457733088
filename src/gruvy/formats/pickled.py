"""Tensors in PyTorch's pickles, wherever in them they lie, without running anything that a pickle asks for.

PyTorch's own reader of weights alone reads them; every class and function that it does not know is an inert stand-in
there, which keeps what it is given. So whole modules, TorchScript and the checkpoints of training loops are read as
well as state dicts, and none of their code is imported.
"""

from __future__ import annotations

import io
import warnings
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from gruvy.errors import FileFormatError, MissingExtraError
from gruvy.formats import archive

_DEPTH = 60
# What no model's pickle has a reason to ask for. It would not be run; a file that tries is not read at all.
_HARMFUL = {
    "io",
    "_io",
    "os",
    "posix",
    "nt",
    "subprocess",
    "sys",
    "shutil",
    "socket",
    "ctypes",
    "importlib",
    "runpy",
    "pty",
}
_BUILTINS = {f"builtins.{name}" for name in ("eval", "exec", "compile", "open", "__import__")} | {
    f"__builtin__.{name}" for name in ("eval", "exec", "execfile", "compile", "open", "file", "__import__")
}
# What a module keeps its parts in; their names are no part of a parameter's.
_PARTS = ("_parameters", "_buffers", "_modules")


class Inert:
    """Stands for an object of any class or the result of any function; keeps its state and does nothing."""

    state: Any = None

    def __init__(self, *_: Any, **__: Any):
        """Take whatever is given, and forget it."""

    def __new__(cls, *_: Any, **__: Any) -> Inert:
        """Likewise."""
        return object.__new__(cls)

    def __setstate__(self, state: Any) -> None:
        self.state = state


class Tensors(dict[str, Any]):
    """Names to tensors, with the plain attributes of the modules that were pickled, by their names."""

    def __init__(self, tensors: Mapping[str, Any], modules: Mapping[str, Mapping[str, Any]], strangers: Sequence[str]):
        super().__init__(tensors)
        self.modules = modules
        self.strangers = strangers


def load(path: Path) -> Tensors:
    """Return every tensor of a file that PyTorch wrote.

    Raises:
        FileFormatError: it is damaged.
        MissingExtraError: torch is not installed.
    """
    try:
        import torch
    except ModuleNotFoundError as error:
        raise MissingExtraError("a .pt file", "train", error.name) from error
    source: Any = path
    if zipfile.is_zipfile(path):
        source = _without_script(path)
    strangers: list[str] = []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what PyTorch thinks of old files
            try:
                content = torch.load(source, map_location="cpu", weights_only=True)
            except Exception:
                if not zipfile.is_zipfile(path):
                    raise
                _rewind(source)
                strangers = sorted(torch.serialization.get_unsafe_globals_in_checkpoint(source))
                if harmful := [name for name in strangers if name.partition(".")[0] in _HARMFUL or name in _BUILTINS]:
                    raise ValueError(f"it would call {', '.join(harmful)}, which no model needs") from None
                _rewind(source)
                stand_ins: list[Any] = [(type(name, (Inert,), {}), name) for name in strangers]
                with torch.serialization.safe_globals(stand_ins):
                    content = torch.load(source, map_location="cpu", weights_only=True)
    except OSError:
        raise
    except Exception as error:  # PyTorch's reader raises anything, from KeyError to UnpicklingError
        reason = str(error).strip().partition("\n")[0].partition(". ")[0]
        raise FileFormatError(
            f"{path}: not a file of tensors alone, or damaged ({reason}); save model.state_dict(), not the model"
        ) from error
    if not isinstance(content, Mapping | Inert):
        raise FileFormatError(f"{path}: holds a {type(content).__name__}; expected a state dict or a module")
    tensors: dict[str, Any] = {}
    modules: dict[str, Mapping[str, Any]] = {}
    for name, value in _every(content, "", modules, set(), 0):
        if isinstance(value, torch.Tensor) and value.layout == torch.strided and value.device.type == "cpu":
            tensors.setdefault(name, value)
    for name, tensor in tensors.items():
        # A stride of 0 would let a few bytes claim any size.
        if tensor.nbytes > tensor.untyped_storage().nbytes():
            raise FileFormatError(f"{path}: {name} claims {tensor.nbytes} bytes, more than the file holds of it")
    if strangers and not tensors:
        raise FileFormatError(
            f"{path}: not a file of tensors alone (it pickles {', '.join(strangers[:4])}), and none is in it; save "
            "model.state_dict()"
        )
    return Tensors(tensors, modules, strangers)


def _every(
    value: Any, name: str, modules: dict[str, Mapping[str, Any]], seen: set[int], depth: int
) -> Iterator[tuple[str, Any]]:
    """Yield what is in a tree of mappings, lists and stand-ins, with the way there; each branch once."""
    if isinstance(value, Inert):
        value = value.state
        value = value[0] if isinstance(value, tuple) and value else value
        if isinstance(value, Mapping):
            modules[name] = {key: each for key, each in value.items() if isinstance(each, str | bool | int | float)}
    if not isinstance(value, Mapping | list | tuple):
        yield name, value
        return
    if id(value) in seen or depth > _DEPTH:
        return
    seen.add(id(value))
    dot = f"{name}." if name else ""
    if isinstance(value, Mapping) and value.keys() >= set(_PARTS):
        for part in _PARTS:
            if isinstance(value[part], Mapping):
                for key, each in value[part].items():
                    yield from _every(each, f"{dot}{key}", modules, seen, depth + 1)
        return
    for key, each in value.items() if isinstance(value, Mapping) else enumerate(value):
        yield from _every(each, f"{dot}{key}", modules, seen, depth + 1)


def _without_script(path: Path) -> Any:
    """Return a file of TorchScript as one of tensors: without its constants and its code, by which PyTorch tells it."""
    with archive.opened(path) as opened:
        names = opened.namelist()
        if not any(name.endswith("/constants.pkl") for name in names):
            return path
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as copy:
            for name in names:
                if "/code/" not in name and "/constants" not in name:
                    copy.writestr(name, archive.read(opened, name, path))
    buffer.seek(0)
    return buffer


def _rewind(source: Any) -> None:
    if not isinstance(source, Path):
        source.seek(0)
