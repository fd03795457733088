"""What the report of a transcriber shows, as plain values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from gruvy.errors import ArgumentError
from gruvy.report.values import LossCurve


@dataclass(frozen=True)
class ErrorRow:
    """One line of the comparison: a trained network, or a baseline. What does not apply is None.

    Attributes:
        name: of the model, or of what it has to beat.
        kind: "model" for trained networks; the first of them is what the report is about.
        cer: characters wrong, by the characters there are.
        wer: words wrong, by the words there are.
        exact: share of the transcripts without an error.
        parameters: of a network.
        seconds_per_epoch: of its training.
    """

    name: str
    kind: Literal["model", "baseline"]
    cer: float
    wer: float
    exact: float
    parameters: int | None = None
    seconds_per_epoch: float | None = None


@dataclass(frozen=True)
class Heard:
    """One recording: what it sounds like, what the network made of it, and where it hears each character.

    Attributes:
        title: why it is shown.
        truth: what is said.
        found: what the model wrote.
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
    found: str
    cer: float
    seconds: NDArray[np.floating[Any]]
    bands: NDArray[np.floating[Any]]
    spectrum: NDArray[np.floating[Any]]
    step_seconds: NDArray[np.floating[Any]]
    classes: Sequence[str]
    probabilities: NDArray[np.floating[Any]]
    places: NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Comparison:
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


@dataclass(frozen=True)
class TranscriptionReport:
    """All that a transcription report shows; `gruvy.report.write_transcription_report` turns it into HTML.

    Args:
        title: the headline.
        rows: the comparison; the first row of kind "model" is what the report is about.
        heard: recordings that are drawn.
        worst: the transcripts with the most errors, by their CER.
        best: the longest transcripts among those with the fewest errors.
        by_length: the CER by the recordings' length.
        losses: one curve per trained network.
        provenance: what a reader needs to repeat the run, name -> value.
        description: one or two sentences on the data and the split, or "".

    Raises:
        ArgumentError: there is no model among the rows.
    """

    title: str
    rows: Sequence[ErrorRow]
    heard: Sequence[Heard]
    worst: Sequence[Comparison]
    best: Sequence[Comparison]
    by_length: Sequence[LengthGroup]
    losses: Sequence[LossCurve]
    provenance: Mapping[str, str]
    description: str = ""

    def __post_init__(self) -> None:
        if not any(row.kind == "model" for row in self.rows):
            raise ArgumentError(
                "the report cannot be written: no row is of kind 'model': add the model that the report is about"
            )

    @property
    def model(self) -> ErrorRow:
        """The row that the report is about."""
        return next(row for row in self.rows if row.kind == "model")
