"""How far transcripts are from what was said."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gruvy.tasks.transcription.audio import audio_library


def score_row(name: str, truth: Sequence[str], found: Sequence[str]) -> dict[str, Any]:
    """One row of the table of scores.

    Args:
        name: of the model.
        truth: N texts, none of them empty.
        found: N transcripts.

    Returns:
        name; cer and wer: characters and words that were substituted, deleted and inserted, over all texts together, by
        the number of characters and words of the truth (jiwer; above 1 where much was inserted); exact: the fraction of
        the transcripts without an error.
    """
    jiwer = audio_library("jiwer")
    return {
        "name": name,
        "cer": float(jiwer.cer(list(truth), list(found))),
        "wer": float(jiwer.wer(list(truth), list(found))),
        "exact": sum(a == b for a, b in zip(truth, found, strict=True)) / len(truth),
    }


def character_errors(truth: str, found: str) -> int:
    """Characters to substitute, delete and insert in a transcript to get the truth."""
    counts = audio_library("jiwer").process_characters(truth, found)
    return int(counts.substitutions + counts.deletions + counts.insertions)
