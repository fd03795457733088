"""A `LanguageModel` as the beam search asks it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.special import log_softmax

from gruvy.errors import ArgumentError
from gruvy.language import Alphabet, Characters
from gruvy.language.alphabet import START
from gruvy.tasks.shared.estimator import Estimator
from gruvy.tasks.transcription.decoding import CharacterModel


def character_model(model: Any, alphabet: str) -> CharacterModel:
    """Return what the search asks of a language model.

    Args:
        model: a fitted `LanguageModel`, or `gruvy.language.Characters`, or a `CharacterModel` already.
        alphabet: the characters that the search can write.

    Raises:
        ArgumentError: it is none of them, or knows fewer characters than the search can write.
    """
    if isinstance(model, Estimator) and model.TASK == "language":
        model = model.characters
    if not isinstance(model, Characters):
        if hasattr(model, "begin") and hasattr(model, "step"):
            found: CharacterModel = model
            return found
        raise ArgumentError(f"language_model: expected a fitted LanguageModel, got {type(model).__name__}")
    if not isinstance(model.alphabet, Alphabet):
        raise ArgumentError("language_model: expected one of characters, got one of sub-words; fit it without tokens=")
    unknown = sorted(set(alphabet) - set(model.alphabet.characters))
    if unknown:
        raise ArgumentError(
            f"language_model: it has never seen {', '.join(map(repr, unknown[:10]))}, which the Transcriber can write; "
            "train it on texts of the same alphabet"
        )
    return _Lines(model)


class _Lines:
    """Each text is a line, as in the fit of a `LanguageModel` on a list of texts."""

    def __init__(self, model: Characters):
        self._network = model.network
        self._characters = model.alphabet.pieces

    def begin(self) -> tuple[Any, Mapping[str, float]]:
        return self.step(None, START)

    def step(self, state: Any, character: str) -> tuple[Any, Mapping[str, float]]:
        logits, state = self._network.run(np.array([[self._characters.index(character)]]), state)
        return state, dict(zip(self._characters, log_softmax(logits[0, 0].astype(float)).tolist(), strict=True))
