"""The .gruvy container: a safetensors file whose header carries one JSON document.

Arrays are the tensors of the file; everything else is plain JSON under the key ``gruvy`` of the safetensors
metadata. Reading one runs no code from it (there is no pickle), needs neither torch nor pandas, and any
safetensors reader can open it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from gruvy.errors import ArgumentError, FileFormatError

FORMAT_VERSION = 1
_KEY = "gruvy"


def write(path: str | os.PathLike[str], tensors: Mapping[str, np.ndarray], metadata: Mapping[str, Any]) -> Path:
    """Write arrays and a JSON document to one file, which is either complete or not there.

    Args:
        path: the file to write; an existing one is replaced in one step.
        tensors: name -> array of any shape and numeric or boolean dtype.
        metadata: what ``json`` can hold, without NaN or infinity (other languages cannot read those).

    Returns:
        The path written.

    Raises:
        ArgumentError: the metadata is not plain JSON.

    Example:
        >>> import tempfile, numpy, gruvy.files
        >>> path = gruvy.files.write(tempfile.mkdtemp() + "/a.gruvy", {"w": numpy.eye(2)}, {"task": "none"})
    """
    path = Path(path)
    document = {"format_version": FORMAT_VERSION, **metadata}
    try:
        text = json.dumps(document, allow_nan=False, sort_keys=True)
    except (TypeError, ValueError) as error:
        raise ArgumentError(f"metadata for {path.name} must be plain JSON without NaN or infinity: {error}") from error
    replace_file(path, safetensors_bytes(tensors, {_KEY: text}))
    return path


def safetensors_bytes(tensors: Mapping[str, np.ndarray], metadata: dict[str, str] | None = None) -> bytes:
    """Return the content of a safetensors file, whatever the order of the arrays in memory and that of their bytes.

    Raises:
        ArgumentError: an array has masked numbers, which a file cannot say.
    """
    # safetensors writes the buffer as it lies in memory, so strided arrays are copied first;
    # np.asarray, unlike np.ascontiguousarray, leaves arrays without dimensions as they are.
    ready = {}
    for name, array in tensors.items():
        if isinstance(array, np.ma.MaskedArray):
            raise ArgumentError(f"{name} is a masked array; expected plain numbers: fill it with .filled(...) first")
        array = np.asarray(array)
        ready[name] = np.asarray(array, dtype=array.dtype.newbyteorder("="), order="C")
    return save(ready, metadata)


def read(path: str | os.PathLike[str]) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Read what `write` wrote.

    Args:
        path: a .gruvy file.

    Returns:
        ``(tensors, metadata)``: name -> array, and the JSON document.

    Raises:
        FileFormatError: the file is missing, empty, damaged, not a .gruvy file, or from a newer gruvy.

    Example:
        >>> import tempfile, numpy, gruvy.files
        >>> path = gruvy.files.write(tempfile.mkdtemp() + "/a.gruvy", {"w": numpy.eye(2)}, {"task": "none"})
        >>> tensors, metadata = gruvy.files.read(path)
    """
    path = Path(path)
    if not path.exists():
        raise FileFormatError(f"{path}: no such file; check the path")
    if path.is_dir():
        raise FileFormatError(f"{path}: expected a .gruvy file, got a folder; give the file inside it")
    if path.stat().st_size == 0:
        raise FileFormatError(f"{path}: the file is empty (0 bytes); save or copy it again")
    try:
        with safe_open(path, framework="numpy") as file:
            header = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a mapping)
    except SafetensorError as error:
        raise FileFormatError(f"{path}: not a .gruvy file, or truncated ({error}); save or copy it again") from error
    if _KEY not in header:
        raise FileFormatError(
            f"{path}: a safetensors file, but not one that gruvy wrote (its header has no '{_KEY}' entry)"
        )
    return tensors, _document(path, header[_KEY])


def replace_file(path: Path, data: bytes) -> None:
    """Put ``data`` at ``path`` in one step: a reader sees the old file or the new one, never half of one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # In the same folder, because os.replace is atomic only within one file system.
    temporary = path.with_name(f".{path.name}.{os.urandom(4).hex()}.tmp")
    try:
        with open(temporary, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _document(path: Path, text: str) -> dict[str, Any]:
    try:
        document: dict[str, Any] = json.loads(text)
        version = document["format_version"]
    except (json.JSONDecodeError, KeyError, TypeError, RecursionError) as error:
        raise FileFormatError(f"{path}: its metadata is damaged ({error!r}); save or copy it again") from error
    if not isinstance(version, int) or version > FORMAT_VERSION:
        raise FileFormatError(
            f"{path}: written in format version {version}; this gruvy reads up to version {FORMAT_VERSION}: "
            "upgrade gruvy"
        )
    return document
