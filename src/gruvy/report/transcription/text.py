"""The sentence of a transcription report."""

from __future__ import annotations

from gruvy.report.text import listed
from gruvy.report.transcription.values import TranscriptionReport


def lengths_aid(report: TranscriptionReport) -> str:
    """Say the error rate of each group of lengths."""
    groups = [f"{group.name} {group.cer:.0%} ({group.count})" for group in report.by_length]
    return f"Character error rate by length, with the number of recordings: {listed(groups)}."
