"""From the network's probabilities to text: the likeliest class of each step, or a beam search."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from gruvy.errors import ArgumentError
from gruvy.tasks.shared.params import NUMBER, at_least, check_arguments, integer
from gruvy.tasks.transcription.network import BLANK

LogP = NDArray[np.floating[Any]]

# A character that is less likely than this at a step begins no new beam there.
_LEAST = math.log(1e-4)
_SEARCH = {"beam_width": integer(1), "language_weight": at_least(0), "length_bonus": NUMBER}


def check_beam(**search: Any) -> None:
    """Refuse a beam_width, language_weight or length_bonus that no search can use, all of them at once.

    Raises:
        ArgumentError: every argument with a wrong type or value.
    """
    check_arguments("the search", _SEARCH, search).raise_as(ArgumentError)


class CharacterModel(Protocol):
    """A language model as the beam search asks it: log p of every character that can follow a text.

    A line break ends a text. A state can be gone on from more than once.
    """

    def begin(self) -> tuple[Any, Mapping[str, float]]:
        """Return the state before a text, and log p of its first character."""
        ...

    def step(self, state: Any, character: str) -> tuple[Any, Mapping[str, float]]:
        """Return the state after one more character, and log p of the next."""
        ...


class Greedy:
    """The likeliest class of each step, repeats and blanks removed; steps may come in pieces.

    Spaces at both ends, and more than one between words, are left out.

    Args:
        alphabet: the characters in the order of their classes, after the blank.

    Example:
        >>> Greedy("ab").push(np.log([[0.1, 0.8, 0.1], [0.1, 0.8, 0.1], [0.8, 0.1, 0.1], [0.1, 0.8, 0.1]]))
        'aa'
    """

    def __init__(self, alphabet: str):
        self._alphabet = alphabet
        self._last = BLANK
        self._begun = self._space = False

    def push(self, log_p: LogP) -> str:
        """Return the text of more steps (J, characters + 1); a space comes with the character after it."""
        found = []
        for number in log_p.argmax(axis=1).tolist():
            if number not in (BLANK, self._last):
                character = self._alphabet[number - 1]
                if character == " ":
                    self._space = self._begun
                else:
                    found.append(" " + character if self._space else character)
                    self._begun, self._space = True, False
            self._last = number
        return "".join(found)


@dataclass
class _Beam:
    """A text, and log p of all alignments so far that spell it."""

    blank: float = -math.inf  # of those that end in a blank
    character: float = -math.inf  # of those that end in its last character
    bonus: float = 0.0  # what the language model and the length add

    @property
    def heard(self) -> float:
        return _logaddexp(self.blank, self.character)

    @property
    def score(self) -> float:
        return self.heard + self.bonus


def beam_search(
    log_p: LogP,
    alphabet: str,
    *,
    width: int,
    language_model: CharacterModel | None = None,
    language_weight: float = 0.5,
    length_bonus: float = 0.0,
) -> str:
    """Return the text with the highest score among those that a beam keeps (Graves 2012, Hannun et al. 2014).

    The score is ``log p_CTC(text | sound) + a log p_LM(text) + b len(text)``, where p_CTC adds up all alignments of the
    text, with more or fewer spaces between its words and at its ends, which are left out as `Greedy` does.

    Args:
        log_p: (J, characters + 1), the blank first.
        alphabet: the characters in the order of their classes, after the blank.
        width: texts that are kept after each step.
        language_model: p_LM; without one the score is log p_CTC alone.
        language_weight: a.
        length_bonus: b; it makes up for the language model's taste for short texts.

    Returns:
        The text.

    Example:
        >>> p = np.array([[0.6, 0.4], [0.6, 0.4]])  # "a" by three alignments, 0.64 in all; "" by one, 0.36
        >>> beam_search(np.log(p), "a", width=4), Greedy("a").push(np.log(p))
        ('a', '')
    """
    following = _Following(language_model, language_weight, length_bonus)
    beams = {"": _Beam(blank=0.0)}
    for step in log_p.tolist():
        likely = [(alphabet[number - 1], p) for number, p in enumerate(step) if number != BLANK and p > _LEAST]
        grown: dict[str, _Beam] = {}
        for text, beam in beams.items():
            heard, last = beam.heard, text[-1:]
            stays = grown.setdefault(text, _Beam(bonus=beam.bonus))
            stays.blank = _logaddexp(stays.blank, heard + step[BLANK])
            if last:
                stays.character = _logaddexp(stays.character, beam.character + step[alphabet.index(last) + 1])
            for character, p in likely:
                if character == " " and last == "":
                    stays.blank = _logaddexp(stays.blank, heard + p)
                    continue
                if character == " " and last == " ":
                    stays.character = _logaddexp(stays.character, beam.blank + p)
                    continue
                longer = grown.get(text + character)
                if longer is None:
                    longer = grown[text + character] = _Beam(bonus=beam.bonus + following.bonus(text, character))
                # The same character again is a new one only after a blank.
                longer.character = _logaddexp(longer.character, (beam.blank if character == last else heard) + p)
        beams = dict(sorted(grown.items(), key=lambda item: -item[1].score)[:width])
    ended: dict[str, _Beam] = {}
    for text, beam in beams.items():
        whole = text.rstrip()
        bonus = beam.bonus - (following.bonus(whole, " ") if text != whole else 0.0)
        end = ended.setdefault(whole, _Beam(bonus=bonus + following.end(whole)))
        end.blank = _logaddexp(end.blank, beam.heard)
    return max(ended, key=lambda text: ended[text].score)


class _Following:
    """What the language model and the length add to a score; asked once for each text that grows."""

    def __init__(self, model: CharacterModel | None, weight: float, length_bonus: float):
        self._model = model
        self._weight = weight
        self._length_bonus = length_bonus
        self._known = {} if model is None else {"": model.begin()}

    def bonus(self, text: str, character: str) -> float:
        """Of one more character."""
        return 0.0 if self._model is None else self._weight * self._after(text)[1][character] + self._length_bonus

    def end(self, text: str) -> float:
        """Of no more."""
        return 0.0 if self._model is None else self._weight * self._after(text)[1]["\n"]

    def _after(self, text: str) -> tuple[Any, Mapping[str, float]]:
        assert self._model is not None
        if text not in self._known:
            self._known[text] = self._model.step(self._after(text[:-1])[0], text[-1])
        return self._known[text]


def _logaddexp(a: float, b: float) -> float:
    """As `numpy.logaddexp`, on two floats a tenth of its time."""
    high, low = (a, b) if a > b else (b, a)
    return high if low == -math.inf else high + math.log1p(math.exp(low - high))
