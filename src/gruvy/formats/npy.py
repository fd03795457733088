"""``.npy`` files of a dictionary of arrays, which ``numpy.save`` pickles; nothing of the pickle is run."""

from __future__ import annotations

import io
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from gruvy.errors import FileFormatError
from gruvy.formats.base import Array

MAGIC = b"\x93NUMPY"


def load(path: Path) -> dict[str, Array]:
    """Return the arrays of a dictionary that ``numpy.save`` wrote.

    Raises:
        FileFormatError: the file holds anything but a dictionary of arrays, or is damaged.
    """
    stream = io.BytesIO(path.read_bytes())
    try:
        version = np.lib.format.read_magic(stream)
        header = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}[version]
        shape, _, dtype = header(stream)
    except Exception as error:  # the header is a Python literal, and reading a bad one may raise anything
        raise FileFormatError(f"{path}: has no header that NumPy writes ({error})") from error
    if not dtype.hasobject:
        raise FileFormatError(
            f"{path}: one array {shape}; a GRU has several: save a dictionary of them with numpy.savez(path, **arrays)"
        )
    try:
        content = _Arrays(stream).load()
    except Exception as error:  # at any byte of a damaged pickle
        raise FileFormatError(
            f"{path}: not a dictionary of arrays alone, or damaged ({error}); save it with numpy.savez(path, **arrays)"
        ) from error
    content = content.value if isinstance(content, _Array) else content
    content = content[0] if isinstance(content, list) and len(content) == 1 else content
    if not isinstance(content, Mapping):
        raise FileFormatError(f"{path}: holds a {type(content).__name__}; expected a dictionary of arrays")
    return dict(_flat(content, ""))


def _flat(content: Mapping[Any, Any], name: str) -> list[tuple[str, Array]]:
    found = []
    for key, value in content.items():
        if isinstance(value, Mapping):
            found += _flat(value, f"{name}{key}.")
        elif isinstance(value, _Array) and isinstance(value.value, np.ndarray):
            found.append((f"{name}{key}", value.value))
        elif isinstance(value, bool | int | float | str):
            found.append((f"{name}{key}", np.asarray(value)))
    return found


class _Dtype:
    """A dtype, whose byte order comes after its name."""

    def __init__(self, code: str, *_: Any):
        self.code, self.order = code, "|"

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.order = str(state[1])


class _Array:
    """An array, which NumPy would allocate by what the file claims before its bytes are there."""

    value: Any = None

    def __setstate__(self, state: tuple[Any, tuple[int, ...], _Dtype, bool, Any]) -> None:
        _, shape, dtype, column_major, data = state
        if dtype.code.startswith("O"):
            self.value = data
            return
        if not dtype.code.startswith(("f", "i", "u", "b")) or not isinstance(data, bytes):
            raise pickle.UnpicklingError(f"it holds an array of {dtype.code}; expected numbers")
        kind = np.dtype(dtype.order + dtype.code)
        if int(np.prod([int(size) for size in shape], dtype=object)) * kind.itemsize != len(data):
            raise pickle.UnpicklingError(f"it claims the shape {shape} of {kind} and has {len(data)} bytes for it")
        self.value = np.frombuffer(data, kind).reshape(shape, order="F" if column_major else "C")


def _reconstruct(*_: Any) -> _Array:
    return _Array()


def _scalar(dtype: _Dtype, data: bytes) -> _Array:
    found = _Array()
    found.__setstate__((1, (), dtype, False, data))
    return found


_KNOWN = {"_reconstruct": _reconstruct, "ndarray": _Array, "dtype": _Dtype, "scalar": _scalar}


class _Arrays(pickle._Unpickler):
    """Makes arrays and plain Python objects, and refuses all else.

    The one in Python: that in C allocates its memo by a number that stands in the file.
    """

    def find_class(self, module: str, name: str) -> Any:
        if module.partition(".")[0] == "numpy" and name in _KNOWN:
            return _KNOWN[name]
        if (module, name) == ("collections", "OrderedDict"):
            return dict
        raise pickle.UnpicklingError(f"it pickles {module}.{name}, which could run code")
