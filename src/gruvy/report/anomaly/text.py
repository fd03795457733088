"""The sentences of an anomaly report, and its table of events."""

from __future__ import annotations

import numpy as np

from gruvy.report.anomaly.values import AnomalyReport
from gruvy.report.comparison import Column, Comparison, Row

# More columns than this do not fit on a page; the others are left out, which the page says.
MOST_COLUMNS = 6
# Events in the table: those with the highest scores.
_MOST_EVENTS = 30
_EVENT_COLUMNS = (
    Column("end", "end"),
    Column("rows", "rows", ","),
    Column("score", "score", ".2f", about="The events with the highest scores; an alarm is above 1."),
    Column("column", "column", about="The column is the one without which the scores would be lowest."),
    Column("right", "right"),
)


def series_aid(report: AnomalyReport) -> str:
    """Explain the bands, and say which columns are left out."""
    marks = "Orange bands are the events that were found"
    marks += ", grey bands those that are labelled." if report.labelled is not None else "."
    left_out = len(report.series) - MOST_COLUMNS
    if left_out > 0:
        marks += f" The {MOST_COLUMNS} columns with most events are drawn, {left_out} more were watched."
    return marks


def calibration_aid(report: AnomalyReport) -> str:
    """Say what the threshold promises, and what is measured."""
    sentence = (
        f"The threshold was set so that {report.rate:.2%} of normal rows exceed it, by {len(report.calibration):,} "
        "held-out normal rows that had no other part in the training."
    )
    if report.normal is None:
        scored = report.scores[~np.isnan(report.scores)]
        return (
            f"{sentence} Of the {len(scored):,} rows here {_above(scored):.2%} do. Which of them are normal is not "
            "known: anomalies lift the curve above the dotted line."
        )
    return (
        f"{sentence} Of the {len(report.normal):,} rows here that are not labelled {_above(report.normal):.2%} do. "
        "Above the dotted line there are more alarms than stated: such rows are unlike those, or come so soon after an "
        "event that the score has not fallen yet."
    )


def events(report: AnomalyReport) -> Comparison:
    """Return the table of the strongest events."""
    strongest = sorted(report.events, key=lambda event: -event.score)[:_MOST_EVENTS]
    right = {True: "yes", False: "no", None: None}
    return Comparison(
        _EVENT_COLUMNS,
        [
            Row(
                event.start,
                values={
                    "end": event.end,
                    "rows": event.rows,
                    "score": event.score,
                    "column": event.column,
                    "right": right[event.right],
                },
            )
            for event in strongest
        ],
        what="start",
        bar="score",
    )


def _above(scores: np.ndarray) -> float:
    return float((scores > 1).mean()) if len(scores) else 0.0
