"""The taggers that a network has to beat."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from torch import nn

from gruvy.data.words import folded
from gruvy.tasks.tagging.network import WindowNetwork
from gruvy.tasks.tagging.tagger import SequenceTagger

# A linear model needs few passes, at a high rate.
_TRAINING = {"max_epochs": 5, "patience": 2, "batch_size": 32, "learning_rate": 0.01}


class WindowTagger(SequenceTagger):
    """A logistic regression on the steps around each one, trained as the `SequenceTagger` is, on the same sequences.

    On residues this is what GOR does (Garnier et al. 1978), with weights that are fitted jointly instead of counted.

    Attributes:
        name: what reports call it.
        window: steps that are read: each one and 7 on each side of it.
    """

    name = "window logistic regression"
    window = 15

    @classmethod
    def of(cls, **params: Any) -> Self:
        """Return one with parameters of the training that suit a linear model, except for those that are given."""
        return cls(**{**_TRAINING, **params})

    def _step_network(self, channels: int, classes: int) -> nn.Module:
        return WindowNetwork(channels, classes, self.window)


class WordLabels:
    """The label that each word had most often in the training; of unknown words, what was most frequent there.

    Attributes:
        name: what reports call it.
    """

    name = "each word's most frequent label"

    def fit(self, sentences: Sequence[Sequence[str]], labels: Sequence[NDArray[np.int64]], classes: int) -> Self:
        """Count the labels of words, which are numbers of the classes."""
        counts: dict[str, NDArray[np.float64]] = {}
        for words, numbers in zip(sentences, labels, strict=True):
            for word, number in zip(words, numbers, strict=True):
                counts.setdefault(folded(word), np.zeros(classes))[number] += 1
        self._of_all = sum(counts.values(), np.zeros(classes))
        self._of_all /= self._of_all.sum()
        self._of_words = counts
        return self

    def predict_proba(self, sentences: Sequence[Sequence[str]]) -> list[NDArray[np.float64]]:
        """For each sentence (T, K): a word's own frequencies, and all words' with the weight of one."""
        return [np.array([self._share(folded(word)) for word in words]) for words in sentences]

    def _share(self, word: str) -> NDArray[np.float64]:
        own = self._of_words.get(word, np.zeros(len(self._of_all)))
        share: NDArray[np.float64] = (own + self._of_all) / (own.sum() + 1)
        return share
