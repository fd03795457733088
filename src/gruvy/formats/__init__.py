"""GRU weights of every framework, through one neutral `GRUWeights`: read from one, write to another.

A conversion is exact to the bit or refused with the reason. ``docs/formats.md`` has each format's layout and the
matrix of conversions. A format's framework is imported when it is written to, or read from other than a file.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from gruvy.errors import ArgumentError, FileFormatError, MissingExtraError, option
from gruvy.formats import folders, mapping
from gruvy.formats.base import Format, same_weights
from gruvy.formats.detect import detect, of_name
from gruvy.formats.state_dict import ChoiceError
from gruvy.spec import GRUWeights

# name -> module; each has a `FORMAT`.
_MODULES = {
    "torch": "gruvy.formats.torch",
    "gruvy": "gruvy.formats.gruvy",
    "npz": "gruvy.formats.npz",
    "onnx": "gruvy.formats.onnx",
    "keras": "gruvy.formats.keras",
    "cudnn": "gruvy.formats.cudnn",
    "flax-nnx": "gruvy.formats.flax_nnx",
    "flax-linen": "gruvy.formats.flax_linen",
    "equinox": "gruvy.formats.equinox",
    "haste": "gruvy.formats.haste",
    "onednn": "gruvy.formats.onednn",
}

NAMES = tuple(_MODULES)

__all__ = ["NAMES", "Format", "detect", "file_of", "get", "places", "read", "same_weights", "write"]


def read(
    source: Any,
    format: str | None = None,
    *,
    at: str | None = None,
    map: Mapping[str, str] | None = None,
    **options: Any,
) -> GRUWeights:
    """Read a GRU from a file or from a framework's object.

    Args:
        source: a path, or an object: a module, layer, cell, mapping of arrays, ...; ``docs/formats.md`` lists them. Of
            a folder the file of weights in it is read.
        format: one of `NAMES`; None to tell by what the source is, see `detect`.
        at: which GRU, where there are several: its place, as "encoder.gru", or as much of it as no other has.
        map: for arrays with names of their own, what each of them is, as {"W": "enc_w_ih", "U": "enc_w_hh"}, with
            ``reset_after`` and ``gates`` beside it; see `gruvy.formats.mapping`.
        **options: the format's own, as ``reset_after`` for files that do not say the form; ``name`` is ``at``.

    Returns:
        The weights, in gruvy's convention and with the source's dtype.

    Raises:
        FileFormatError: a file is missing, damaged, or holds no GRU.
        ArgumentError: the format is unknown or cannot be told; an object holds no GRU, or several; its arrays do not
            fit each other.
        MissingExtraError: a package that the format needs is not installed.

    Example:
        >>> layer = torch.nn.GRU(3, 4)
        >>> read(layer).hidden_size
        4
    """
    is_path = isinstance(source, str | os.PathLike)
    if is_path:
        source = Path(source)
        source = file_of(source)
        if not source.is_file():
            raise FileFormatError(f"{source}: no such file; check the path")
    if map is not None and format is None and isinstance(source, Mapping):
        format = "npz"
    found = get(format or detect(source))
    if at is not None:
        options["name"] = at
    if map is not None:
        return _read_mapped(found, source, map, **options)
    _check_options(found, found.read, source, **options)
    try:
        return found.read(source, **options)
    except ModuleNotFoundError as error:
        raise _missing(found, error) from error
    except ArgumentError as error:
        if not is_path:
            raise
        raise FileFormatError(f"{source}: {error}") from error


def file_of(source: Any) -> Any:
    """Return the file of weights where a source is a folder, else the source."""
    if isinstance(source, str | os.PathLike) and Path(source).is_dir():
        return folders.file_in(Path(source))
    return source


def places(source: Any, **options: Any) -> list[str]:
    """Return the places of the GRUs in a file or an object; each is what ``at=`` takes.

    Args:
        source: what `read` takes.
        **options: as for `read`, but ``at``.

    Example:
        >>> places({"encoder.weight_ih_l0": np.ones((6, 3)), "encoder.weight_hh_l0": np.ones((6, 2))})
        ['encoder']
    """
    try:
        read(source, at=_NOWHERE, **options)
    except (ChoiceError, FileFormatError) as error:
        found = error if isinstance(error, ChoiceError) else error.__cause__
        if not isinstance(found, ChoiceError):
            raise
        return list(found.names)
    return []  # a format of one GRU alone, which has no places


_NOWHERE = "\0"


def _read_mapped(found: Format, source: Any, given: Mapping[str, str], **options: Any) -> GRUWeights:
    """Read arrays by what the caller says that they are."""
    if found.arrays is None:
        raise ArgumentError(f"{found.title} has no arrays with names of their own; leave {option('map')} out")
    if options.keys() - {"reset_after", "gates"}:
        raise ArgumentError(
            f"{option('map')} names the arrays of one GRU, so that {option('at')} has no meaning beside it"
        )
    try:
        form, gates = options.get("reset_after"), options.get("gates")
        return mapping.to_weights(found.arrays(source), given, reset_after=form, gates=gates)
    except ModuleNotFoundError as error:
        raise _missing(found, error) from error
    except ArgumentError as error:
        if not isinstance(source, Path):
            raise
        raise FileFormatError(f"{source}: {error}") from error


def write(
    weights: GRUWeights, target: Any = None, *, format: str | None = None, merge_biases: bool = False, **options: Any
) -> Any:
    """Write a GRU to a file or a framework's object, exactly.

    Args:
        weights: the GRU.
        target: a path, or an object of the framework to load the weights into; None for a new object.
        format: one of `NAMES`; None to tell by a path's ending or an object's type.
        merge_biases: add recurrent biases that the format lacks to the input biases, as far as that computes the same
            function. Adding two float32 rounds, so this is not exact; without it such weights are refused.
        **options: the format's own.

    Returns:
        The path written, the object loaded into, or the new one.

    Raises:
        ArgumentError: the format cannot hold these weights (all reasons are named), is unknown or cannot be told, or
            the target does not fit.
        MissingExtraError: a package that the format needs is not installed.

    Example:
        >>> weights = read(torch.nn.GRU(3, 4))
        >>> sorted(write(weights, format="haste"))
        ['bias', 'kernel', 'recurrent_bias', 'recurrent_kernel']
    """
    if format is None and target is None:
        raise ArgumentError(f"give a target or a format, one of {', '.join(NAMES)}")
    if isinstance(target, str | os.PathLike):
        target = Path(target)
        found = get(format or of_name(target))
    else:
        found = get(format or detect(target))
    if merge_biases:
        weights = found.merge_biases(weights)
    _check_options(found, found.write, weights, target, **options)
    reasons = found.refuse(weights)
    if reasons:
        raise ArgumentError(f"cannot write to {found.title} exactly: {'; '.join(reasons)}")
    try:
        return found.write(weights, target, **options)
    except ModuleNotFoundError as error:
        raise _missing(found, error) from error


@functools.cache
def get(name: str) -> Format:
    """Return a format by its name.

    Raises:
        ArgumentError: there is none of that name.
    """
    if name not in _MODULES:
        raise ArgumentError(f"unknown format {name!r}; expected one of {', '.join(NAMES)}")
    found: Format = importlib.import_module(_MODULES[name]).FORMAT
    return found


def _check_options(found: Format, function: Callable[..., Any], *arguments: Any, **options: Any) -> None:
    unasked = [
        name
        for name in ("reset_after", "gates", "name")
        if name in options.keys() - inspect.signature(function).parameters.keys()
    ]
    if unasked:
        said = " and ".join(option("at" if name == "name" else name) for name in unasked)
        raise ArgumentError(
            f"{found.title} says by itself what {said} would; leave {'it' if len(unasked) == 1 else 'them'} out"
        )
    try:
        inspect.signature(function).bind(*arguments, **options)
    except TypeError as error:
        raise ArgumentError(f"format {found.name!r}: {error}; docs/formats.md has its options") from None


def _missing(found: Format, error: ModuleNotFoundError) -> Exception:
    """Name the extra that brings a missing package; a missing file of ours stays a bug."""
    if found.extra is None or (error.name or "gruvy").partition(".")[0] == "gruvy":
        return error
    return MissingExtraError(f"the format {found.name!r}", found.extra, error.name)
