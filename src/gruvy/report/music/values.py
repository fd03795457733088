"""What a report on music shows, as plain values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from gruvy.errors import ArgumentError
from gruvy.report.values import LossCurve


@dataclass(frozen=True)
class FrameRow:
    """One line of the comparison: a trained network, or a baseline. What does not apply is None."""

    name: str
    kind: Literal["model", "baseline"]
    nll: float
    frame_accuracy: float
    parameters: int | None = None
    seconds_per_epoch: float | None = None


@dataclass(frozen=True)
class Foreseen:
    """A piece of the test part: ``roll`` (T, D), and how likely each note was given the frames before it (T, D)."""

    name: str
    nll: float
    roll: NDArray[Any]
    probabilities: NDArray[np.floating[Any]]


@dataclass(frozen=True)
class MusicReport:
    """All that a report on music shows; `gruvy.report.write_music_report` turns it into HTML.

    Args:
        title: the headline.
        rows: the comparison; the first row of kind "model" is what the report is about.
        piece: of the test part.
        drawn: (T, D), a piece that the model drew.
        losses: one curve per trained network.
        provenance: what a reader needs to repeat the run, name -> value.
        lowest: MIDI pitch of the first column of the rolls; None if they are no piano rolls.
        step: what a step is called, as "quarter note".
        seconds: how long a step is played.
        description: one or two sentences on the data and the split, or "".

    Raises:
        ArgumentError: there is no model among the rows, or the rolls differ in shape.
    """

    title: str
    rows: Sequence[FrameRow]
    piece: Foreseen
    drawn: NDArray[Any]
    losses: Sequence[LossCurve]
    provenance: Mapping[str, str]
    lowest: int | None = None
    step: str = "step"
    seconds: float = 0.75
    description: str = ""

    def __post_init__(self) -> None:
        problems = []
        if not any(row.kind == "model" for row in self.rows):
            problems.append("no row is of kind 'model': add the model that the report is about")
        if self.piece.roll.shape != self.piece.probabilities.shape:
            problems.append(f"roll is {self.piece.roll.shape}, beside probabilities {self.piece.probabilities.shape}")
        if problems:
            raise ArgumentError("the report cannot be written: " + "; ".join(problems))

    @property
    def model(self) -> FrameRow:
        """The row that the report is about."""
        return next(row for row in self.rows if row.kind == "model")
