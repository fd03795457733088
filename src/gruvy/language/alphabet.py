"""The characters that a language model knows."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gruvy.errors import DataError

# Every text is read as if a line break stood before it, so that its first character can be predicted too.
START = "\n"


@dataclass(frozen=True)
class Alphabet:
    """Characters in the order of their code points; a character's number is its place among them.

    Args:
        characters: each once, increasing, the line break among them.

    Raises:
        ValueError: they are not.

    Example:
        >>> Alphabet.of("abba").encode("ab").tolist()
        [1, 2]
    """

    characters: str

    def __post_init__(self) -> None:
        if list(self.characters) != sorted({*self.characters, START}):
            raise ValueError("the alphabet does not have each character once, in order, and the line break")

    @classmethod
    def of(cls, text: str) -> Alphabet:
        """The alphabet of a text."""
        return cls("".join(sorted({*text, START})))

    def __len__(self) -> int:
        return len(self.characters)

    @property
    def pieces(self) -> tuple[str, ...]:
        """What the numbers stand for."""
        return tuple(self.characters)

    def document(self) -> str:
        """Return it as plain JSON."""
        return self.characters

    @property
    def start(self) -> int:
        """The number of what is read before a text begins."""
        return self.characters.index(START)

    def encode(self, text: str, what: str = "the text") -> NDArray[np.int64]:
        """Return the numbers of a text's characters (T,).

        Args:
            text: any text.
            what: how an error calls it.

        Raises:
            DataError: it has characters that are not in the alphabet; all are named with their counts.
        """
        known, codes = _code_points(self.characters), _code_points(text)
        numbers = np.searchsorted(known, codes).clip(max=len(known) - 1)
        unknown = Counter(chr(code) for code in codes[known[numbers] != codes])
        if unknown:
            shown = ", ".join(f"{character!r} ({count}x)" for character, count in unknown.most_common(5))
            more = f" and {len(unknown) - 5} others" if len(unknown) > 5 else ""
            raise DataError(
                f"{what}: expected the {len(self)} characters that the model was trained on, got {shown}{more}; "
                "replace them, or train with a text that has them"
            )
        return numbers.astype(np.int64)


def _code_points(text: str) -> NDArray[np.uint32]:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
