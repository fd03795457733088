"""Pieces of words, by byte-pair encoding."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gruvy.language.alphabet import Alphabet

# A word with the space before it, a run of signs, or white space; put together they are the text again. Marks (m) and
# the joiners of Persian and Indic scripts belong to what they follow.
_WORD = re.compile(r" ?w[wm]*| ?[sm][sm]*| |\n")
_JOINERS = "\u200c\u200d"


@dataclass(frozen=True)
class Subwords:
    """Characters and the pieces that are merged from them (Sennrich et al. 2016); no piece is longer than a word.

    Args:
        characters: as of an `Alphabet`; they have the first numbers.
        merges: pairs of pieces that become one, the first of them first.

    Raises:
        ValueError: the characters are no alphabet, or a pair has a piece that is not there yet.

    Example:
        >>> subwords = Subwords("\\n abt", (("a", "t"), (" ", "at")))
        >>> [subwords.pieces[number] for number in subwords.encode("bat at")]
        ['b', 'at', ' at']
    """

    characters: str
    merges: tuple[tuple[str, str], ...]
    pieces: tuple[str, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        pieces = dict.fromkeys(Alphabet(self.characters).characters)
        for first, second in self.merges:
            if first not in pieces or second not in pieces:
                raise ValueError(f"the pair {first!r}, {second!r} is merged before its pieces are there")
            pieces[first + second] = None
        object.__setattr__(self, "pieces", tuple(pieces))

    def __len__(self) -> int:
        return len(self.pieces)

    @property
    def start(self) -> int:
        """The number of what is read before a text begins."""
        return Alphabet(self.characters).start

    def encode(self, text: str, what: str = "the text") -> NDArray[np.int64]:
        """Return the numbers of a text's pieces (T,).

        Raises:
            DataError: it has characters that are not in the alphabet; all are named with their counts.
        """
        Alphabet(self.characters).encode(text, what)
        known: dict[str, list[int]] = {}
        numbers: list[int] = []
        for word in words_of(text):
            if word not in known:
                known[word] = [self._numbers[piece] for piece in self._merged(word)]
            numbers += known[word]
        return np.array(numbers, np.int64)

    def document(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        return {"characters": self.characters, "merges": [list(pair) for pair in self.merges]}

    @classmethod
    def of_document(cls, document: Mapping[str, Any]) -> Subwords:
        """Put together what `document` returned."""
        return cls(document["characters"], tuple((first, second) for first, second in document["merges"]))

    def _merged(self, word: str) -> list[str]:
        parts = list(word)
        while len(parts) > 1:
            rank, at = min((self._ranks.get(pair, len(self._ranks)), at) for at, pair in enumerate(pairwise(parts)))
            if rank == len(self._ranks):
                break
            parts[at : at + 2] = ["".join(parts[at : at + 2])]
        return parts

    @cached_property
    def _ranks(self) -> dict[tuple[str, str], int]:
        return {pair: rank for rank, pair in enumerate(self.merges)}

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {piece: number for number, piece in enumerate(self.pieces)}


def words_of(text: str) -> list[str]:
    """Cut a text into what pieces do not reach across.

    Example:
        >>> words_of("यह फिल्म, yes")
        ['यह', ' फिल्म', ',', ' yes']
    """
    kinds = text.translate({ord(one): _kind(one) for one in set(text)})
    return [text[slice(*found.span())] for found in _WORD.finditer(kinds)]


def _kind(character: str) -> str:
    """A letter or digit (w), a mark (m), a space, other white space, or a sign (s)."""
    if character.isspace():
        return " " if character == " " else "\n"
    if character in _JOINERS or unicodedata.category(character).startswith("M"):
        return "m"
    return "w" if character.isalnum() or character == "_" else "s"


def read_pieces(document: Any) -> Alphabet | Subwords:
    """Return what a file says of the pieces of its texts: a string of characters, or a `Subwords` document."""
    return Alphabet(document) if isinstance(document, str) else Subwords.of_document(document)
