"""The sentences of a report on music, and its notes for the sound."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gruvy.report.music.values import MOST_FRAMES, MusicReport


def foreseen_aid(report: MusicReport) -> str:
    """Explain the piece of the test part, with what was given to what sounded."""
    piece = report.piece
    on = piece.roll != 0
    given = ""
    if on.any() and not on.all():
        sounding, silent = piece.probabilities[on].mean(), piece.probabilities[~on].mean()
        given = f" It gave notes that sounded {sounding:.0%} on average, and the others {silent:.1%}."
    excerpt = f" The first {MOST_FRAMES} of its {len(on)} frames are drawn." if len(on) > MOST_FRAMES else ""
    return (
        f"{piece.name}, the piece of the test part with the median likelihood ({piece.nll:.2f} nats a frame). The "
        f"brighter, the likelier the model held the note, given all frames before; lines are what sounded.{given}"
        f"{excerpt}"
    )


def drawn_aid(report: MusicReport) -> str:
    """Explain the piece that the model drew."""
    sounding = (report.drawn != 0).sum(axis=1).mean()
    return (
        f"{len(report.drawn)} {report.step}s, drawn frame by frame from the model's own probabilities: nothing was "
        f"given, chosen or mended. {sounding:.1f} notes sound at a time on average. Within a frame the notes are drawn "
        "independently of each other, which is why some chords clash."
    )


def notes(report: MusicReport) -> str:
    """Return the piece that the model drew as JSON: MIDI pitch, first step and length of each note."""
    runs = [[key + (report.lowest or 0), first, last - first] for key, first, last in note_runs(report.drawn)]
    return json.dumps({"notes": runs, "steps": len(report.drawn), "seconds": report.seconds})


def note_runs(roll: NDArray[Any]) -> list[tuple[int, int, int]]:
    """Return each note of a roll (T, D): its column, its first step, and the one after its last."""
    edges = np.diff((np.asarray(roll) != 0).astype(np.int8), axis=0, prepend=0, append=0).T
    starts, ends = np.argwhere(edges > 0), np.argwhere(edges < 0)  # by key, then by time: they pair up
    return [(int(key), int(first), int(last)) for (key, first), (_, last) in zip(starts, ends, strict=True)]
