"""The page of a classification report."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from gruvy.report import text
from gruvy.report.classification.figures import figures
from gruvy.report.classification.values import ClassificationReport, Example
from gruvy.report.palette import DARK, LIGHT
from gruvy.report.rendering import legend_key, render


def write_classification_report(report: ClassificationReport, path: str | PathLike[str]) -> Path:
    """Write the report as one self-contained HTML file of about 5 MB, most of it plotly.js.

    Args:
        report: what is shown.
        path: the file to write; an existing one is replaced.

    Returns:
        The path of the written file.

    Example:
        >>> write_classification_report(report, "report.html")  # doctest: +SKIP
        PosixPath('report.html')
    """
    return render(
        path,
        "classification.html.j2",
        {"light": figures(report, LIGHT), "dark": figures(report, DARK)},
        headline(report),
        report=report,
        text=text,
        rows=score_rows(report),
        sentences=sentences(report),
        examples=[_marked(example) for example in report.examples],
        legends=legends(report),
    )


def headline(report: ClassificationReport) -> str:
    """Say in one sentence how often the model is right, and each baseline."""
    model = report.model
    others = [f"{row.accuracy:.1%} by {row.name}" for row in report.rows if row.kind == "baseline"]
    beside = f", beside {text.listed(others)}" if others else ""
    return f"The {model.name} is right about {model.accuracy:.1%} of what it had never seen{beside}."


def sentences(report: ClassificationReport) -> dict[str, str]:
    """Say what the plots show, by their ids."""
    counts = report.confusion
    tested = np.flatnonzero(counts.sum(axis=1))  # a class without a sequence to find is neither easy nor hard
    found = counts.diagonal()[tested] / counts.sum(axis=1)[tested]
    best, worst = (report.classes[int(tested[place])] for place in (found.argmax(), found.argmin()))
    error = report.model.calibration_error or 0.0
    return {
        "parts": _parts_sentence(report),
        "confusion": (
            f"Of {counts.sum():,} sequences, {counts.diagonal().sum():,} lie on the diagonal. "
            f"Of class {best} the model finds {found.max():.0%}, of class {worst} {found.min():.0%}."
        ),
        "reliability": (
            f"A model that says 80% should be right 8 times in 10. Here the gap is {error:.1%} on average, after the "
            f"logits were divided by the temperature {report.temperature:.2f}, which was chosen on the validation part."
        ),
    }


def _parts_sentence(report: ClassificationReport) -> str:
    """Say which part has most of each class' attention for its number of steps."""
    shares = {} if report.course is None else report.course.shares()
    if not shares:
        return ""
    seen = []
    for number, name in enumerate(report.classes):
        if np.isnan(next(iter(shares.values())).attention[number]):
            continue  # the test part has no sequence of this class
        part, share = max(shares.items(), key=lambda item: item[1].attention[number] / item[1].steps)
        seen.append(f"{name}: {part} ({share.attention[number]:.0%} of the attention, {share.steps:.0%} of the steps)")
    return f"What is looked at most for its number of steps, by class: {', '.join(seen)}."


def score_rows(report: ClassificationReport) -> list[dict[str, Any]]:
    """Return the table's cells as text."""
    hues = {"model": 0, "baseline": 0}
    rows = []
    for row in report.rows:
        number = hues[row.kind]
        hues[row.kind] += 1
        model = row.kind == "model"
        light, dark = (theme.model(number) if model else theme.baseline for theme in (LIGHT, DARK))
        rows.append(
            {
                "name": row.name,
                "kind": row.kind,
                "key": legend_key(row.name, light, dark, "solid" if model else "dot"),
                "width": f"{100 * row.accuracy:.1f}%",
                "accuracy": f"{row.accuracy:.1%}",
                "cells": [
                    ("Balanced accuracy", f"{row.balanced_accuracy:.1%}"),
                    ("Macro F1", f"{row.macro_f1:.3f}"),
                    ("Log loss", text.fixed(row.log_loss, 3)),
                    ("Calibration error", "–" if row.calibration_error is None else f"{row.calibration_error:.1%}"),
                    ("Parameters", text.fixed(row.parameters, 0)),
                    ("Per epoch", text.seconds(row.seconds_per_epoch)),
                ],
            }
        )
    return rows


def legends(report: ClassificationReport) -> dict[str, list[dict[str, str]]]:
    """Return the keys of each plot's legend."""
    losses = [legend_key(c.name, LIGHT.model(i), DARK.model(i)) for i, c in enumerate(report.losses)]
    losses += [
        legend_key("validation", LIGHT.soft, DARK.soft),
        legend_key("training", LIGHT.soft, DARK.soft, "dot"),
    ]
    reliability = [
        legend_key(report.model.name, LIGHT.model(0), DARK.model(0)),
        legend_key("as right as it says", LIGHT.baseline, DARK.baseline, "dot"),
    ]
    dashes: Sequence[str] = ("solid", "dash", "dot", "dashdot", "longdash")
    classes = [
        legend_key(name, LIGHT.model(i), DARK.model(i), dashes[i // 3 % len(dashes)])
        for i, name in enumerate(report.classes)
    ]
    even = [legend_key("share of the steps", LIGHT.ink, DARK.ink)]
    return {"losses": losses, "reliability": reliability, "classes": classes, "even": even}


def _marked(example: Example) -> dict[str, Any]:
    """Return an example with each token's share of the strongest mark, from 0 to 100%."""
    weights = np.asarray(example.weights, dtype=float)
    shares = weights / max(weights.max(), 1e-9)
    return {
        "title": example.title,
        "verdict": f"called {example.predicted} ({example.probability:.0%}), is {example.truth}",
        "tokens": [
            {"text": token, "share": f"{100 * share:.0f}%", "weight": f"{weight:.0%}"}
            for token, share, weight in zip(example.tokens, shares, weights, strict=True)
        ],
    }
