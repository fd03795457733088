"""What a file is by its name, and its bytes, unpacked."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile
from collections.abc import Callable, Collection
from pathlib import Path

from gruvy.errors import DataError

_PACKED: dict[str, Callable[[bytes], bytes]] = {".gz": gzip.decompress, ".bz2": bz2.decompress, ".xz": lzma.decompress}
# The ending of a file of delimited text -> its usual delimiter.
TEXTS = {".csv": ",", ".tsv": "\t", ".tab": "\t", ".txt": "\t", ".dat": "\t"}


def kind_of(path: Path, known: Collection[str]) -> str | None:
    """The suffix, one of those known, that says what a file is, without that of its compression."""
    name = path.name.lower()
    packed = next((end for end in (*_PACKED, ".zip") if name.endswith(end)), "")
    kind = Path(name.removesuffix(packed)).suffix
    if packed == ".zip" and not kind:
        kind = ".csv"
    return kind if kind in known and (not packed or kind in (*TEXTS, ".jsonl", ".ndjson", ".json")) else None


def content_of(path: Path) -> bytes:
    """The bytes of a file, unpacked where its name says that it is packed.

    Raises:
        DataError: an archive of several files, or of none.
    """
    data = path.read_bytes()
    end = path.suffix.lower()
    if end in _PACKED:
        return _PACKED[end](data)
    if end == ".zip":
        with zipfile.ZipFile(io.BytesIO(data)) as file:
            names = [one for one in file.namelist() if not one.endswith("/") and not one.startswith("__MACOSX")]
            if len(names) != 1:
                raise DataError(f"{path}: expected one file in it, got {', '.join(names) or 'none'}; unpack it")
            return file.read(names[0])
    return data
