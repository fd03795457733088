"""Transcripts as people write them, brought to what can be heard."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from typing import Any

from gruvy.errors import ArgumentError, MissingExtraError, note
from gruvy.tasks.shared.params import Rule

CASE, PUNCTUATION, NUMBERS = "case", "punctuation", "numbers"
KINDS = (CASE, PUNCTUATION, NUMBERS)
# A number with its decimals and thousands, and the ending of an English ordinal.
_NUMBER = re.compile(r"(?<![\w.,])\d+(?:[.,]\d+)*(?:(?:st|nd|rd|th)\b)?", re.IGNORECASE)
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")
# Signs that are part of a word ("don't", "so-called"); those between digits are part of a number.
_WITHIN = "'’-"


def _is_way(value: Any) -> bool:
    """Whether it is "none" or a list of `KINDS` with commas, "numbers" with a language or without."""
    parts = [part.partition(":")[0].strip() for part in value.split(",")] if isinstance(value, str) else [""]
    return value == "none" or set(parts) <= set(KINDS)


NORMALIZE = Rule(
    f"none, or some of {', '.join(KINDS)} with commas between them",
    _is_way,
    hint=lambda value: "; numbers in another language than English: numbers:de",
)


def normalized(texts: Sequence[str], how: str, *, alphabet: str = "", told: bool = False) -> list[str]:
    """Return transcripts as they are learnt from.

    Args:
        texts: one a recording.
        how: "none", or with commas between them: "case", which brings texts that have both cases to lower case;
            "punctuation", which leaves it out, except for apostrophes and hyphens in words; "numbers", which writes
            digits as words, in English or in the language of a code that num2words knows ("numbers:de").
        alphabet: the characters of the fit; then the case is theirs.
        told: whether to note what was done, and digits that are left.

    Raises:
        ArgumentError: a language that num2words does not know.
        MissingExtraError: numbers without num2words.
    """
    found = list(texts)
    said = []
    for part in () if how == "none" else [one.strip() for one in how.split(",")]:
        kind, _, language = part.partition(":")
        change = {CASE: _case(found, alphabet), PUNCTUATION: _unpunctuated, NUMBERS: _spoken(language or "en")}[kind]
        changed = [" ".join(change(text).split()) for text in found]
        count = sum(a != b for a, b in zip(found, changed, strict=True))
        if count:
            what = {CASE: "in lower case", PUNCTUATION: "without punctuation", NUMBERS: "with numbers as words"}[kind]
            said.append(f"{count} of {len(found)} {what}")
        found = changed
    if told and said:
        note(f"the transcripts are learnt from normalised: {', '.join(said)} (normalize: {how}; none keeps them)")
    left = [number for number, text in enumerate(found) if any(one.isdigit() for one in text)]
    if told and left:
        more = NUMBERS if how == "none" else f"{how},{NUMBERS}"
        note(
            f"{len(left)} of {len(found)} transcripts have digits, the first is number {left[0]}: each digit is learnt "
            f"as one character, whatever is said for it; with {more} for normalize they are written as words"
        )
    return found


def _case(texts: Sequence[str], alphabet: str) -> Callable[[str], str]:
    """Lower case for texts of both cases, that of the alphabet for one that has a single one, or none."""
    of_fit = alphabet or "".join(texts)
    upper, lower = (any(test(one) for one in of_fit) for test in (str.isupper, str.islower))
    if alphabet and upper != lower:
        return str.upper if upper else str.lower
    return str.lower if upper and lower and not alphabet else str


def _unpunctuated(text: str) -> str:
    def kept(place: int) -> bool:
        before, one, after = text[place - 1 : place], text[place], text[place + 1 : place + 2]
        if not unicodedata.category(one).startswith("P"):
            return True
        return (one in _WITHIN and before.isalnum() and after.isalnum()) or (before.isdigit() and after.isdigit())

    return "".join(one if kept(place) else " " for place, one in enumerate(text))


def _spoken(language: str) -> Callable[[str], str]:
    def words(found: re.Match[str]) -> str:
        number = found.group()
        digits = number.rstrip("stndrhSTNDRH")
        ordinal = digits != number
        if _THOUSANDS.fullmatch(digits):
            digits = digits.replace(",", "")
        if not re.fullmatch(r"\d+(?:\.\d+)?", digits):
            return number
        value = float(digits) if "." in digits else int(digits)
        try:
            spoken: str = _num2words()(value, lang=language, to="ordinal" if ordinal else "cardinal")
        except NotImplementedError as error:
            raise ArgumentError(
                f"normalize: numbers:{language}: num2words does not know this language; take its code, as en or de"
            ) from error
        return spoken.replace("-", " ").replace(",", "")

    return lambda text: _NUMBER.sub(words, text)


def _num2words() -> Callable[..., str]:
    try:
        from num2words import num2words
    except ModuleNotFoundError as error:
        raise MissingExtraError("normalize='numbers'", "speech", error.name) from error
    found: Callable[..., str] = num2words
    return found
