"""What a classification report shows, as plain values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from gruvy.errors import ArgumentError
from gruvy.report.values import LossCurve


@dataclass(frozen=True)
class ScoreRow:
    """One line of the comparison: a trained network, or a baseline. What does not apply is None."""

    name: str
    kind: Literal["model", "baseline"]
    accuracy: float
    balanced_accuracy: float
    macro_f1: float
    log_loss: float | None = None
    calibration_error: float | None = None
    parameters: int | None = None
    seconds_per_epoch: float | None = None


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

    def shares(self) -> dict[str, PartShare]:
        """Return how much of the attention and of the steps each part has, in the order of the parts."""
        parts = np.asarray(self.parts or ())
        return {
            str(part): PartShare(self.weights[:, parts == part].sum(axis=1), float((parts == part).mean()))
            for part in dict.fromkeys(parts.tolist())
        }


@dataclass(frozen=True)
class PartShare:
    """A part's share of each class' attention (K,), and of the steps."""

    attention: NDArray[np.floating[Any]]
    steps: float


@dataclass(frozen=True)
class ClassificationReport:
    """All that a classification report shows; `gruvy.report.write_classification_report` turns it into HTML.

    Args:
        title: the headline.
        rows: the comparison; the first row of kind "model" is what the report is about.
        classes: K names.
        confusion: (K, K) counts of the test part, true class by predicted class.
        reliability: rows of confidence, accuracy and count; see `gruvy.tasks.classification.calibration.reliability`.
        losses: one curve per trained network.
        provenance: what a reader needs to repeat the run, name -> value.
        temperature: by which the logits are divided.
        tested: a sentence on what the figures were measured on.
        description: one or two sentences on the data and the split, or "".
        examples: texts; none of numeric sequences.
        course: attention over numeric sequences; None of texts.

    Raises:
        ArgumentError: there is no model among the rows, or the confusion matrix has another size.
    """

    title: str
    rows: Sequence[ScoreRow]
    classes: Sequence[str]
    confusion: NDArray[np.integer[Any]]
    reliability: Sequence[Mapping[str, float]]
    losses: Sequence[LossCurve]
    provenance: Mapping[str, str]
    temperature: float
    tested: str
    description: str = ""
    examples: Sequence[Example] = ()
    course: Course | None = None

    def __post_init__(self) -> None:
        problems = []
        if not any(row.kind == "model" for row in self.rows):
            problems.append("no row is of kind 'model': add the model that the report is about")
        if self.confusion.shape != (len(self.classes), len(self.classes)):
            problems.append(f"confusion is {self.confusion.shape}, beside {len(self.classes)} classes")
        if problems:
            raise ArgumentError("the report cannot be written: " + "; ".join(problems))

    @property
    def model(self) -> ScoreRow:
        """The row that the report is about."""
        return next(row for row in self.rows if row.kind == "model")
