"""The page of a report on music."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Any

from gruvy.report import text
from gruvy.report.music.figures import figures
from gruvy.report.music.sound import sound
from gruvy.report.music.values import MusicReport
from gruvy.report.palette import DARK, LIGHT
from gruvy.report.rendering import legend_key, render


def write_music_report(report: MusicReport, path: str | PathLike[str]) -> Path:
    """Write the report as one self-contained HTML file of about 5 MB, most of it plotly.js and sound.

    Args:
        report: what is shown.
        path: the file to write; an existing one is replaced.

    Returns:
        The path of the written file.

    Example:
        >>> write_music_report(report, "report.html")  # doctest: +SKIP
        PosixPath('report.html')
    """
    return render(
        path,
        "music.html.j2",
        {"light": figures(report, LIGHT), "dark": figures(report, DARK)},
        headline(report),
        report=report,
        text=text,
        rows=_table(report),
        sentences=_sentences(report),
        losses_legend=_losses_legend(report),
        sound=None if report.lowest is None else sound(report.drawn, report.lowest, report.seconds),
    )


def headline(report: MusicReport) -> str:
    """Say in one sentence how well the model foresees a frame, and all others."""
    model = report.model
    others = [f"{row.nll:.2f} of {_called(row.name, row.kind)}" for row in report.rows if row is not model]
    beside = f", beside {text.listed(others)}" if others else ""
    return (
        f"The {model.name} foresees the frames of pieces that it had never heard with a negative log-likelihood of "
        f"{model.nll:.2f} nats a frame{beside}."
    )


def _called(name: str, kind: str) -> str:
    return f"the {name}" if kind == "model" else name


def _sentences(report: MusicReport) -> dict[str, str]:
    piece = report.piece
    on = piece.roll != 0
    given = ""
    if on.any() and not on.all():
        sure, silent = piece.probabilities[on].mean(), piece.probabilities[~on].mean()
        given = f" It gave notes that sounded {sure:.0%} on average, and the others {silent:.1%}."
    held = (report.drawn != 0).sum(axis=1).mean()
    return {
        "foreseen": (
            f"{piece.name}, the piece of the test part with the median likelihood ({piece.nll:.2f} nats a frame). The "
            f"brighter, the likelier the model held the note, given all frames before; rings are what sounded.{given}"
        ),
        "drawn": (
            f"{len(report.drawn)} {report.step}s, drawn frame by frame from the model's own probabilities: nothing was "
            f"given, chosen or mended. {held:.1f} notes sound at a time on average. Within a frame the notes are drawn "
            "independently of each other, which is why some chords clash."
        ),
    }


def _table(report: MusicReport) -> list[dict[str, Any]]:
    """Return the table's cells as text."""
    hues = {"model": 0, "baseline": 0}
    most = max(row.nll for row in report.rows)
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
                "width": f"{100 * row.nll / most:.1f}%",
                "nll": f"{row.nll:.3f}",
                "cells": [
                    ("Frame accuracy", f"{row.frame_accuracy:.1%}"),
                    ("Parameters", text.fixed(row.parameters, 0)),
                    ("Per epoch", text.seconds(row.seconds_per_epoch)),
                ],
            }
        )
    return rows


def _losses_legend(report: MusicReport) -> list[dict[str, str]]:
    models = [legend_key(c.name, LIGHT.model(i), DARK.model(i)) for i, c in enumerate(report.losses)]
    return [
        *models,
        legend_key("validation", LIGHT.soft, DARK.soft),
        legend_key("training", LIGHT.soft, DARK.soft, "dot"),
    ]
