"""One form for texts that look the same."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gruvy.errors import note

_SURROGATE = re.compile("[\ud800-\udfff]")
# What shows nothing and changes no letter: byte order marks, zero-width spaces, soft hyphens, word joiners, marks of
# the direction of writing. Joiners (U+200C, U+200D) are none of them: Persian and Indic words and emoji need theirs.
_INVISIBLE = re.compile("[\ufeff\u200b\u00ad\u2060\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f]")
_REPLACEMENT = "\ufffd"


class Aligned(NamedTuple):
    """A text in another form, and which characters of the two belong together.

    Attributes:
        text: in the new form.
        before: (T,) for each character that was given, the number of its group.
        after: (T',) for each character of ``text``, the number of its group. A group can have no character in it.
    """

    text: str
    before: NDArray[np.int64]
    after: NDArray[np.int64]

    def spread(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Share out values of the text's characters (T',) among those that were given (T,); NaN where none is left."""
        if len(self.before) == len(self.after) and np.array_equal(self.before, self.after):
            return values
        count = 1 + max(self.before.max(initial=-1), self.after.max(initial=-1))
        sums = np.bincount(self.after, weights=values, minlength=count)
        sums[np.bincount(self.after, minlength=count) == 0] = np.nan
        shared: NDArray[np.float64] = (sums / np.bincount(self.before, minlength=count))[self.before]
        return shared

    @property
    def first(self) -> NDArray[np.int64]:
        """(T,) for each character that was given, the place in ``text`` of the first of its group."""
        found: NDArray[np.int64] = np.searchsorted(self.after, self.before)
        return found


def canonical(text: str) -> str:
    """Return a text in Unicode's form NFC, its line ends as line breaks, without byte order marks.

    Two halves of a character (surrogates) become the character; a half that stands alone, which no file can hold,
    becomes U+FFFD.

    Example:
        >>> canonical("e\\u0301te\\u0301\\r\\n")
        'été\\n'
    """
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if text.isascii():
        return text
    if _SURROGATE.search(text):
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return unicodedata.normalize("NFC", text.replace("\ufeff", ""))


def visible(text: str) -> str:
    """Return what a reader sees of a text: `canonical`, without what shows nothing, control characters as spaces.

    Example:
        >>> visible("co\\u00adoperate\\u200b")
        'cooperate'
    """
    text = _CONTROL.sub(" ", canonical(text))
    return text if text.isascii() else unicodedata.normalize("NFC", _INVISIBLE.sub("", text))


def canonical_texts(texts: Sequence[str], name: str, form: Callable[[str], str] = canonical) -> list[str]:
    """Return texts in a form, and say how many have halves of characters, for which U+FFFD stands then.

    Args:
        texts: any.
        name: how the note calls them.
        form: `canonical` or `visible`.
    """
    found = [form(text) for text in texts]
    broken = [row for row, text in enumerate(found) if text.count(_REPLACEMENT) > texts[row].count(_REPLACEMENT)]
    if broken:
        where = f"{len(broken)} of {len(texts)} texts, the first is number {broken[0]}" if len(texts) > 1 else "it"
        note(
            f"{name}: half a character (a lone surrogate) in {where}: read as {_REPLACEMENT}; read the file again, in "
            "its own encoding"
        )
    return found


def aligned(text: str, form: Callable[[str], str] = canonical) -> Aligned:
    """Return a text in a form, with what belongs to what.

    Args:
        text: any.
        form: what becomes of each letter with its marks; the text's form is theirs, one after the other.

    Example:
        >>> aligned("e\\u0301a")
        Aligned(text='éa', before=array([0, 0, 1]), after=array([0, 1]))
    """
    clusters = list(_clusters(text))
    known: dict[str, str] = {}
    for cluster in clusters:
        if cluster not in known:
            known[cluster] = form(cluster)
    found = [known[cluster] for cluster in clusters]
    groups = np.arange(len(clusters))
    before, after = (np.repeat(groups, [len(part) for part in parts]) for parts in (clusters, found))
    return Aligned("".join(found), before.astype(np.int64), after.astype(np.int64))


def _clusters(text: str) -> Iterator[str]:
    """Cut a text where `canonical` of the parts is that of the whole."""
    if text.isascii() and "\r" not in text:
        yield from text
        return
    cluster = ""
    for character in text:
        if cluster and not _belongs(cluster, character):
            yield cluster
            cluster = ""
        cluster += character
    if cluster:
        yield cluster


def _belongs(cluster: str, character: str) -> bool:
    if character < "\u0300":
        return cluster == "\r" and character == "\n"
    if unicodedata.combining(character):
        return True
    if "\udc00" <= character <= "\udfff":
        return "\ud800" <= cluster[-1] <= "\udbff"
    # A byte order mark goes with what it stands after; letters that a letter is composed with, as the parts of a
    # syllable in Korean, with it.
    return character == "\ufeff" or (
        canonical(cluster + character) != canonical(cluster) + character and canonical(character) == character
    )
