"""What the report of a language model shows, as plain values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from gruvy.report.base import Report
from gruvy.report.comparison import Column, Comparison, Kind, Row, trained_columns
from gruvy.report.text import listed, relation

# What language models are compared by; a report adds the size of the test text.
BITS_COLUMNS = (
    Column("bits_per_character", "bits per character", ".3f", "lower"),
    Column("kilobytes", "the test text in (kB)", ",.1f", "lower", on_page=True),
    trained_columns()[0],
)


@dataclass(frozen=True)
class Written:
    """A text that the model made up: what it was given, what it wrote, and at which temperature."""

    temperature: float
    prompt: str
    text: str


@dataclass(frozen=True)
class Passage:
    """A piece of the test text and the bits of each of its characters."""

    text: str
    bits: NDArray[np.floating[Any]]


@dataclass(frozen=True, kw_only=True)
class LanguageReport(Report):
    """The report of a language model.

    Args:
        test: what the test text is called in sentences.
        characters: how many it has.
        comparison: of `BITS_COLUMNS`.
        losses: one learning curve, in bits per character.
        written: texts of the model.
        passage: a piece of the test text.
    """

    folder: ClassVar[str] = __package__
    loss: ClassVar[str] = "bits per character"
    about_loss: ClassVar[str] = "The dashed lines are what the others need for the test part."

    test: str
    characters: int
    written: Sequence[Written]
    passage: Passage

    @property
    def headline(self) -> str:
        """How many bits a character costs, and by how much the model beats or misses the others."""
        return bits_headline(self.comparison, self.test)

    def _problems(self) -> list[str]:
        if len(self.passage.text) != len(self.passage.bits):
            lengths = f"{len(self.passage.text)} characters and {len(self.passage.bits)} bits"
            return [f"the passage has {lengths}; expected one for each"]
        return []


def bits_headline(comparison: Comparison, test: str) -> str:
    """Say in one sentence how many bits a character of the test text costs, beside the others."""
    model = comparison.model
    bits = model["bits_per_character"]
    sentence = f"The {model.name} needs {bits:.2f} bits per character of {test}"
    against = [f"{relation(bits, row['bits_per_character'])} {row.name}" for row in comparison.others]
    return f"{sentence}: {listed(against)}." if against else f"{sentence}."


def bits_row(name: str, kind: Kind, bits: float, characters: int, **more: Any) -> Row:
    """Return a row of the comparison, with the size of the test text from its number of characters."""
    return Row(name, kind, {"bits_per_character": bits, "kilobytes": bits * characters / 8000, **more})
