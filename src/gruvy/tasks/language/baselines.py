"""What a language model has to beat: n-grams that learnt from the same text, and compressors."""

from __future__ import annotations

import bz2
import lzma
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gruvy.language import Alphabet

Numbers = NDArray[np.int64]

# No text of a size that is trained here gains from a longer one.
_LONGEST = 12
_XZ = 9 | lzma.PRESET_EXTREME


def compressors(text: str) -> list[dict[str, Any]]:
    """Bits per character of bzip2 and xz at their strongest, which see the text alone, and learn from it as they go."""
    data = text.encode()
    sizes = {"bzip2": len(bz2.compress(data, 9)), "xz": len(lzma.compress(data, preset=_XZ))}
    return [score_row(name, 8 * size / len(text), text) for name, size in sizes.items()]


def xz_after(training: str, text: str) -> dict[str, Any]:
    """Bits per character that a text adds to the training text when xz packs both together."""
    before, both = training.encode(), (training + text).encode()
    added = len(lzma.compress(both, preset=_XZ)) - len(lzma.compress(before, preset=_XZ))
    return score_row("xz after the training text", 8 * added / len(text), text)


def ngram(training: str, validation: str, text: str, alphabet: Alphabet) -> list[dict[str, Any]]:
    """Bits per character of the letters' frequencies, and of the n-gram model that is best on the validation text."""
    known, judged, measured = (alphabet.encode(part) for part in (training, validation, text))
    best, order = np.inf, 0
    for number, shares in enumerate(ngram_shares(known, judged, alphabet), 1):
        bits = _mean_bits(shares)
        if bits >= best:
            break
        best, order = bits, number
    rows = []
    for number, shares in enumerate(ngram_shares(known, measured, alphabet), 1):
        if number in (1, order):
            name = "letter frequencies" if number == 1 else f"{number}-gram"
            rows.append(score_row(name, _mean_bits(shares), text))
        if number == order:
            break
    return rows[::-1]


def ngram_shares(training: Numbers, text: Numbers, alphabet: Alphabet) -> Iterator[NDArray[np.float64]]:
    """Yield for n = 1, 2 ... the probability of each character of a text (T,) after the n - 1 before it.

    Interpolated as by Witten and Bell (1991): with c(h) the times that a context h came in the training text and d(h)
    the different characters that followed it::

        p(x | h) = (c(h x) + d(h) p(x | h')) / (c(h) + d(h))

    h' is h without its first character, and below the empty context all characters are alike. At the beginning of
    either text the context is line breaks.
    """
    parts = [np.concatenate([np.full(_LONGEST, alphabet.start), part]) for part in (training, text)]
    characters = np.concatenate(parts)
    learnt = np.zeros(len(characters), bool)
    learnt[_LONGEST : len(parts[0])] = True
    asked = slice(len(parts[0]) + _LONGEST, None)
    shares = np.full(len(text), 1 / len(alphabet))
    # What came before each place, as a number: texts of one length that are alike have the same one.
    context = np.zeros_like(characters)
    for _ in range(_LONGEST):
        grams, gram = np.unique(context * len(alphabet) + characters, return_inverse=True)
        gram_count = np.bincount(gram[learnt], minlength=len(grams))
        context_count = np.bincount(context[learnt], minlength=context.max() + 1)
        different = np.bincount(grams[gram_count > 0] // len(alphabet), minlength=context.max() + 1)
        count, followers = context_count[context[asked]], different[context[asked]]
        seen = count > 0
        shares[seen] = (gram_count[gram[asked]] + followers * shares)[seen] / (count + followers)[seen]
        yield shares.copy()
        context = np.concatenate([[0], gram[:-1]])


def score_row(name: str, bits: float, text: str) -> dict[str, Any]:
    """One row of a table of scores."""
    return {"name": name, "bits_per_character": float(bits), "characters": len(text)}


def _mean_bits(shares: NDArray[np.float64]) -> float:
    return float(-np.log2(shares).mean())
