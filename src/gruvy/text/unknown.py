"""Characters that a model has never seen: one rule for all models of text."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from gruvy.errors import ArgumentError, DataError, note
from gruvy.text.forms import Aligned, aligned, canonical, visible

RULES = ("refuse", "replace", "skip")
_SHOWN = 5
# What stands for a sign that Unicode itself gives no plainer form.
_PLAINER = {
    **dict.fromkeys("‘’‚‛ʼ′`´", "'"),
    **dict.fromkeys("“”„‟″«»", '"'),
    **dict.fromkeys("‐‑‒–—―−", "-"),
    **dict.fromkeys("…", "..."),
}


def check_rule(rule: Any) -> None:
    """Refuse what is no rule.

    Raises:
        ArgumentError: it is neither None nor one of `RULES`.
    """
    if rule is not None and rule not in RULES:
        raise ArgumentError(f"unknown: expected one of {', '.join(RULES)}, or None, got {rule!r}")


@dataclass
class Unknown:
    """Finds the characters of texts that a model has never seen, and what becomes of them.

    Args:
        known: the characters that it has seen.
        rule: "refuse" them; "replace" them, by what the model has for unknown ones or else by what looks like them; or
            "skip" them, as if they were not there. None is the rule of this kind of model: ``usual``.
        usual: "refuse" where each character is a step that has to be one of those of the fit, "replace" where the model
            has learnt what to make of an unknown one.
        stands: whether the model has such a thing; otherwise what is replaced becomes a known character.

    Example:
        >>> unknown = Unknown("abc' ", "refuse")
        >>> unknown.read("ab€", "the text")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        gruvy.errors.DataError: the text: expected the 5 characters that the model was trained on, got '€' (1x); ...
    """

    known: Collection[str]
    rule: str | None
    usual: str = "refuse"
    stands: bool = True
    _found: Counter[str] = field(default_factory=Counter, repr=False)
    _texts: set[int] = field(default_factory=set, repr=False)
    _first: tuple[int, int] = field(default=(0, 0), repr=False)

    def __post_init__(self) -> None:
        check_rule(self.rule)

    @property
    def chosen(self) -> str:
        """The rule that holds."""
        return self.rule or self.usual

    def read(self, text: str, name: str) -> Aligned:
        """Return one text as the model can read it, in NFC.

        Raises:
            DataError: it has unknown characters, and the rule is to refuse them.
        """
        whole = canonical(text)
        self._count(0, whole)
        self.tell(name, 1)
        if whole == text and not self._found and all(character in self.known for character in set(text)):
            return aligned(text, str)
        return aligned(text, lambda cluster: "".join(map(self._read_as, canonical(cluster))))

    def read_all(self, texts: Sequence[str], name: str) -> list[str]:
        """Return texts, already in one form, as the model can read them.

        Raises:
            DataError: they have unknown characters, and the rule is to refuse them.
        """
        for number, text in enumerate(texts):
            self._count(number, text)
        self.tell(name, len(texts))
        if self.chosen == "skip" or not self.stands:
            return ["".join(map(self._read_as, text)) for text in texts]
        return list(texts)

    def tell(self, name: str, texts: int) -> None:
        """Say or raise what was found.

        Raises:
            DataError: the rule is to refuse it.
        """
        if not self._found:
            return
        shown = ", ".join(f"{character!r} ({count}x)" for character, count in self._found.most_common(_SHOWN))
        if len(self._found) > _SHOWN:
            shown += f" and {len(self._found) - _SHOWN} others"
        if texts > 1:
            shown += f" in {len(self._texts)} of {texts} texts, the first in number {self._first[0]} at character "
            shown += f"{self._first[1] + 1}"
        said = f"{name}: expected the {len(self.known)} characters that the model was trained on, got {shown}"
        if self.chosen == "refuse":
            raise DataError(
                f"{said}; change them, train with texts that have them, or go on with others in their place by "
                "--unknown replace (unknown='replace' in Python), or without them by --unknown skip"
            )
        note(f"{said}; {self._fate()}")

    def _fate(self) -> str:
        if self.chosen == "skip":
            return "left out"
        if self.stands:
            return "read as unknown"
        return "read as " + ", ".join(repr(self._read_as(one)) for one, _ in self._found.most_common(_SHOWN))

    def _count(self, number: int, text: str) -> None:
        strange = {one for one in set(text) if one not in self.known and self._plain(one) is None}
        if not strange:
            return
        if not self._found:
            self._first = number, next(place for place, one in enumerate(text) if one in strange)
        self._found.update(one for one in text if one in strange)
        self._texts.add(number)

    def _plain(self, character: str) -> str | None:
        """The same character as the model knows it, decomposed, or nothing where it shows nothing; None if unknown."""
        if not visible(character):
            return ""
        apart = unicodedata.normalize("NFD", character)
        return apart if all(one in self.known for one in apart) else None

    def _read_as(self, character: str) -> str:
        if character in self.known:
            return character
        plain = self._plain(character)
        if plain is not None:
            return plain
        if self.chosen == "skip":
            return ""
        return character if self.stands else self._alike(character)

    def _alike(self, character: str) -> str:
        """The known character or characters that look most like it."""
        looks = [_PLAINER.get(character, ""), unicodedata.normalize("NFKC", character)]
        looks.append("".join(one for one in unicodedata.normalize("NFKD", character) if not unicodedata.combining(one)))
        looks += [other for look in looks for other in (look.lower(), look.upper())]
        looks += ["\ufffd", " "]
        return next((look for look in looks if look and all(one in self.known for one in look)), "")
