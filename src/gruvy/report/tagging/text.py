"""The sentences of a tagging report, and its examples line by line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from string import ascii_letters, ascii_uppercase, digits
from typing import Any

import numpy as np

from gruvy.report.labels.text import reliability_aid as reliability_aid
from gruvy.report.tagging.values import TaggedExample, TaggingReport
from gruvy.report.text import listed

# Steps in a line of an example: what a phone has room for, at a size that can be read, twice.
_LINE = 60
_LETTERS = ascii_uppercase + ascii_letters[:26] + digits
# A tenth of fewer sequences is not one.
_TENTHS = 10


def confusion_aid(report: TaggingReport) -> str:
    """Say which class is the hardest."""
    worst = min((row for row in report.by_class.rows if row["count"]), key=lambda row: row["f1"])
    return (
        f"Of {report.confusion.sum():,} steps, {report.confusion.diagonal().sum():,} lie on the diagonal. "
        f"Hardest is {worst.name}: {worst['recall']:.0%} of it are found, "
        f"and {worst['precision']:.0%} of what is called so is so."
    )


def lengths_aid(report: TaggingReport) -> str:
    """Say how different the sequences are."""
    low, middle, high = np.quantile(report.accuracies, [0.1, 0.5, 0.9])
    if len(report.accuracies) < _TENTHS:
        return f"From {min(report.accuracies):.0%} to {max(report.accuracies):.0%} of a sequence's steps are right."
    return (
        f"Half of the {len(report.lengths):,} sequences have at least {middle:.0%} of their steps right, the worst "
        f"tenth at most {low:.0%}, the best tenth at least {high:.0%}."
    )


def lines(example: TaggedExample, classes: Sequence[str]) -> list[dict[str, Any]]:
    """Return an example cut into lines, each row of it as runs of one class."""
    return [
        {
            "first": first + 1,
            "characters": example.characters[first : first + _LINE],
            "truth": list(_runs(example.truth[first : first + _LINE], classes)),
            "predicted": list(_runs(example.predicted[first : first + _LINE], classes)),
        }
        for first in range(0, len(example.truth), _LINE)
    ]


def _runs(numbers: Sequence[int], classes: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Stretches of one class: its number, and its sign repeated."""
    values = np.asarray(numbers)
    cuts = [0, *(np.flatnonzero(np.diff(values)) + 1).tolist(), len(values)]
    for first, last in pairwise(cuts):
        number = int(values[first])
        yield {"number": number, "signs": _sign(number, classes) * (last - first), "name": classes[number]}


def _sign(number: int, classes: Sequence[str]) -> str:
    """Return one character for a class: its name if that is one, else a letter or a digit."""
    return classes[number] if _are_signs(classes) else _LETTERS[number % len(_LETTERS)]


def signs(classes: Sequence[str]) -> str:
    """Explain the letters that stand for longer names."""
    if _are_signs(classes):
        return ""
    return listed([f"{_sign(number, classes)} is {name}" for number, name in enumerate(classes)]) + "."


def _are_signs(classes: Sequence[str]) -> bool:
    return all(len(name) == 1 for name in classes)
