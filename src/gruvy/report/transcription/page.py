"""The page of a transcription report."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Any

from gruvy.report import text
from gruvy.report.palette import DARK, LIGHT
from gruvy.report.rendering import legend_key, render
from gruvy.report.transcription.figures import figures
from gruvy.report.transcription.values import TranscriptionReport


def write_transcription_report(report: TranscriptionReport, path: str | PathLike[str]) -> Path:
    """Write the report as one self-contained HTML file of about 5 MB, most of it plotly.js.

    Args:
        report: what is shown.
        path: the file to write; an existing one is replaced.

    Returns:
        The path of the written file.

    Example:
        >>> write_transcription_report(report, "report.html")  # doctest: +SKIP
        PosixPath('report.html')
    """
    return render(
        path,
        "transcription.html.j2",
        {"light": figures(report, LIGHT), "dark": figures(report, DARK)},
        transcription_headline(report),
        report=report,
        text=text,
        rows=_table(report),
        lengths=_lengths(report),
        keys=_keys(report),
    )


def transcription_headline(report: TranscriptionReport) -> str:
    """Say how many characters and words are wrong, and of each baseline, and of a better model, if there is one."""
    model = report.model
    best = min((row for row in report.rows if row.kind == "model"), key=lambda row: row.cer)
    better = f" The {best.name}: {best.cer:.1%} and {best.wer:.1%}." if best.cer < model.cer else ""
    others = [f"{row.cer:.1%} by {row.name}" for row in report.rows if row.kind == "baseline"]
    beside = f" (characters: {text.listed(others)})" if others else ""
    return (
        f"The {model.name} gets {model.cer:.1%} of the characters and {model.wer:.1%} of the words wrong in what it "
        f"had never heard{beside}.{better}"
    )


def _table(report: TranscriptionReport) -> list[dict[str, Any]]:
    """Return the table's cells as text."""
    most = max(row.cer for row in report.rows) or 1.0
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
                "width": f"{100 * row.cer / most:.1f}%",
                "cer": f"{row.cer:.1%}",
                "cells": [
                    ("Word error rate", f"{row.wer:.1%}"),
                    ("Without error", f"{row.exact:.1%}"),
                    ("Parameters", text.fixed(row.parameters, 0)),
                    ("Per epoch", text.seconds(row.seconds_per_epoch)),
                ],
            }
        )
    return rows


def _lengths(report: TranscriptionReport) -> str:
    groups = [f"{group.name} {group.cer:.0%} ({group.count})" for group in report.by_length]
    return f"Character error rate by length, with the number of recordings: {text.listed(groups)}."


def _keys(report: TranscriptionReport) -> list[dict[str, str]]:
    losses = [legend_key(curve.name, LIGHT.model(i), DARK.model(i)) for i, curve in enumerate(report.losses)]
    return [
        *losses,
        legend_key("validation", LIGHT.soft, DARK.soft),
        legend_key("training", LIGHT.soft, DARK.soft, "dot"),
    ]
