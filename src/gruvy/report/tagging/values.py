"""What a tagging report shows, as plain values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gruvy.report.classification.values import ClassificationReport


@dataclass(frozen=True)
class ClassRow:
    """How well one class is found.

    Attributes:
        name: of the class.
        precision: the share of what was called so that is so.
        recall: the share of what is so that was called so.
        f1: their harmonic mean.
        count: steps that are so.
    """

    name: str
    precision: float
    recall: float
    f1: float
    count: int


@dataclass(frozen=True)
class TaggedExample:
    """A sequence of the test part with its labels.

    Attributes:
        title: why it is shown.
        accuracy: share of its steps that are right.
        characters: T of them; "" of a numeric sequence.
        truth: (T,) numbers of the classes.
        predicted: (T,) numbers of the classes.
    """

    title: str
    accuracy: float
    characters: str
    truth: Sequence[int]
    predicted: Sequence[int]


@dataclass(frozen=True)
class TaggingReport(ClassificationReport):
    """All that a tagging report shows; `gruvy.report.write_tagging_report` turns it into HTML.

    Beside what it has in common with a `ClassificationReport`, whose counts are steps here:

    Args:
        by_class: a row for each class.
        tagged: sequences with truth and prediction.
        lengths: (N,) steps of each sequence of the test part.
        accuracies: (N,) share of each one's steps that are right.
        rest: the class of what is none of the others, drawn in grey; "" if there is none such.
        along: accuracy along the sequences, from their beginning to their end, in parts of equal width.
    """

    by_class: Sequence[ClassRow] = ()
    tagged: Sequence[TaggedExample] = ()
    lengths: Sequence[int] = ()
    accuracies: Sequence[float] = ()
    along: Sequence[float] = ()
    rest: str = ""
