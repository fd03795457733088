"""The sentences of a language model's report."""

from __future__ import annotations

from gruvy.report.language.values import LanguageReport, Passage

# Bits from which on a character is marked as dark as can be: as unlikely as one in 250.
_MOST_BITS = 8.0


def bits_aid(report: LanguageReport) -> str:
    """Explain the unit."""
    bits = report.model["bits_per_character"]
    return (
        f"A character costs -log2 of the probability that it was given before it was seen: {bits:.2f} bits are "
        f"as good as a sure choice among {2**bits:.1f} equally likely characters. All rows are measured on the "
        f"same {report.characters:,} characters, which none was trained on."
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


def marked(passage: Passage) -> list[tuple[str, str, str]]:
    """Return each character with how dark it is marked, from 0 to 1, and its bits."""
    return [
        (character, f"{min(1.0, float(bits) / _MOST_BITS):.2f}", f"{bits:.1f} bits")
        for character, bits in zip(passage.text, passage.bits, strict=True)
    ]


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
