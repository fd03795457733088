"""What a classification report shows, as plain values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from gruvy.report.labels import LabelReport
from gruvy.report.text import beside

# As many lines as have hues of their own.
MOST_DRAWN = 10


@dataclass(frozen=True)
class Example:
    """A text of the test part, with the attention weight of each of its tokens."""

    title: str
    truth: str
    predicted: str
    probability: float
    tokens: Sequence[str]
    weights: Sequence[float]


@dataclass(frozen=True)
class Course:
    """Attention over numeric sequences, mean by true class.

    ``steps`` (T,) names the steps, or says how far into the sequence they are; ``weights`` and ``values`` are (K, T):
    the mean attention, and the mean of the first channel. ``parts`` (T,) names what each step is a part of, as the
    experiment, where there is such a thing; the steps of a part stand together.
    """

    steps: Sequence[str]
    weights: NDArray[np.floating[Any]]
    values: NDArray[np.floating[Any]]
    parts: Sequence[str] | None = None

    def by_part(self) -> dict[str, Part]:
        """Return how much of the attention and of the steps each part has, in the order of the parts."""
        parts = np.asarray(self.parts or ())
        return {
            str(part): Part(self.weights[:, parts == part].sum(axis=1), float((parts == part).mean()))
            for part in dict.fromkeys(parts.tolist())
        }


@dataclass(frozen=True)
class Part:
    """A part's fraction of each class' attention (K,), and of the steps."""

    attention: NDArray[np.floating[Any]]
    steps: float


@dataclass(frozen=True, kw_only=True)
class ClassificationReport(LabelReport):
    """The report of classifiers.

    Args:
        examples: texts; none of numeric sequences.
        course: attention over numeric sequences; None of texts.
    """

    folder: ClassVar[str] = __package__
    loss: ClassVar[str] = "cross-entropy (nats)"

    examples: Sequence[Example] = ()
    course: Course | None = None

    @property
    def headline(self) -> str:
        """How often the model is right, and each baseline."""
        others = (f"{row['accuracy']:.1%} by {row.name}" for row in self.comparison.of_kind("baseline"))
        right = f"The {self.model.name} is right about {self.model['accuracy']:.1%} of what it had never seen"
        return f"{right}{beside(others)}."

    @property
    def drawn(self) -> list[int]:
        """The numbers of the classes that are drawn as lines: those with the most sequences, in their order."""
        often = np.argsort(-self.confusion.sum(axis=1), kind="stable")[:MOST_DRAWN]
        return sorted(int(number) for number in often)
