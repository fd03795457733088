"""The page of a translation report."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Any

from gruvy.report import text
from gruvy.report.palette import DARK, LIGHT
from gruvy.report.rendering import legend_key, render
from gruvy.report.translation.figures import figures
from gruvy.report.translation.values import TranslationReport


def write_translation_report(report: TranslationReport, path: str | PathLike[str]) -> Path:
    """Write the report as one self-contained HTML file of about 5 MB, most of it plotly.js.

    Args:
        report: what is shown.
        path: the file to write; an existing one is replaced.

    Returns:
        The path of the written file.

    Example:
        >>> write_translation_report(report, "report.html")  # doctest: +SKIP
        PosixPath('report.html')
    """
    return render(
        path,
        "translation.html.j2",
        {"light": figures(report, LIGHT), "dark": figures(report, DARK)},
        headline(report),
        report=report,
        text=text,
        rows=_table(report),
        lengths_aid=_lengths_aid(report),
        legends=_legends(report),
    )


def headline(report: TranslationReport) -> str:
    """Say the BLEU of the model and of the other models, on all sentences and on the long ones."""
    own, *others = [row for row in report.rows if row.kind == "model"]
    beside = "".join(f", and the {row.name} {text.fixed(row.bleu, 1)}" for row in others)
    long = "".join(f" and {text.fixed(row.bleu_long, 1)}" for row in others)
    return (
        f"The {own.name} reaches a BLEU of {text.fixed(own.bleu, 1)} on sentences that it had never seen{beside}. "
        f"On those of more than {report.long_words} words: {text.fixed(own.bleu_long, 1)}{long}."
    )


def _lengths_aid(report: TranslationReport) -> str:
    lengths = report.lengths
    counts = text.listed([f"{count:,} of {name}" for name, count in zip(lengths.names, lengths.counts, strict=True)])
    return f"Higher is better. Sentences by the words of their source: {counts}."


def _table(report: TranslationReport) -> list[dict[str, Any]]:
    """Return the table's cells as text."""
    best = max((row.bleu or 0.0 for row in report.rows), default=0.0) or 1.0
    rows = []
    models = 0
    for row in report.rows:
        model = row.kind == "model"
        light, dark = (theme.model(models) if model else theme.baseline for theme in (LIGHT, DARK))
        models += model
        rows.append(
            {
                "name": row.name,
                "kind": row.kind,
                "key": legend_key(row.name, light, dark, "solid" if model else "dot"),
                "width": f"{100 * (row.bleu or 0.0) / best:.1f}%",
                "bleu": text.fixed(row.bleu, 1),
                "cells": [
                    (f"BLEU, over {report.long_words} words", text.fixed(row.bleu_long, 1)),
                    ("chrF", text.fixed(row.chrf, 1)),
                    ("Perplexity", text.fixed(row.perplexity, 1)),
                    ("Parameters", text.fixed(row.parameters, 0)),
                    ("Per epoch", text.seconds(row.seconds_per_epoch)),
                ],
            }
        )
    return rows


def _legends(report: TranslationReport) -> dict[str, list[dict[str, str]]]:
    models = [legend_key(name, LIGHT.model(i), DARK.model(i)) for i, name in enumerate(report.lengths.bleu)]
    losses = [legend_key(curve.name, LIGHT.model(i), DARK.model(i)) for i, curve in enumerate(report.losses)]
    losses += [
        legend_key("validation", LIGHT.soft, DARK.soft),
        legend_key("training", LIGHT.soft, DARK.soft, "dot"),
    ]
    return {"lengths": models, "losses": losses}
