"""Tells which format a file or an object is in, without importing any framework."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from gruvy.errors import ArgumentError, FileFormatError
from gruvy.formats import archive

SUFFIXES = {
    ".gruvy": "gruvy",
    ".pt": "torch",
    ".pth": "torch",
    ".safetensors": "torch",
    ".npz": "npz",
    ".keras": "keras",
    ".onnx": "onnx",
}
# The package that defines a class, or the beginning of its module's name -> format; the first that fits.
_CLASSES = {
    "gruvy.nn": "gruvy",
    "gruvy.keras": "keras",
    "torch": "torch",
    "keras": "keras",
    "flax.nnx": "flax-nnx",
    "equinox": "equinox",
    "onnx": "onnx",
}
_DEEPEST = 20  # mappings within mappings
# Keys of a mapping's own arrays; the first that fits.
_KEYS = (
    ("npz", {"weight_ih_l0", "reset_after"}),
    ("haste", {"kernel", "recurrent_kernel"}),
    ("onednn", {"weights_layer", "weights_iter"}),
)


# What a file begins with, or its name ends in -> what it is, and what to do.
_STRANGERS: dict[tuple[bytes, tuple[str, ...]], str] = {
    (b"", (".msgpack",)): "parameters of Flax in msgpack; read them with flax.serialization.msgpack_restore(bytes) and "
    "give gruvy.formats.read the tree of arrays",
    (b"TFL3", (".tflite",)): "a model of TensorFlow Lite; give the .keras or .h5 file that it was made of",
    (b"GGUF", (".gguf",)): "a GGUF file, whose weights are quantized; give the file that it was made of",
    (b"", (".pb",)): "a graph of TensorFlow; load it with keras and save it as .keras",
    (b"", (".index", ".data-00000-of-00001")): "a TensorFlow checkpoint; load it with keras and save it as .keras",
    (b"", (".mlmodel", ".mlpackage")): "a Core ML model; give the file that it was made of",
    (b"", (".xml",)): "a model of OpenVINO; give the file that it was made of",
    (b"\x1f\x8b", (".gz", ".tgz")): "packed with gzip; unpack it first",
    (b"", (".tar", ".nemo", ".mar")): "a tar archive; unpack it and give the file of weights in it",
    (b"MATLAB", (".mat",)): "a MATLAB file; read it with scipy.io.loadmat and save its arrays with numpy.savez",
}


def detect(source: Any) -> str:
    """Return the name of the format that a file or an object is in.

    A file is recognised by its first bytes, and by its name where these say nothing.

    Raises:
        ArgumentError: an object's type says nothing.
        FileFormatError: a file is of no kind that gruvy knows.

    Example:
        >>> detect(torch.nn.GRU(3, 4)), detect({"kernel": 0, "recurrent_kernel": 0})
        ('torch', 'haste')
    """
    if isinstance(source, str | Path):
        return _detect_file(Path(source))
    for each in type(source).__mro__:
        for beginning, name in _CLASSES.items():
            if f"{each.__module__}.".startswith(f"{beginning}."):
                return name
    if isinstance(source, list | tuple) and source:
        return detect(source[0])
    if isinstance(source, np.ndarray) and source.ndim == 1:
        return "cudnn"
    if isinstance(source, Mapping):
        for name, keys in _KEYS:
            if keys <= source.keys():
                return name
        if any(_IS_TORCH.search(key) for key in _keys(source)):
            return "torch"
        if source and all(isinstance(value, Mapping) for value in source.values()):
            return "flax-linen"
    raise ArgumentError(f"cannot tell the format of a {type(source).__name__}; name it with format=")


_IS_TORCH = re.compile(
    r"weight_[ih]h(_l\d+(_reverse)?)?(_orig|_v)?$|parametrizations\.weight_[ih]h|_all_weight_values\."
)


def _keys(source: Mapping[Any, Any], depth: int = 0) -> Iterator[str]:
    """Yield the keys of mappings within mappings."""
    for key, value in source.items():
        if isinstance(value, Mapping) and depth < _DEEPEST:
            yield from _keys(value, depth + 1)
        yield str(key)


def of_name(path: Path) -> str:
    """Return the name of the format that a file's name ends like.

    Raises:
        ArgumentError: no format's files end so.
    """
    if path.suffix not in SUFFIXES:
        raise ArgumentError(f"{path}: expected a name that ends in {', '.join(SUFFIXES)}, or name the format")
    return SUFFIXES[path.suffix]


def is_safetensors(path: Path) -> bool:
    """Whether a file begins as safetensors files do."""
    with open(path, "rb") as file:
        return _begins_safetensors(file.read(9))


def _detect_file(path: Path) -> str:
    by_name = SUFFIXES.get(path.suffix)
    with open(path, "rb") as file:
        beginning = file.read(9)
    if not beginning:
        raise FileFormatError(f"{path}: the file is empty (0 bytes); save or copy it again")
    if _begins_safetensors(beginning):
        return "gruvy" if by_name == "gruvy" else "torch"
    if beginning.startswith(b"PK\x03\x04"):
        return _detect_zip(path)
    if path.name.endswith(".index.json"):
        return "torch"
    if beginning.startswith(b"\x93NUMPY"):
        return "npz"
    if beginning.startswith(b"\x89HDF\r\n"):
        return "keras"
    for (magic, suffixes), what in _STRANGERS.items():
        if (magic and beginning[4 * (magic == b"TFL3") :].startswith(magic)) or path.name.endswith(suffixes):
            raise FileFormatError(f"{path}: {what}")
    if beginning.startswith(b"\x80"):  # a pickle: what torch.save wrote before it wrote zip files
        return "torch"
    if by_name is None:
        raise FileFormatError(
            f"{path}: of no kind that gruvy knows; expected {', '.join(SUFFIXES)}, or name the format"
        )
    return by_name


def _begins_safetensors(beginning: bytes) -> bool:
    """Whether there are eight bytes of a length, of which the header of no file needs more than four, and then JSON."""
    return beginning[4:] == b"\0\0\0\0{"


def _detect_zip(path: Path) -> str:
    with archive.opened(path) as opened:
        names = opened.namelist()
    if "config.json" in names:
        return "keras"
    if any(name.endswith("data.pkl") for name in names):
        return "torch"
    if any(name.endswith(".npy") for name in names):
        return "npz"
    raise FileFormatError(f"{path}: a zip file, but not one of PyTorch, Keras or NumPy")
