"""What a report on music shows, as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from gruvy.report.base import Report
from gruvy.report.comparison import Column, trained_columns
from gruvy.report.text import beside

# As many frames of a piece have room beside each other on a phone.
MOST_FRAMES = 96


# What models of music are compared by.
FRAME_COLUMNS = (
    Column(
        "nll",
        "NLL (nats a frame)",
        ".3f",
        "lower",
        "NLL is the negative log-likelihood, mean over all frames: how surprising a frame is, all notes together.",
        narrow="NLL\n(nats a frame)",
    ),
    Column(
        "frame_accuracy",
        "frame accuracy",
        ".1%",
        "higher",
        "Frame accuracy is TP / (TP + FP + FN) over the notes whose probability is above one half.",
    ),
    *trained_columns(),
)


@dataclass(frozen=True)
class Foreseen:
    """A piece of the test part: ``roll`` (T, D), and how likely each note was given the frames before it (T, D)."""

    name: str
    nll: float
    roll: NDArray[Any]
    probabilities: NDArray[np.floating[Any]]


@dataclass(frozen=True, kw_only=True)
class MusicReport(Report):
    """The report of models of music.

    Args:
        comparison: of `FRAME_COLUMNS`.
        piece: of the test part.
        drawn: (T, D), a piece that the model drew.
        lowest: MIDI pitch of the first column of the rolls; None if they are no piano rolls.
        step: what a step is called, as "quarter note".
        seconds: how long a step is played.
    """

    folder: ClassVar[str] = __package__
    loss: ClassVar[str] = "negative log-likelihood (nats a frame)"

    piece: Foreseen
    drawn: NDArray[Any]
    lowest: int | None = None
    step: str = "step"
    seconds: float = 0.75

    @property
    def headline(self) -> str:
        """How well the model foresees a frame, and all others."""
        others = (
            f"{row['nll']:.2f} of {f'the {row.name}' if row.kind == 'model' else row.name}"
            for row in self.comparison.others
        )
        return (
            f"The {self.model.name} foresees the frames of pieces that it had never heard with a negative "
            f"log-likelihood of {self.model['nll']:.2f} nats a frame{beside(others)}."
        )

    def _problems(self) -> list[str]:
        roll, probabilities = self.piece.roll.shape, self.piece.probabilities.shape
        return [] if roll == probabilities else [f"roll is {roll}, beside probabilities {probabilities}"]
