"""Sentences on labels."""

from __future__ import annotations

import numpy as np

from gruvy.report.labels.values import LabelReport


def confusion_aid(report: LabelReport) -> str:
    """Say which classes are found best and worst."""
    counts = report.confusion
    tested = np.flatnonzero(counts.sum(axis=1))  # a class without a sequence to find is neither easy nor hard
    recall = counts.diagonal()[tested] / counts.sum(axis=1)[tested]
    best, worst = (report.classes[int(tested[place])] for place in (recall.argmax(), recall.argmin()))
    return (
        f"Of {counts.sum():,} sequences, {counts.diagonal().sum():,} lie on the diagonal. "
        f"Of class “{best}” the model finds {recall.max():.0%}, of class “{worst}” {recall.min():.0%}."
    )


def reliability_aid(report: LabelReport) -> str:
    """Say how far the model's confidence is from its accuracy."""
    error = report.model["calibration_error"] or 0.0
    return (
        f"A model that says 80% should be right 8 times in 10. Here the gap is {error:.1%} on average, after the "
        f"logits were divided by the temperature {report.temperature:.2f}, which was chosen on the validation part."
    )
