"""The page of a report of agents."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Any

from gruvy.report import text
from gruvy.report.agent.figures import figures
from gruvy.report.agent.values import AgentReport, EnvironmentPart, ReturnCurve
from gruvy.report.palette import DARK, DASHES, LIGHT
from gruvy.report.rendering import legend_key, render


def write_agent_report(report: AgentReport, path: str | PathLike[str]) -> Path:
    """Write the report as one self-contained HTML file of about 5 MB, most of it plotly.js.

    Args:
        report: what is shown.
        path: the file to write; an existing one is replaced.

    Returns:
        The path of the written file.

    Example:
        >>> write_agent_report(report, "report.html")  # doctest: +SKIP
        PosixPath('report.html')
    """
    return render(
        path,
        "agent.html.j2",
        {"light": figures(report, LIGHT), "dark": figures(report, DARK)},
        headline(report),
        report=report,
        parts=[_part(part) for part in report.environments],
    )


def headline(report: AgentReport) -> str:
    """Say for each environment what return is reached, beside what."""
    sentences = []
    for part in report.environments:
        others = [f"{row.mean_return:.3f} by {row.name}" for row in part.rows if row is not part.model]
        beside = f", beside {text.listed(others)}" if others else ""
        sentences.append(f"In {part.name} the {part.model.name} reaches a mean return of {_interval(part)}{beside}.")
    return " ".join(sentences)


def _interval(part: EnvironmentPart) -> str:
    row = part.model
    return f"{row.mean_return:.3f} ({row.low:.3f} to {row.high:.3f})"


def _part(part: EnvironmentPart) -> dict[str, Any]:
    """Return the cells of the table as text, the legend and the sentences of an environment."""
    counts = {"model": 0, "baseline": 0}
    rows = []
    for row in part.rows:
        number = counts[row.kind]
        counts[row.kind] += 1
        model = row.kind == "model"
        light, dark = (theme.model(number) if model else theme.baseline for theme in (LIGHT, DARK))
        rows.append(
            {
                "name": row.name,
                "kind": row.kind,
                "key": legend_key(row.name, light, dark, "solid" if model else DASHES[number % len(DASHES)]),
                "cells": [
                    ("Mean return", f"{row.mean_return:.3f}"),
                    ("95% confidence", f"{row.low:.3f} to {row.high:.3f}"),
                    ("Mean length", f"{row.mean_length:.1f}"),
                    ("Episodes", f"{row.episodes:,}"),
                    ("Parameters", text.fixed(row.parameters, 0)),
                    ("Steps of training", text.fixed(row.steps, 0)),
                    ("Steps per second", text.fixed(row.steps_per_second, 0)),
                ],
            }
        )
    kept = part.episode.update.mean()
    return {
        "name": part.name,
        "about": part.about,
        "model": part.model.name,
        "rows": rows,
        "legend": [row["key"] for row in rows],
        "curves_alt": "Line plot of the mean return by steps of training: "
        + text.listed([_end(curve) for curve in part.curves]),
        "episode": (
            f"One episode of {len(part.episode.rewards)} steps with the likeliest actions, whose return is "
            f"{part.episode.rewards.sum():.3f}. A unit keeps {kept:.0%} of its state per step on average."
        ),
    }


def _end(curve: ReturnCurve) -> str:
    return f"{curve.name} ends at {curve.mean[-1]:.3f}" if len(curve.mean) else f"{curve.name} ended no episode"
