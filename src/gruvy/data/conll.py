"""Words and their labels from CoNLL files: a word a line with its label, sentences between blank lines."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from gruvy.data.texts import read_text
from gruvy.errors import ArgumentError, DataError

CONLL = (".conll", ".conllu", ".conll2003", ".bio", ".bio2", ".iob", ".iob2", ".iobes", ".bioes", ".bilou")
# In CoNLL-U the columns are fixed: the word is the second, its part of speech the fourth.
_CONLLU = (2, 4)
_DOCUMENT = "-DOCSTART-"


class Sentence(NamedTuple):
    """One sentence of a CoNLL file.

    Attributes:
        words: T of them.
        labels: one for each; empty where the file has none.
    """

    words: list[str]
    labels: list[str]


class _Line(NamedTuple):
    number: int
    fields: list[str]
    text: str


def is_conll(path: str | os.PathLike[str]) -> bool:
    """Whether a file is one by its name."""
    return Path(path).name.lower().endswith(CONLL)


def read_conll(
    path: str | os.PathLike[str], columns: tuple[int, int] | None = None, *, labelled: bool = True
) -> list[Sentence]:
    """Read a CoNLL file.

    Columns are parted by tabs, or else by spaces. Comments and -DOCSTART- lines are left out; of CoNLL-U, whose
    columns are fixed, so are words that stand for several others (1-2) and empty ones (1.1).

    Args:
        path: a text file in UTF-8.
        columns: the numbers of the columns of words and labels, from 1; -1 is the last. By default the first and the
            last, of CoNLL-U the second and the fourth.
        labelled: whether labels are wanted; a file without them has one column.

    Returns:
        The sentences that have a word.

    Raises:
        ArgumentError: there is no such column.
        DataError: the file cannot be read, has no words, or lines with different numbers of columns.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp(), "a.conll")
        >>> _ = path.write_text("Ada B-PER\\nsang O\\n")
        >>> read_conll(path)
        [Sentence(words=['Ada', 'sang'], labels=['B-PER', 'O'])]
    """
    path = Path(path)
    lines = _lines(read_text(path))
    counts = Counter(len(line.fields) for line in lines if not line.text.startswith("#"))
    counts.pop(0, None)
    if not counts:
        raise DataError(f"{path}: has no words; expected a word and its label in each line")
    width = counts.most_common(1)[0][0]
    treebank = width == 10 and all(line.fields[0][0].isdigit() for line in lines if len(line.fields) == width)
    word, label = columns or (_CONLLU if treebank else (1, -1))
    for name, number in (("words", word), ("labels", label)):
        if not -width <= number <= width or number == 0:
            raise ArgumentError(f"{path}: column {number} of the {name}: expected 1 to {width}, or -1 for the last")
    if labelled and width == 1:
        raise DataError(f"{path}: has one column, of words; expected their labels in a second one")
    labels = labelled and width > 1
    known = {line.fields[_place(label)] for line in lines if len(line.fields) == width and line.text[0] != "#"}
    found, sentence = [], Sentence([], [])
    for line in [*lines, _Line(0, [], "")]:
        if not line.fields or line.fields[0].startswith(_DOCUMENT):
            if sentence.words:
                found.append(sentence)
            sentence = Sentence([], [])
        elif _is_comment(line, width, label, known) or (treebank and not line.fields[0].isdigit()):
            continue
        elif len(line.fields) != width:
            raise DataError(
                f"{path}: line {line.number}: expected {width} columns, as in most lines, got {len(line.fields)} in "
                f"{line.text[:40]!r}; part all of them by tabs, or all by spaces"
            )
        else:
            sentence.words.append(line.fields[_place(word)])
            if labels:
                sentence.labels.append(line.fields[_place(label)])
    return found


def _lines(text: str) -> list[_Line]:
    """The lines and their fields: parted by tabs, if most lines have one, or else by white space."""
    # Only a line break ends a line: `splitlines` would cut at U+2028 and others too, which words can have.
    lines = [line.strip(" ") for line in text.split("\n")]
    full = [line for line in lines if line.strip() and not line.startswith(("#", _DOCUMENT))]
    tabs = 2 * sum("\t" in line for line in full) > len(full)
    return [_Line(number, _fields(line, tabs), line) for number, line in enumerate(lines, 1)]


def _fields(line: str, tabs: bool) -> list[str]:
    if not line.strip():
        return []
    return [field.strip(" ") for field in line.rstrip("\t").split("\t")] if tabs else line.split()


def _place(number: int) -> int:
    return number - 1 if number > 0 else number


def _is_comment(line: _Line, width: int, label: int, known: set[str]) -> bool:
    """A line that begins with # is a comment, unless it has a word's columns and a label that others have too."""
    if not line.text.startswith("#"):
        return False
    return len(line.fields) != width or (width > 1 and line.fields[_place(label)] not in known)
