"""What the report of a language model shows, as plain values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from gruvy.errors import ArgumentError
from gruvy.report.values import LossCurve


@dataclass(frozen=True)
class BitsRow:
    """One line of the comparison.

    Attributes:
        name: of the model, or of what it has to beat.
        kind: "model" for what the report is about.
        bits: per character of the test text.
        parameters: of a trained network.
    """

    name: str
    kind: Literal["model", "baseline"]
    bits: float
    parameters: int | None = None


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


@dataclass(frozen=True)
class LanguageReport:
    """All that the report of a language model shows; ``gruvy.report.write_language_report`` turns it into HTML.

    Args:
        title: the headline.
        test: what the test text is called in sentences.
        characters: how many it has.
        rows: the model first, then what it has to beat.
        losses: the learning curve, in bits per character.
        written: texts of the model.
        passage: a piece of the test text.
        provenance: what a reader needs to repeat the run, name -> value.
        description: one or two sentences on the texts and the split, or "".

    Raises:
        ArgumentError: the first row is no model, or the passage's lengths differ.
    """

    title: str
    test: str
    characters: int
    rows: Sequence[BitsRow]
    losses: LossCurve
    written: Sequence[Written]
    passage: Passage
    provenance: Mapping[str, str]
    description: str = ""

    def __post_init__(self) -> None:
        problems = []
        if not self.rows or self.rows[0].kind != "model":
            problems.append("the first row is not of kind 'model': put the model that the report is about there")
        if len(self.passage.text) != len(self.passage.bits):
            lengths = f"{len(self.passage.text)} characters and {len(self.passage.bits)} bits"
            problems.append(f"the passage has {lengths}; expected one for each")
        if problems:
            raise ArgumentError("the report cannot be written: " + "; ".join(problems))

    @property
    def model(self) -> BitsRow:
        """The row that the report is about."""
        return self.rows[0]
