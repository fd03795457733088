"""The sentences of a language model's report."""

from __future__ import annotations

from collections.abc import Sequence

from gruvy.report.language.values import BitsRow, LanguageReport, Passage
from gruvy.report.text import comparison, listed


def bits_headline(rows: Sequence[BitsRow], test: str) -> str:
    """Say in one sentence how many bits a character costs, and by how much the model beats or misses the others.

    Args:
        rows: the model first.
        test: what the test text is called.
    """
    model, *others = rows
    sentence = f"The {model.name} needs {model.bits:.2f} bits per character of {test}"
    against = [f"{comparison(model.bits, row.bits)} {row.name}" for row in others]
    return f"{sentence}: {listed(against)}." if against else f"{sentence}."


def bits_aid(report: LanguageReport) -> str:
    """Explain the unit."""
    model = report.model
    return (
        f"A character costs -log2 of the probability that it was given before it was seen: {model.bits:.2f} bits are "
        f"as good as a sure choice among {2**model.bits:.1f} equally likely characters. All rows are measured on the "
        f"same {report.characters:,} characters, which nothing learnt from before."
    )


def learning_aid(report: LanguageReport) -> str:
    """Explain the learning curve, with the epoch that was kept."""
    curve = report.losses
    return (
        "Bits per character, lower is better: solid on the validation part, dotted on the training part while it was "
        f"learnt from. The dot marks the weights that were kept, epoch {curve.best_epoch} of {len(curve.validation)}. "
        "The dashed lines are what the others need for the test part."
    )


def learning_alt(report: LanguageReport) -> str:
    """Describe the learning curve to someone who cannot see it."""
    curve = report.losses
    return (
        f"Line plot of bits per character by epoch: validation from {curve.validation[0]:.2f} to "
        f"{curve.validation[-1]:.2f}, training from {curve.train[0]:.2f} to {curve.train[-1]:.2f}."
    )


def passage_aid(report: LanguageReport) -> str:
    """Explain the marked passage, with its own figures."""
    passage = report.passage
    first, other = by_place(passage)
    return (
        f"A typical passage of {report.test}, the one nearest to the median: {passage.bits.mean():.2f} bits per "
        "character. The darker a character, the less it was expected. The first letter of a word costs "
        f"{first:.1f} bits here, any other character {other:.1f}."
    )


def by_place(passage: Passage) -> tuple[float, float]:
    """Return the mean bits of the first letters of words and of all other characters."""
    before = " " + passage.text[:-1]
    first = [now.isalpha() and not was.isalpha() for was, now in zip(before, passage.text, strict=True)]
    bits = dict.fromkeys((True, False), float("nan"))
    for kind in bits:
        chosen = [bit for bit, is_first in zip(passage.bits, first, strict=True) if is_first is kind]
        if chosen:
            bits[kind] = float(sum(chosen) / len(chosen))
    return bits[True], bits[False]
