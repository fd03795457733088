"""Texts from files."""

from __future__ import annotations

import os
from pathlib import Path

from gruvy.errors import DataError


def read_text(path: str | os.PathLike[str]) -> str:
    """Read a text file in UTF-8; line ends of any system become line breaks.

    Args:
        path: any file of text.

    Returns:
        The text, without a byte order mark.

    Raises:
        DataError: the file is missing, empty, a folder, or no text in UTF-8.

    Example:
        >>> from gruvy.data import read_text
        >>> text = read_text("novel.txt")  # doctest: +SKIP
    """
    path = Path(path)
    if not path.exists():
        raise DataError(f"{path}: no such file; check the path")
    if path.is_dir():
        raise DataError(f"{path}: expected a text file, got a folder; give the file inside it")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path}: is no text in UTF-8 (byte {error.object[error.start]:#04x} at {error.start}); convert it"
        ) from error
    if not text:
        raise DataError(f"{path}: the file is empty; expected text")
    return text
