"""What a tagging report shows, as plain values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from gruvy.report.comparison import Column, Comparison
from gruvy.report.labels import LabelReport
from gruvy.report.palette import LINE, Key, class_keys
from gruvy.report.text import beside

# What the classes are listed with.
CLASS_COLUMNS = (
    Column("f1", "F1", ".3f", "higher", "F1 is the harmonic mean of precision and recall.", most=1),
    Column("precision", "precision", ".1%", "higher", "Precision is the fraction of what was called so that is so."),
    Column("recall", "recall", ".1%", "higher", "Recall is the fraction of what is so that was called so."),
    Column("count", "steps", ","),
)


@dataclass(frozen=True)
class TaggedExample:
    """A sequence of the test part with its labels.

    Attributes:
        title: why it is shown.
        accuracy: fraction of its steps that are right.
        characters: T of them; "" of a numeric sequence.
        truth: (T,) numbers of the classes.
        predicted: (T,) numbers of the classes.
    """

    title: str
    accuracy: float
    characters: str
    truth: Sequence[int]
    predicted: Sequence[int]


@dataclass(frozen=True, kw_only=True)
class TaggingReport(LabelReport):
    """The report of taggers; the counts of its confusion are steps.

    Args:
        by_class: of `CLASS_COLUMNS`, a row for each class in their order.
        tagged: sequences with truth and prediction.
        lengths: (N,) steps of each sequence of the test part.
        accuracies: (N,) fraction of each one's steps that are right.
        rest: the class of what is none of the others, drawn in grey; "" if there is none such.
        along: accuracy along the sequences, from their beginning to their end, in parts of equal width.
    """

    folder: ClassVar[str] = __package__
    loss: ClassVar[str] = "cross-entropy of a step (nats)"

    by_class: Comparison
    tagged: Sequence[TaggedExample]
    lengths: Sequence[int]
    accuracies: Sequence[float]
    along: Sequence[float]
    rest: str = ""

    @property
    def headline(self) -> str:
        """How often the model is right, and each baseline."""
        others = (f"{row['accuracy']:.1%} by {row.name}" for row in self.comparison.of_kind("baseline"))
        right = f"The {self.model.name} labels {self.model['accuracy']:.1%} of all steps right in sequences that it had"
        return f"{right} never seen{beside(others)}."

    def class_keys(self) -> list[Key]:
        """Return the colour of each class: grey for the rest."""
        hues = iter(class_keys([name for name in self.classes if name != self.rest]))
        return [Key(name, LINE) if name == self.rest else next(hues) for name in self.classes]
