"""What a translation report shows, as plain values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from gruvy.report.base import Report
from gruvy.report.comparison import Column, trained_columns
from gruvy.report.text import fixed


@dataclass(frozen=True)
class Lengths:
    """BLEU by the words of the source: names of the bins, sentences in each, and BLEU of each model in each."""

    names: Sequence[str]
    counts: Sequence[int]
    bleu: Mapping[str, Sequence[float | None]]


@dataclass(frozen=True)
class TranslationExample:
    """A sentence of the test part, its translation by people, and those of the models by name."""

    title: str
    source: str
    reference: str
    translations: Mapping[str, str]


@dataclass(frozen=True)
class AttentionMap:
    """Where the decoder looked while it wrote: weights (T, J) of J sub-words of the source for T of the target."""

    title: str
    source: Sequence[str]
    target: Sequence[str]
    weights: NDArray[np.floating[Any]]


@dataclass(frozen=True, kw_only=True)
class TranslationReport(Report):
    """The report of translators.

    Args:
        comparison: of `translation_columns`.
        lengths: BLEU by the length of the sentence.
        examples: sentences.
        maps: of the model that the report is about; none without attention.
        long_words: a sentence of more words is long.
    """

    folder: ClassVar[str] = __package__
    loss: ClassVar[str] = "cross-entropy (nats per sub-word)"
    about_loss: ClassVar[str] = (
        "In training a tenth of each label is spread over all sub-words, and units are dropped: dotted may lie above "
        "solid."
    )

    lengths: Lengths
    examples: Sequence[TranslationExample]
    maps: Sequence[AttentionMap]
    long_words: int

    @property
    def headline(self) -> str:
        """The BLEU of the model and of the other models, on all sentences and on the long ones."""
        own, *others = self.comparison.of_kind("model")
        rest = "".join(f", and the {row.name} {fixed(row['bleu'], 1)}" for row in others)
        long = "".join(f" and {fixed(row['bleu_long'], 1)}" for row in others)
        return (
            f"The {own.name} reaches a BLEU of {fixed(own['bleu'], 1)} on sentences that it had never seen{rest}. "
            f"On those of more than {self.long_words} words: {fixed(own['bleu_long'], 1)}{long}."
        )


def translation_columns(long_words: int | None = None) -> list[Column]:
    """Return what translators are compared by; ``long_words``: a sentence of more words is long."""
    bleu = "BLEU counts the runs of one to four words that a translation shares with the reference, chrF the runs of "
    bleu += "characters; both go to 100, and both are sacrebleu's, with upper and lower case apart."
    perplexity = "Perplexity is that of the reference's sub-words: as if it chose among that many, equally likely."
    return [
        Column("bleu", "BLEU", ",.1f", "higher", bleu),
        Column("bleu_long", f"BLEU, over {long_words} words", ",.1f", "higher", narrow="BLEU,\nlong"),
        Column("chrf", "chrF", ",.1f", "higher"),
        Column("perplexity", "perplexity", ",.1f", "lower", perplexity),
        *trained_columns(),
    ]
