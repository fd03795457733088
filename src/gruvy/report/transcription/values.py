"""What the report of a transcriber shows, as plain values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from gruvy.report.base import Report
from gruvy.report.comparison import Column, trained_columns
from gruvy.report.text import listed

# What transcribers are compared by.
ERROR_COLUMNS = (
    Column(
        "cer",
        "character error rate",
        ".1%",
        "lower",
        "The character error rate is the number of characters that have to be substituted, deleted or inserted, by "
        "the number that were said; the word error rate is the same of words.",
    ),
    Column("wer", "word error rate", ".1%", "lower"),
    Column("exact", "without error", ".1%", "higher"),
    *trained_columns(),
)


@dataclass(frozen=True)
class Heard:
    """One recording: what it sounds like, what the network made of it, and where it hears each character.

    Attributes:
        title: why it is shown.
        truth: what is said.
        predicted: what the model wrote.
        cer: of this one.
        seconds: (T,) the time of each frame.
        bands: (M,) the middle of each mel band in Hz.
        spectrum: (T, M) decibels below the loudest.
        step_seconds: (J,) the time of each step of the network.
        classes: K, the blank and the characters that are likely anywhere.
        probabilities: (J, K).
        places: seconds at which each character of the truth begins, by the likeliest alignment.
    """

    title: str
    truth: str
    predicted: str
    cer: float
    seconds: NDArray[np.floating[Any]]
    bands: NDArray[np.floating[Any]]
    spectrum: NDArray[np.floating[Any]]
    step_seconds: NDArray[np.floating[Any]]
    classes: Sequence[str]
    probabilities: NDArray[np.floating[Any]]
    places: NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Transcript:
    """A transcript beside the truth, cut where they begin or cease to differ.

    Attributes:
        name: of the recording.
        cer: of this one.
        pieces: (truth, transcript) one after another; they are the same where nothing is wrong.
    """

    name: str
    cer: float
    pieces: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class LengthGroup:
    """Recordings of about one length: their name ("1 to 2 s"), how many they are, and their CER."""

    name: str
    count: int
    cer: float


@dataclass(frozen=True, kw_only=True)
class TranscriptionReport(Report):
    """The report of transcribers.

    Args:
        comparison: of `ERROR_COLUMNS`.
        heard: recordings that are drawn.
        worst: the transcripts with the most errors, by their CER.
        best: the longest transcripts among those with the fewest errors.
        by_length: the CER by the recordings' length.
    """

    folder: ClassVar[str] = __package__
    loss: ClassVar[str] = "CTC loss (nats per character)"
    about_loss: ClassVar[str] = (
        "The training recordings are stretched and masked, so that they can be harder than those of the validation, "
        "and their loss includes how far two readings of one recording are apart."
    )

    heard: Sequence[Heard]
    worst: Sequence[Transcript]
    best: Sequence[Transcript]
    by_length: Sequence[LengthGroup]

    @property
    def headline(self) -> str:
        """How many characters and words are wrong, and of each baseline, and of a better model, if there is one."""
        model = self.model
        best = min(self.comparison.of_kind("model"), key=lambda row: row["cer"])
        better = f" The {best.name}: {best['cer']:.1%} and {best['wer']:.1%}." if best["cer"] < model["cer"] else ""
        others = [f"{row['cer']:.1%} by {row.name}" for row in self.comparison.of_kind("baseline")]
        rest = f" (characters: {listed(others)})" if others else ""
        return (
            f"The {model.name} gets {model['cer']:.1%} of the characters and {model['wer']:.1%} of the words wrong in "
            f"what it had never heard{rest}.{better}"
        )
