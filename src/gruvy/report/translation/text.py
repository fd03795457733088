"""The sentence of a translation report."""

from __future__ import annotations

from gruvy.report.text import listed
from gruvy.report.translation.values import TranslationReport


def lengths_aid(report: TranslationReport) -> str:
    """Say how many sentences are of which length."""
    lengths = report.lengths
    counts = listed([f"{count:,} of {name}" for name, count in zip(lengths.names, lengths.counts, strict=True)])
    return f"Higher is better. Sentences by the words of their source: {counts}."
