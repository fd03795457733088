"""What a fit leaves: the network, and the sub-words of both languages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from gruvy.data import pad
from gruvy.data.codec import END, SubwordCodec
from gruvy.tasks.translation.batches import Pair, Pairs, pad_pairs
from gruvy.tasks.translation.network import TranslatorNetwork, translation_loss
from gruvy.tasks.translation.search import beam_search

# Sentences in a batch where nothing is learnt.
_BATCH = 32


@dataclass(frozen=True)
class Attention:
    """Where the decoder looked while it wrote one translation.

    Attributes:
        source: J sub-words, with "▁" where a word begins.
        target: T sub-words; the last is the end.
        weights: (T, J), each row sums to 1.
    """

    source: tuple[str, ...]
    target: tuple[str, ...]
    weights: NDArray[np.float32]


@dataclass(frozen=True)
class TranslatorModel:
    """A network in evaluation mode between two vocabularies."""

    network: TranslatorNetwork
    source: SubwordCodec
    target: SubwordCodec

    def translate(self, texts: Sequence[str], beam_size: int, length_normalization: float) -> list[list[int]]:
        """Return the sub-words of each translation."""
        found: dict[int, list[int]] = {}
        encoded = [_at_least_one(self.source.encode(text)) for text in texts]
        for rows in _alike([len(one) for one in encoded]):
            batch = pad([encoded[row] for row in rows])
            with torch.inference_mode():
                source = self.network.encode(batch.inputs, batch.lengths)
            targets = beam_search(
                self.network,
                source,
                beam_size=beam_size,
                length_normalization=length_normalization,
                # Twice the source and a few: hardly a translation is longer.
                most_steps=2 * batch.lengths + 10,
            )
            found.update(zip(rows.tolist(), targets, strict=True))
        return [found[row] for row in range(len(texts))]

    def encode_pairs(self, source: Sequence[str], target: Sequence[str]) -> list[Pair]:
        """Return what the network reads of each pair."""
        return [
            (_at_least_one(self.source.encode(one)), self.target.encode(other))
            for one, other in zip(source, target, strict=True)
        ]

    def cross_entropy(self, pairs: Sequence[Pair]) -> tuple[float, int]:
        """Return the sum over the targets' sub-words, their ends included, in nats, and their number."""
        order = sorted(range(len(pairs)), key=lambda row: len(pairs[row][1]))
        total, count = 0.0, 0
        with torch.inference_mode():
            for batch in Pairs([pairs[row] for row in order], batch_size=_BATCH):
                loss, known = translation_loss(self.network, batch)
                total, count = total + loss.item(), count + int(known)
        return total, count

    def attention(self, texts: Sequence[str], targets: Sequence[Sequence[int]]) -> list[Attention]:
        """Return where the decoder looks for each target (of `translate`)."""
        found = []
        for text, target in zip(texts, targets, strict=True):
            encoded = _at_least_one(self.source.encode(text))
            batch = pad_pairs([(encoded, np.array(target, dtype=np.int64))])
            with torch.inference_mode():
                source = self.network.encode(batch.source, batch.source_lengths)
                _, _, weights = self.network.decode(source, batch.before, self.network.start(source))
            assert weights is not None
            names = self.source.names(encoded.tolist()), self.target.names([*target, END])
            found.append(Attention(tuple(names[0]), tuple(names[1]), weights[0].numpy()))
        return found


def _at_least_one(numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """A text without any sub-word is one unknown one."""
    return numbers if len(numbers) else np.zeros(1, np.int64)


def _alike(lengths: Sequence[int]) -> Iterator[NDArray[np.int64]]:
    """The numbers of sentences of like length together."""
    order = np.argsort(lengths, kind="stable")
    yield from np.split(order, range(_BATCH, len(order), _BATCH))
