"""Makes austen.txt.xz from Debian's package r-cran-janeaustenr 1.0.0-1; austen.json has the hash to compare with.

apt-get download r-cran-janeaustenr=1.0.0-1
dpkg-deb --extract r-cran-janeaustenr_1.0.0-1_all.deb janeaustenr
python -m gruvy.datasets.make_austen janeaustenr/usr/lib/R/site-library/janeaustenr/data/Rdata.rdb austen.txt.xz
"""

from __future__ import annotations

import hashlib
import lzma
import struct
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

from gruvy.datasets.austen import SEPARATOR, TITLES

SOURCE_SHA256 = "8fb5198960d0da724b1562f96e4221e5c1b41ff455000280b02c55980c3d8f21"

# Types of R's serialization format (R Internals, section 1.8): a vector of strings, and a string.
_STRINGS, _STRING = 16, 9


def main() -> None:
    """Read the source file named first, write the file named second, print the content's hash."""
    source, target = Path(sys.argv[1]), Path(sys.argv[2])
    raw = source.read_bytes()
    found = hashlib.sha256(raw).hexdigest()
    if found != SOURCE_SHA256:
        raise SystemExit(f"{source} has sha256 {found}, expected {SOURCE_SHA256}: use version 1.0.0-1")
    content = derive(raw).encode("utf-8")
    target.write_bytes(lzma.compress(content, preset=9 | lzma.PRESET_EXTREME))
    print(f"{target}: content sha256 {hashlib.sha256(content).hexdigest()}")


def derive(database: bytes) -> str:
    """Turn R's lazy-load database into one text: each novel's lines with line breaks, in the order of publication."""
    novels = {}
    for lines in string_vectors(database):
        title = next(title for title in TITLES if title.upper() == lines[0].upper())
        novels[title] = "\n".join(lines)
    return SEPARATOR.join(novels[title] for title in TITLES)


def string_vectors(database: bytes) -> Iterator[list[str]]:
    """Yield the vectors of strings in a lazy-load database: blocks of zlib, each behind four bytes of its length."""
    while database:
        unpacker = zlib.decompressobj()
        value = unpacker.decompress(database[4:])
        database = unpacker.unused_data
        if (strings := _strings(value)) is not None:
            yield strings


def _strings(value: bytes) -> list[str] | None:
    """Read one serialized R object, if it is a vector of strings: big-endian integers, lengths before bytes."""
    version = struct.unpack_from(">i", value, 2)[0]
    at = 14
    if version == 3:  # the native encoding is named, after the two versions of R
        at += 4 + struct.unpack_from(">i", value, at)[0]
    flags, count = struct.unpack_from(">ii", value, at)
    if flags & 0xFF != _STRINGS:
        return None
    at += 8
    strings = []
    for _ in range(count):
        flags, length = struct.unpack_from(">ii", value, at)
        if flags & 0xFF != _STRING:
            raise ValueError(f"expected a string at byte {at}, got type {flags & 0xFF}")
        strings.append(value[at + 8 : at + 8 + length].decode("utf-8"))
        at += 8 + length
    return strings


if __name__ == "__main__":
    main()
