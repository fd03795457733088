"""NumPy ``.npz`` files, which say how their arrays are to be read.

Arrays have PyTorch's names and shapes (`gruvy.formats.state_dict`), with some more beside them:

- ``reset_after``: bool, the form.
- ``gates``: three strings, the gates in the order of their rows; absent: reset, update, candidate.
- ``update_keeps``: bool, whether the update gate keeps the old state; absent: it does.
- ``zoneout``: a number; absent: 0.
- ``reverse``: bool, whether layers of one direction run backwards; absent: they do not.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from gruvy.errors import ArgumentError, FileFormatError
from gruvy.files import replace_file
from gruvy.formats import archive, npy, state_dict
from gruvy.formats.base import EXTRAS, Array, Format, form_options, no_target
from gruvy.spec import GATES, PYTORCH, Convention, GRUWeights

_PLAIN = ("reset_after", "gates", "update_keeps", "zoneout", "reverse")


def read(source: Any, *, name: str | None = None, reset_after: bool | None = None, gates: Any = None) -> GRUWeights:
    """Read a ``.npz`` file, a ``.npy`` file of a dictionary, or a mapping of the same names to arrays.

    Args:
        source: the path or the mapping.
        name: which GRU, as ``"encoder"``, where there are several.
        reset_after: the form, for a file that does not say it.
        gates: the order of the gates' rows, likewise.
    """
    arrays = arrays_of(source)
    state_dict.find({key: a for key, a in arrays.items() if key not in _PLAIN}, name)  # or say what there is
    said = {key: np.asarray(arrays[key]).tolist() for key in _PLAIN if key in arrays}
    form = said.get("reset_after", reset_after)
    if not isinstance(form, bool):
        raise ArgumentError(
            f"reset_after is {form}; expected True or False: it does not say the form; give {form_options()}"
        )
    gates = gates.split(",") if isinstance(gates, str) else said.get("gates", gates or GATES)
    if not isinstance(gates, list | tuple) or sorted(map(str, gates)) != sorted(GATES):
        raise ArgumentError(f"gates is {gates}; expected {', '.join(GATES)} in some order")
    zoneout = said.get("zoneout", 0.0)
    if not isinstance(zoneout, int | float):
        raise ArgumentError(f"zoneout is {zoneout!r}; expected a number")
    order = Convention(tuple(gates), update_keeps=said.get("update_keeps", True) is True)
    found = state_dict.find({key: a for key, a in arrays.items() if key not in _PLAIN}, name)
    weights = state_dict.to_weights(_ordered(found, order, PYTORCH), reset_after=form, zoneout=zoneout)
    return replace(weights, reverse=said.get("reverse", False) is True)


def write(weights: GRUWeights, target: Any = None, *, convention: Convention = PYTORCH) -> Any:
    """Return a mapping of arrays, or write a ``.npz`` file.

    Args:
        weights: the GRU.
        target: a path, or None for the mapping.
        convention: the order of the gates, and which way the update gate points.
    """
    if target is not None and not isinstance(target, Path):
        raise no_target("npz", target, "a path that ends in .npz")
    arrays = _ordered(state_dict.to_arrays(weights), PYTORCH, convention)
    arrays |= {
        "reset_after": np.array(weights.reset_after),
        "gates": np.array(convention.order),
        "update_keeps": np.array(convention.update_keeps),
        "zoneout": np.array(weights.zoneout),
        "reverse": np.array(weights.reverse),
    }
    if target is None:
        return arrays
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]
    replace_file(target, buffer.getvalue())
    return target


def arrays_of(source: Any) -> dict[str, Array]:
    """Return every array of a file or a mapping, by its name."""
    if isinstance(source, Path):
        with source.open("rb") as file:
            is_npy = file.read(6) == npy.MAGIC
        return npy.load(source) if is_npy else _load(source)
    if not isinstance(source, Mapping):
        raise ArgumentError(f"expected a path or a mapping of arrays, got a {type(source).__name__}")
    return dict(source)


def _ordered(arrays: Mapping[str, Array], here: Convention, there: Convention) -> dict[str, Array]:
    # Layer norm takes r and z together, so that there the update gate turns with its gains and not with its matrices.
    fixed = "weight_" if any(key.startswith("gain_") for key in arrays) else "gain_"
    ordered = {}
    for key, array in arrays.items():
        if key == "initial_state" or np.ndim(array) == 0 or len(array) % 3:
            ordered[key] = np.array(array)
        elif key.startswith(fixed):
            ordered[key] = Convention(here.order).blocks_to(Convention(there.order), array)
        else:
            ordered[key] = here.blocks_to(there, array)
    return ordered


def _load(path: Path) -> dict[str, Array]:
    """Read all arrays, none of which may claim more bytes than its member has."""
    arrays = {}
    with archive.opened(path) as opened:
        for member in opened.namelist():
            if member.endswith(".npy"):
                arrays[member.removesuffix(".npy")] = _parse(archive.read(opened, member, path), member, path)
    return arrays


def _parse(data: bytes, member: str, path: Path) -> Array:
    try:
        stream = io.BytesIO(data)
        version = np.lib.format.read_magic(stream)
        header = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}[version]
        shape, column_major, dtype = header(stream)
    except Exception as error:  # the header is a Python literal, and reading a bad one may raise anything
        raise FileFormatError(f"{path}: {member} in it has no header that NumPy writes ({error})") from error
    claimed = int(np.prod([int(size) for size in shape], dtype=object)) * dtype.itemsize
    there = len(data) - stream.tell()
    if dtype.hasobject:
        raise FileFormatError(f"{path}: {member} in it holds pickled objects, which could run code; it is not read")
    if claimed != there or min(shape, default=0) < 0:
        raise FileFormatError(f"{path}: {member} in it claims {claimed} bytes of {dtype} {shape} and has {there}")
    if not claimed:
        return np.zeros(shape, dtype)
    array = np.frombuffer(data, dtype, offset=stream.tell()).reshape(shape, order="F" if column_major else "C")
    return np.ascontiguousarray(array) if array.ndim else array


FORMAT = Format(
    name="npz",
    title="NumPy",
    read=read,
    write=write,
    recurrent_bias={True: GATES, False: GATES},
    extras=frozenset(EXTRAS),
    convention=None,
    arrays=arrays_of,
)
