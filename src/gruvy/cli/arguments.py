"""Arguments that several commands read in the same way."""

from __future__ import annotations

import os
from collections.abc import Hashable, Iterable, Sequence
from pathlib import Path

from gruvy.errors import ArgumentError, DataError, FileFormatError


def names(values: Sequence[str] | None, columns: Iterable[Hashable] = ()) -> list[str]:
    """Return column names given as ``a,b``, by repeating the option, or both.

    A name of one of the ``columns`` that has commas in it is that name.
    """
    known = set(map(str, columns))
    found = []
    for value in values or ():
        parts = value.split(",")
        while parts:
            ends = (end for end in range(len(parts), 0, -1) if ",".join(parts[:end]).strip() in known)
            end = next(ends, 1)
            found.append(",".join(parts[:end]).strip())
            parts = parts[end:]
    return [name for name in found if name]


def spellings(values: Sequence[str] | None) -> list[str]:
    """Return all that `names` can make of values, for a reader of tables that is to look for them."""
    found = dict.fromkeys(values or ())
    for value in values or ():
        parts = value.split(",")
        runs = ((start, end) for start in range(len(parts)) for end in range(start + 1, len(parts) + 1))
        found |= dict.fromkeys(",".join(parts[start:end]).strip() for start, end in runs)
    return [name for name in found if name]


def levels(text: str | None) -> list[float] | None:
    """Return quantile levels given as ``0.1,0.9``."""
    if text is None:
        return None
    try:
        return [float(level) for level in text.split(",")]
    except ValueError as error:
        raise ArgumentError(f"--quantiles: expected numbers between 0 and 1 like 0.1,0.9, got {text!r}") from error


def bounds(values: Sequence[str] | None, option: str) -> float | dict[str, float] | None:
    """Return a bound given as ``0``, or those of targets given as ``load=0,wind=1`` or by repeating the option."""
    found: dict[str, float] = {}
    rest = ",".join(values or ())
    try:
        if rest and "=" not in rest:
            return float(rest)
        while rest:
            name, _, rest = rest.partition("=")
            value, _, rest = rest.partition(",")
            found[name.strip()] = float(value)
    except ValueError as error:
        raise ArgumentError(
            f"{option}: expected a number, or targets and theirs as load=0,wind=1, got {', '.join(values or ())!r}"
        ) from error
    return found or None


def check_model(path: Path) -> None:
    """Say at once that there is no such model, before anything that reads one is imported."""
    if not path.exists():
        raise FileFormatError(f"{path}: no such file; check the path")


def check_data(path: Path) -> None:
    """Say at once that there are no such data; a path may name a folder too."""
    if not path.exists():
        raise DataError(f"{path}: no such file; check the path")


def check_file(path: Path) -> None:
    """The same of what is named as a file is; the name of an environment is none."""
    if path.suffix and ":" not in path.name:
        check_data(path)


def check_target(path: Path | None, option: str) -> None:
    """Fail before the work, not after it, where a result could not be written."""
    if path is None:
        return
    if path.is_dir():
        raise ArgumentError(f"{option}: {path} is a folder; name a file in it")
    folder = path.absolute().parent
    if not folder.is_dir():
        raise ArgumentError(f"{option}: the folder {path.parent} does not exist; make it first")
    if not os.access(folder, os.W_OK):
        raise ArgumentError(f"{option}: the folder {path.parent} cannot be written to; name another one")
