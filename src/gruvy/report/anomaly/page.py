"""The page of an anomaly report."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from gruvy.report import text
from gruvy.report.anomaly.figures import MOST_COLUMNS, figures
from gruvy.report.anomaly.values import AnomalyReport, DetectorRow
from gruvy.report.palette import DARK, LIGHT
from gruvy.report.rendering import legend_key, render

# The table of events shows so many, those with the highest scores.
_MOST_EVENTS = 30


def write_anomaly_report(report: AnomalyReport, path: str | PathLike[str]) -> Path:
    """Write the report as one self-contained HTML file of about 5 MB, most of it plotly.js.

    Args:
        report: what is shown.
        path: the file to write; an existing one is replaced.

    Returns:
        The path of the written file.

    Example:
        >>> write_anomaly_report(report, "report.html")  # doctest: +SKIP
        PosixPath('report.html')
    """
    return render(
        path,
        "anomaly.html.j2",
        {"light": figures(report, LIGHT), "dark": figures(report, DARK)},
        headline(report),
        report=report,
        text=text,
        events=_events(report),
        rows=_rows(report),
        sentences=_sentences(report),
        legends=_legends(report),
    )


def headline(report: AnomalyReport) -> str:
    """Say in one sentence what was found, and, where labels are known, how much of it is right."""
    count = len(report.events)
    found = f"{count} event{'' if count == 1 else 's'} in {len(report.index):,} rows"
    if report.labelled is None:
        judged = report.scores[~np.isnan(report.scores)]
        flagged = float((judged > 1).mean()) if len(judged) else 0.0
        return f"{found}; {flagged:.2%} of the rows raise an alarm, where {report.rate:.2%} of normal ones should."
    right = sum(bool(event.right) for event in report.events)
    met = sum(
        any(event.first < stop and start <= event.last for event in report.events) for start, stop in report.labelled
    )
    return f"{met} of {len(report.labelled)} labelled events were found; {right} of the {found} are right."


def _sentences(report: AnomalyReport) -> dict[str, str]:
    left_out = len(report.series) - MOST_COLUMNS
    columns = (
        f" The {MOST_COLUMNS} columns with most events are drawn, {left_out} more were watched." if left_out > 0 else ""
    )
    marks = "Orange bands are the events that were found" + (
        ", grey bands those that are labelled." if report.labelled is not None else "."
    )
    calibration = (
        f"The threshold was set so that {report.rate:.2%} of normal rows exceed it, by {len(report.calibration):,} "
        "held-out normal rows that nothing else was learnt from."
    )
    if report.normal is not None:
        share = float(np.mean(report.normal > 1))
        calibration += (
            f" Of the {len(report.normal):,} rows here that are not labelled {share:.2%} do. Above the dotted line "
            "there are more alarms than stated: such rows are unlike those, or come so soon after an event that "
            "the score has not fallen yet."
        )
    return {"series": marks + columns, "calibration": calibration}


def _events(report: AnomalyReport) -> list[dict[str, Any]]:
    strongest = sorted(report.events, key=lambda event: -event.score)[:_MOST_EVENTS]
    places = text.decimals([event.score for event in strongest])
    return [
        {
            "start": event.start,
            "cells": [
                ("End", event.end),
                ("Rows", f"{event.rows:,}"),
                ("Score", text.fixed(event.score, min(places, 2))),
                ("Column", event.column),
            ]
            + ([] if event.right is None else [("Right", "yes" if event.right else "no")]),
        }
        for event in strongest
    ]


def _rows(report: AnomalyReport) -> list[dict[str, Any]]:
    return [
        {
            "name": row.name,
            "kind": row.kind,
            "key": _key(row),
            "width": f"{100 * row.f1:.1f}%",
            "f1": f"{row.f1:.2f}",
            "cells": [
                ("Precision", text.fixed(row.precision, 2)),
                ("Recall", text.fixed(row.recall, 2)),
                ("False events", f"{row.false_alarms:g}"),
                ("Normal rows flagged", f"{row.normal_rows_flagged:.2%}"),
                ("ROC AUC of rows", text.fixed(row.roc_auc, 3)),
            ],
        }
        for row in report.rows
    ]


def _key(row: DetectorRow) -> dict[str, str]:
    if row.kind == "model":
        return legend_key(row.name, LIGHT.model(0), DARK.model(0))
    return legend_key(row.name, LIGHT.baseline, DARK.baseline, "dot")


def _legends(report: AnomalyReport) -> dict[str, list[dict[str, str]]]:
    bands = [legend_key("found", LIGHT.model(1), DARK.model(1), "band")]
    if report.labelled is not None:
        bands.append(legend_key("labelled", LIGHT.baseline, DARK.baseline, "band"))
    calibration = [legend_key("as stated", LIGHT.baseline, DARK.baseline, "dot")]
    if report.normal is not None:
        calibration.append(legend_key("normal rows of this table", LIGHT.model(0), DARK.model(0)))
    calibration.append(legend_key("the rate in use", LIGHT.model(1), DARK.model(1), "dash"))
    losses = [legend_key(curve.name, LIGHT.model(i), DARK.model(i)) for i, curve in enumerate(report.losses)]
    losses += [legend_key("validation", LIGHT.soft, DARK.soft), legend_key("training", LIGHT.soft, DARK.soft, "dot")]
    return {"series": bands, "calibration": calibration, "losses": losses}
