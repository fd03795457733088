"""Arguments that several commands read in the same way."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from gruvy.errors import ArgumentError


def names(values: Sequence[str] | None) -> list[str]:
    """Return column names given as ``a,b``, by repeating the option, or both."""
    return [name.strip() for value in values or () for name in value.split(",") if name.strip()]


def levels(text: str | None) -> list[float] | None:
    """Return quantile levels given as ``0.1,0.9``."""
    if text is None:
        return None
    try:
        return [float(level) for level in text.split(",")]
    except ValueError as error:
        raise ArgumentError(f"--quantiles: expected numbers between 0 and 1 like 0.1,0.9, got {text!r}") from error


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
