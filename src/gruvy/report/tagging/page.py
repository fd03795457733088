"""The page of a tagging report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from os import PathLike
from pathlib import Path
from string import ascii_uppercase
from typing import Any

import numpy as np

from gruvy.report import text
from gruvy.report.classification.page import legends, score_rows, sentences
from gruvy.report.palette import DARK, LIGHT
from gruvy.report.rendering import legend_key, render
from gruvy.report.tagging.figures import figures
from gruvy.report.tagging.values import TaggedExample, TaggingReport

# Steps in a line of an example: what a phone has room for, at a size that can be read, twice.
_LINE = 60


def write_tagging_report(report: TaggingReport, path: str | PathLike[str]) -> Path:
    """Write the report as one self-contained HTML file of about 5 MB, most of it plotly.js.

    Args:
        report: what is shown.
        path: the file to write; an existing one is replaced.

    Returns:
        The path of the written file.

    Example:
        >>> write_tagging_report(report, "report.html")  # doctest: +SKIP
        PosixPath('report.html')
    """
    return render(
        path,
        "tagging.html.j2",
        {"light": figures(report, LIGHT), "dark": figures(report, DARK)},
        headline(report),
        report=report,
        text=text,
        rows=score_rows(report),
        sentences={**sentences(report), **_more_sentences(report)},
        examples=[_lines(example, report.classes) for example in report.tagged],
        signs=_signs(report.classes),
        hues=_hues(report),
        legends={**legends(report), **_more_legends()},
    )


def headline(report: TaggingReport) -> str:
    """Say in one sentence how often the model is right, and each baseline."""
    model = report.model
    others = [f"{row.accuracy:.1%} by {row.name}" for row in report.rows if row.kind == "baseline"]
    beside = f", beside {text.listed(others)}" if others else ""
    return (
        f"The {model.name} labels {model.accuracy:.1%} of all steps right in sequences that it had never seen{beside}."
    )


def _more_sentences(report: TaggingReport) -> dict[str, str]:
    low, middle, high = np.quantile(report.accuracies, [0.1, 0.5, 0.9])
    worst = min((row for row in report.by_class if row.count), key=lambda row: row.f1)
    return {
        "confusion": (
            f"Of {report.confusion.sum():,} steps, {report.confusion.diagonal().sum():,} lie on the diagonal. "
            f"Hardest is {worst.name}: {worst.recall:.0%} of it are found, "
            f"and {worst.precision:.0%} of what is called so is so."
        ),
        "lengths": (
            f"Half of the {len(report.lengths):,} sequences have more than {middle:.0%} of their steps right, the "
            f"worst tenth less than {low:.0%}, the best tenth more than {high:.0%}."
        ),
    }


def _more_legends() -> dict[str, list[dict[str, str]]]:
    return {
        "lengths": [
            legend_key("a sequence", LIGHT.baseline, DARK.baseline, "dot"),
            legend_key("mean of like lengths", LIGHT.model(0), DARK.model(0)),
        ]
    }


def _hues(report: TaggingReport) -> list[dict[str, str]]:
    """Return each class' colour: fainter where a hue is used again, grey for the rest."""
    hues: list[dict[str, str]] = []
    for name in report.classes:
        place = len([hue for hue in hues if hue["light"] != LIGHT.line])
        mark = ("55%", "30%", "15%")[min(place // len(LIGHT.models), 2)]
        rest = {"light": LIGHT.line, "dark": DARK.line, "mark": "60%"}
        hues.append(
            rest if name == report.rest else {"light": LIGHT.model(place), "dark": DARK.model(place), "mark": mark}
        )
    return hues


def _lines(example: TaggedExample, classes: Sequence[str]) -> dict[str, Any]:
    """Return an example cut into lines, each row of it as runs of one class."""
    steps = len(example.truth)
    return {
        "title": example.title,
        "verdict": f"{example.accuracy:.0%} of {steps} steps are right",
        "lines": [
            {
                "first": first + 1,
                "characters": example.characters[first : first + _LINE],
                "truth": list(_runs(example.truth[first : first + _LINE], classes)),
                "predicted": list(_runs(example.predicted[first : first + _LINE], classes)),
            }
            for first in range(0, steps, _LINE)
        ],
    }


def _runs(numbers: Sequence[int], classes: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Stretches of one class: its number, and its sign repeated."""
    values = np.asarray(numbers)
    cuts = [0, *(np.flatnonzero(np.diff(values)) + 1).tolist(), len(values)]
    for first, last in pairwise(cuts):
        number = int(values[first])
        yield {"number": number, "signs": _sign(number, classes) * (last - first), "name": classes[number]}


def _sign(number: int, classes: Sequence[str]) -> str:
    """Return one character for a class: its name if that is one, else a letter."""
    return classes[number] if _are_signs(classes) else ascii_uppercase[number % 26]


def _signs(classes: Sequence[str]) -> str:
    """Explain the letters that stand for longer names."""
    if _are_signs(classes):
        return ""
    return text.listed([f"{_sign(number, classes)} is {name}" for number, name in enumerate(classes)]) + "."


def _are_signs(classes: Sequence[str]) -> bool:
    return all(len(name) == 1 for name in classes)
