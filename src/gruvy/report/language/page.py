"""The page of a language model's report."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Any

import plotly.graph_objects as go

from gruvy.report import text
from gruvy.report.figures import losses_figure
from gruvy.report.language import text as language_text
from gruvy.report.language.values import BitsRow, LanguageReport
from gruvy.report.palette import DARK, DASHES, LIGHT, Palette
from gruvy.report.rendering import legend_key, render

# Bits from which on a character is marked as dark as can be: as unlikely as one in 250.
_MOST_BITS = 8.0


def write_language_report(report: LanguageReport, path: str | PathLike[str]) -> Path:
    """Write the report as one self-contained HTML file of about 5 MB, most of it plotly.js.

    Args:
        report: what is shown.
        path: the file to write; an existing one is replaced.

    Returns:
        The path of the written file.

    Example:
        >>> write_language_report(report, "report.html")  # doctest: +SKIP
        PosixPath('report.html')
    """
    marks = [min(1.0, float(bits) / _MOST_BITS) for bits in report.passage.bits]
    return render(
        path,
        "language.html.j2",
        {
            "light": {"learning": learning_figure(report, LIGHT)},
            "dark": {"learning": learning_figure(report, DARK)},
        },
        language_text.bits_headline(report.rows, report.test),
        report=report,
        text=language_text,
        rows=_table(report),
        keys=_keys(report),
        passage=[
            (character, f"{mark:.2f}", f"{bits:.1f} bits")
            for character, mark, bits in zip(report.passage.text, marks, report.passage.bits, strict=True)
        ],
    )


def learning_figure(report: LanguageReport, palette: Palette) -> go.Figure:
    """Draw the bits per character by epoch, with a dashed line for each of the others."""
    figure = losses_figure([report.losses], palette)
    ends = [0.75, len(report.losses.validation) + 0.25]
    for number, row in enumerate(_drawn(report)):
        figure.add_scatter(
            x=ends,
            y=[row.bits] * 2,
            mode="lines",
            line={"color": palette.baseline, "width": 2, "dash": DASHES[number]},
            hovertemplate="%{y:.4f}",
            name=row.name,
        )
    figure.update_xaxes(range=ends)
    return figure


def _drawn(report: LanguageReport) -> list[BitsRow]:
    """The others that are near enough to be drawn: a line far above all would flatten the curve."""
    highest = max(*report.losses.validation, report.model.bits) + 1
    return [row for row in report.rows[1:] if row.bits < highest][: len(DASHES)]


def _keys(report: LanguageReport) -> list[dict[str, str]]:
    found = [
        legend_key("validation", LIGHT.model(0), DARK.model(0)),
        legend_key("training", LIGHT.model(0), DARK.model(0), "dot"),
    ]
    return found + [
        legend_key(row.name, LIGHT.baseline, DARK.baseline, DASHES[number]) for number, row in enumerate(_drawn(report))
    ]


def _table(report: LanguageReport) -> list[dict[str, Any]]:
    """The table's cells as text."""
    most = max(row.bits for row in report.rows)
    return [
        {
            "name": row.name,
            "kind": row.kind,
            "light": LIGHT.model(0) if row.kind == "model" else LIGHT.baseline,
            "dark": DARK.model(0) if row.kind == "model" else DARK.baseline,
            "width": f"{100 * row.bits / most:.1f}%",
            "bits": f"{row.bits:.3f}",
            "size": f"{row.bits * report.characters / 8000:,.1f} kB",
            "parameters": text.fixed(row.parameters, 0),
        }
        for row in report.rows
    ]
