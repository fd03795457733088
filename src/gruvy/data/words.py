"""Where words begin and end, in all scripts (Unicode's Annex 29), by the regex library."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import cache

import regex

from gruvy.text import visible

# Scripts that are written without spaces between words, by the name that people know.
_SCRIPTS = {
    "Chinese characters": r"\p{Han}",
    "Japanese": r"\p{Hiragana}\p{Katakana}ー",
    "Thai": r"\p{Thai}",
    "Khmer": r"\p{Khmer}",
    "Lao": r"\p{Lao}",
    "Burmese": r"\p{Myanmar}",
}
_SPACELESS = "".join(_SCRIPTS.values())
_LETTER = rf"[[\p{{L}}\p{{N}}_]--[{_SPACELESS}]]"
# Marks belong to the letter before them, and so do the joiners of Persian and Indic scripts.
_WORD = rf"{_LETTER}(?:{_LETTER}|[\p{{M}}\u200c\u200d])*"
# A word keeps its apostrophes ("isn't"); every other character, as a reader counts them, stands by itself: a letter of
# a script without spaces with its vowel signs, an emoji with its joiners and skin tone.
_TOKEN = regex.compile(rf"{_WORD}(?:'{_WORD})*|(?!\s)\X", regex.V1)
_CHARACTER = regex.compile(r"\X")
_QUOTES = str.maketrans({**dict.fromkeys("‘’‛ʼ", "'"), **dict.fromkeys("“”„‟", '"')})


def words(text: str) -> list[str]:
    """Return the words and signs of a text, in lower case and in one spelling of letters and quotation marks.

    Example:
        >>> words("It isn’t “good”.")
        ['it', "isn't", '"', 'good', '"', '.']
        >>> words("यह फिल्म अच्छी है")
        ['यह', 'फिल्म', 'अच्छी', 'है']
        >>> words("好电影 👍🏽")
        ['好', '电', '影', '👍🏽']
    """
    found: list[str] = _TOKEN.findall(folded(text))
    return found


def characters(text: str) -> list[str]:
    """Return the characters of a text as a reader counts them: letters with their marks, whole emoji.

    Example:
        >>> characters("नमस्ते")
        ['न', 'म', 'स्ते']
    """
    text = visible(text)
    return list(text) if text.isascii() else _CHARACTER.findall(text)


@cache
def stands_alone(word: str) -> bool:
    """Whether one character is a word by itself: a letter of a script without spaces, or an emoji."""
    return not word.isascii() and regex.match(rf"[{_SPACELESS}\p{{Extended_Pictographic}}]", word) is not None


def folded(text: str) -> str:
    """Return a text in lower case, with letters of other widths and ligatures as plain ones, and plain quotes."""
    text = visible(text)
    if text.isascii():
        return text.lower()
    text = text.translate({ord(one): _plain_letters(one) for one in set(text) if not one.isascii()})
    # The lower case of "İ" is an i with a dot of its own, which no other text has.
    return visible(text.translate(_QUOTES).lower().replace("i̇", "i"))


def spaceless_scripts(texts: Sequence[str]) -> tuple[list[str], int]:
    """Return which scripts without spaces between words texts are written in, and how many of them."""
    having = [text for text in texts if not text.isascii() and _search(_SPACELESS, text)]
    return [name for name, letters in _SCRIPTS.items() if any(_search(letters, text) for text in having)], len(having)


@cache
def _plain_letters(character: str) -> str:
    """Full-width and half-width forms, ligatures and letters of another style as plain ones; others as they are."""
    tag = unicodedata.decomposition(character).partition(">")[0]
    if tag in ("<wide", "<narrow") or (tag.startswith("<") and unicodedata.category(character).startswith("L")):
        return unicodedata.normalize("NFKC", character)
    return character


def _search(letters: str, text: str) -> bool:
    return regex.search(f"[{letters}]", text) is not None
