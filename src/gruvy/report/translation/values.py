"""What a translation report shows, as plain values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from gruvy.errors import ArgumentError
from gruvy.report.values import LossCurve


@dataclass(frozen=True)
class TranslationRow:
    """One line of the comparison: a trained network, or a baseline. What does not apply is None.

    ``bleu_long`` is the BLEU of the sentences over ``long_words`` words.
    """

    name: str
    kind: Literal["model", "baseline"]
    bleu: float | None
    bleu_long: float | None
    chrf: float | None
    perplexity: float | None
    parameters: int | None = None
    seconds_per_epoch: float | None = None


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


@dataclass(frozen=True)
class TranslationReport:
    """All that a translation report shows; `gruvy.report.write_translation_report` turns it into HTML.

    Args:
        title: the headline.
        rows: the comparison; the first row of kind "model" is what the report is about.
        lengths: BLEU by the length of the sentence.
        losses: one curve per trained network.
        examples: sentences.
        maps: of the model that the report is about; none without attention.
        provenance: what a reader needs to repeat the run, name -> value.
        long_words: a sentence of more words is long.
        description: one or two sentences on the data and the split, or "".

    Raises:
        ArgumentError: there is no model among the rows.
    """

    title: str
    rows: Sequence[TranslationRow]
    lengths: Lengths
    losses: Sequence[LossCurve]
    examples: Sequence[TranslationExample]
    maps: Sequence[AttentionMap]
    provenance: Mapping[str, str]
    long_words: int
    description: str = ""

    def __post_init__(self) -> None:
        if not any(row.kind == "model" for row in self.rows):
            raise ArgumentError(
                "the report cannot be written: no row is of kind 'model'; add the model that the report is about"
            )

    @property
    def model(self) -> TranslationRow:
        """The row that the report is about."""
        return next(row for row in self.rows if row.kind == "model")
