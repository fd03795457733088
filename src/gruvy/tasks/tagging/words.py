"""What the network reads of a word: which one it is, how it begins and ends, and how it is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from gruvy.data.words import folded
from gruvy.text import visible

_PREFIXES = (1, 2, 3)
_SUFFIXES = (1, 2, 3, 4)
# The word, its shape, its prefixes and its suffixes.
FEATURES = 2 + len(_PREFIXES) + len(_SUFFIXES)
# What occurs once is unknown, so that the network learns what to make of unknown words.
_LEAST_COUNT = 2
_MOST = 200_000


@dataclass(frozen=True)
class WordFeatures:
    """The words, beginnings, ends and shapes that a network knows, numbered from 1; 0 is every other one.

    Attributes:
        names: number - 1 -> feature.
        characters: of the words that they were learnt from.

    Example:
        >>> known = WordFeatures.of([["Ada", "sang"], ["Ada", "rang"]])
        >>> first, second = known.encode(["Ada", "bang"])  # a known word, and one with a known shape and ending
        >>> int((first > 0).sum()), int((second > 0).sum())
        (9, 4)
    """

    names: tuple[str, ...]
    characters: str

    @classmethod
    def of(cls, sentences: Sequence[Sequence[str]]) -> WordFeatures:
        """Learn them from sentences."""
        counts = Counter(name for words in sentences for word in words for name in _features(word))
        frequent = sorted(
            (name for name, count in counts.items() if count >= _LEAST_COUNT), key=lambda name: (-counts[name], name)
        )
        return cls(
            tuple(frequent[:_MOST]),
            "".join(sorted(set().union(*(folded(word) for words in sentences for word in words)))),
        )

    def encode(self, words: Sequence[str]) -> NDArray[np.int32]:
        """Return the numbers of each word's features (T, FEATURES)."""
        rows = [[self._numbers.get(name, 0) for name in _features(word)] for word in words]
        return np.array(rows, np.int32).reshape(len(words), FEATURES)

    def document(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        return {"names": list(self.names), "characters": self.characters}

    @classmethod
    def of_document(cls, document: Mapping[str, Any]) -> WordFeatures:
        """Put together what `document` returned."""
        return cls(tuple(document["names"]), document["characters"])

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {name: number for number, name in enumerate(self.names, 1)}


class WordReader(nn.Module):
    """A network over words: the embeddings of a word's features, added up, are what it reads at each step.

    Args:
        features: how many there are.
        size: E, numbers that stand for a feature.
        network: what reads (T, N, E + C).
        dropout: fraction of the embeddings' values dropped in training.
    """

    def __init__(self, features: int, size: int, network: nn.Module, dropout: float):
        super().__init__()
        self.embedding = nn.Embedding(features + 1, size, padding_idx=0)
        self.dropout = nn.Dropout(dropout)
        self.network = network

    def forward(self, inputs: Tensor, lengths: Tensor) -> Tensor:
        """Return the logits (T, N, K) for inputs (T, N, FEATURES + C), the numbers of the features first."""
        words = self.embedding(inputs[..., :FEATURES].long()).sum(dim=-2)
        read = torch.cat([self.dropout(words), inputs[..., FEATURES:]], dim=-1)
        logits: Tensor = self.network(read, lengths)
        return logits


def _features(word: str) -> Iterator[str]:
    plain = folded(word)
    yield f"w{plain}"
    yield f"s{_shape(word)}"
    yield from (f"p{plain[:length]}" for length in _PREFIXES)
    yield from (f"e{length}{plain[-length:]}" for length in _SUFFIXES)


def _shape(word: str) -> str:
    """Capital letters as X, small ones as x, digits as 9, and what comes several times in a row once."""
    kinds = ("X" if one.isupper() else "x" if one.isalpha() else "9" if one.isdigit() else one for one in visible(word))
    return "".join(kind for kind, _ in groupby(kinds))
