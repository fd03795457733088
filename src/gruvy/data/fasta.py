"""Sequences of residues or nucleotides from FASTA files, with or without labels."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import NamedTuple

from gruvy.errors import DataError

FASTA = (".fasta", ".fa", ".faa", ".fna", ".3line")
# Letters, a gap, a stop: what the format allows.
_NOT_ALLOWED = re.compile(r"[^A-Za-z*-]")


class Record(NamedTuple):
    """One entry of a FASTA file.

    Attributes:
        name: the first word of its header.
        sequence: its characters.
        labels: one for each character; "" if the file has none.
    """

    name: str
    sequence: str
    labels: str = ""


def is_fasta(path: str | os.PathLike[str]) -> bool:
    """Whether a file is one by its name."""
    return Path(path).name.lower().endswith(FASTA)


def read_fasta(
    path: str | os.PathLike[str],
    labels: str | os.PathLike[str] | None = None,
    *,
    known: Collection[str] | None = None,
) -> list[Record]:
    """Read a FASTA file, or two of them, of which the second has the labels.

    A file of which every entry has two lines of the same length under its header is a 3-line FASTA: the second line is
    the labels of the first.

    Args:
        path: the file of the sequences.
        labels: a file with the same names, and a label for each character of their sequences.
        known: all labels there can be, if that is known: a second line with another character then belongs to the
            sequence, which has been cut in the middle, except in files whose name ends in .3line.

    Returns:
        The entries in the order of the file.

    Raises:
        DataError: a file is missing, empty or no FASTA; a name comes twice; a character is no letter; labels do not
            fit.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp(), "a.fasta")
        >>> _ = path.write_text(">one first\\nMKVL\\nCEEC\\n")
        >>> read_fasta(path)
        [Record(name='one', sequence='MKVL', labels='CEEC')]
    """
    path = Path(path)
    entries = list(_entries(path))
    if not entries:
        raise DataError(f"{path}: the file is empty; expected a line '>name' and the sequence below it")
    seen: set[str] = set()
    for number, name, lines in entries:
        if name in seen:
            raise DataError(f"{path}: line {number}: the name {name!r} comes twice; give each sequence its own")
        seen.add(name)
        if not lines:
            raise DataError(f"{path}: line {number}: {name!r} has no sequence; leave it out")
    three = labels is None and all(len(lines) == 2 and len(lines[0]) == len(lines[1]) for _, _, lines in entries)
    if three and known is not None and path.suffix.lower() != ".3line":
        three = all(set(lines[1]) <= set(known) for _, _, lines in entries)
    records = [
        Record(name, lines[0], lines[1]) if three else Record(name, "".join(lines)) for _, name, lines in entries
    ]
    for (number, _, _), record in zip(entries, records, strict=True):
        wrong = _NOT_ALLOWED.search(record.sequence)
        if wrong:
            raise DataError(
                f"{path}: line {number}: {record.name!r} has {wrong.group()!r} at position {wrong.start() + 1}; "
                "expected letters, '*' or '-'"
            )
    return records if labels is None else _join(records, path, Path(labels))


def _join(records: list[Record], path: Path, path_of_labels: Path) -> list[Record]:
    """Records with the labels of another file."""
    labels = {name: "".join(lines) for _, name, lines in _entries(path_of_labels)}
    if not labels:
        raise DataError(f"{path_of_labels}: the file is empty; expected a line '>name' and the labels below it")
    missing = [record.name for record in records if record.name not in labels]
    if missing:
        raise DataError(
            f"{path_of_labels}: no labels of {missing[0]!r} ({len(missing)} of {len(records)} sequences of {path} have "
            "none); give both files the same names"
        )
    joined = [Record(record.name, record.sequence, labels[record.name]) for record in records]
    uneven = [one for one in joined if len(one.labels) != len(one.sequence)]
    if uneven:
        raise DataError(
            f"{path_of_labels}: {uneven[0].name!r} has {len(uneven[0].labels)} labels for {len(uneven[0].sequence)} "
            f"characters ({len(uneven)} of {len(records)} sequences do not fit); give each character one label"
        )
    return joined


def _entries(path: Path) -> Iterator[tuple[int, str, list[str]]]:
    """The line number of each header, its name, and the lines below it."""
    if not path.exists():
        raise DataError(f"{path}: no such file; check the path")
    if path.is_dir():
        raise DataError(f"{path}: expected a FASTA file, got a folder; give the file inside it")
    try:
        text = path.read_text(encoding="utf-8")
    except (UnicodeDecodeError, OSError) as error:
        raise DataError(f"{path}: cannot be read as FASTA ({error}); export it again") from error
    header, name = 0, ""
    below: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        line = line.strip()
        if line.startswith(">"):
            if header:
                yield header, name, below
            words = line[1:].split()
            if not words:
                raise DataError(f"{path}: line {number}: expected a name after '>', got none")
            header, name, below = number, words[0], []
        elif line and not header:
            raise DataError(f"{path}: line {number}: expected '>name', got {line[:20]!r}; is it a FASTA file?")
        elif line:
            below.append(line)
    if header:
        yield header, name, below
