"""What a report on labels shows, whatever they are of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gruvy.report.base import Report
from gruvy.report.comparison import Column, trained_columns

# What classifiers and taggers are compared by.
LABEL_COLUMNS = (
    Column("accuracy", "accuracy", ".1%", "higher", most=1),
    Column("span_f1", "span F1", ".3f", "higher", "Span F1 is that of whole spans, with their bounds.", most=1),
    Column(
        "balanced_accuracy",
        "balanced accuracy",
        ".1%",
        "higher",
        "Balanced accuracy is the mean of the classes' recall, macro F1 that of their F1.",
        most=1,
    ),
    Column("macro_f1", "macro F1", ".3f", "higher", most=1),
    Column(
        "log_loss",
        "log loss",
        ".3f",
        "lower",
        "Log loss is the mean negative logarithm of the true class' probability, in nats.",
    ),
    Column(
        "calibration_error",
        "calibration error",
        ".1%",
        "lower",
        "Calibration error is the mean gap between the model's confidence and its accuracy.",
        most=1,
    ),
    *trained_columns(),
)


@dataclass(frozen=True, kw_only=True)
class LabelReport(Report):
    """What the reports of classifiers and taggers have in common.

    Args:
        comparison: of `LABEL_COLUMNS`.
        classes: K names.
        confusion: (K, K) counts of the test part, true class by predicted class.
        reliability: rows of confidence, accuracy and count.
        temperature: by which the logits are divided.
        tested: a sentence on what the figures were measured on.
    """

    classes: Sequence[str]
    confusion: NDArray[np.integer[Any]]
    reliability: Sequence[Mapping[str, float]]
    temperature: float
    tested: str

    def _problems(self) -> list[str]:
        if self.confusion.shape != (len(self.classes), len(self.classes)):
            return [f"confusion is {self.confusion.shape}, beside {len(self.classes)} classes"]
        return []
