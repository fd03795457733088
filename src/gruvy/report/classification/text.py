"""The sentences of a classification report."""

from __future__ import annotations

from typing import Any

import numpy as np

from gruvy.report.classification.values import ClassificationReport, Example
from gruvy.report.labels.text import confusion_aid as confusion_aid
from gruvy.report.labels.text import reliability_aid as reliability_aid

# Classes in a sentence: more are a list.
_LISTED = 5


def course_aid(report: ClassificationReport) -> str:
    """Explain the mean sequences, and say which classes are left out."""
    left_out = len(report.classes) - len(report.drawn)
    classes = f" The {len(report.drawn)} classes with the most sequences are drawn, {left_out} are not."
    return (
        "The mean sequence of each class, and how much of the network's state at each step went into the decision. The "
        "state has read the steps around it too, so a peak is no proof that this step alone decided."
        + (classes if left_out else "")
    )


def parts_aid(report: ClassificationReport) -> str:
    """Say which part has most of each class' attention for its number of steps."""
    parts = {} if report.course is None else report.course.by_part()
    if not parts:
        return ""
    seen: list[tuple[float, str]] = []
    for number in report.drawn:
        if np.isnan(next(iter(parts.values())).attention[number]):
            continue  # the test part has no sequence of this class
        name, part = max(parts.items(), key=lambda item: item[1].attention[number] / item[1].steps)
        of = f"{part.attention[number]:.0%} of the attention, {part.steps:.0%} of the steps"
        seen.append((part.attention[number] / part.steps, f"{report.classes[number]}: {name} ({of})"))
    clearest = sorted(seen, key=lambda one: -one[0])[:_LISTED]
    listed = ", ".join(text for ratio, text in seen if (ratio, text) in clearest)
    which = f", of the {_LISTED} classes where this is clearest" if len(seen) > _LISTED else ", by class"
    return f"What is looked at most for its number of steps{which}: {listed}."


def marked(example: Example) -> list[dict[str, Any]]:
    """Return the tokens of an example with each one's fraction of the strongest mark, from 0 to 100%."""
    weights = np.asarray(example.weights, dtype=float)
    fractions = weights / max(weights.max(), 1e-9)
    return [
        {"text": token, "fraction": f"{100 * fraction:.0f}%", "weight": f"{weight:.0%}"}
        for token, fraction, weight in zip(example.tokens, fractions, weights, strict=True)
    ]
