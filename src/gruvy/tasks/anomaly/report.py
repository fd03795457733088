"""From a fitted AnomalyDetector to the values that a report shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from gruvy.detection import labelled_events
from gruvy.report import Comparison, Row
from gruvy.report.anomaly import DETECTOR_COLUMNS, AnomalyEvent, AnomalyReport
from gruvy.tasks.anomaly.detector import AnomalyDetector
from gruvy.tasks.anomaly.results import event_table, read_labels
from gruvy.tasks.shared.reporting import loss_curve, repeatable


def anomaly_report(
    detector: AnomalyDetector,
    data: Any,
    labels: Any = None,
    *,
    title: str | None = None,
    description: str = "",
    command: str = "",
    rows: Sequence[Row] = (),
) -> AnomalyReport:
    """Gather what a report shows of a detector on one table.

    Args:
        detector: fitted.
        data: the rows to show, with the columns of the fit.
        labels: (T,) true where a row is anomalous, or the column that says so; None where that is not known.
        title: the headline; by default made of the columns.
        description: one or two sentences on the data.
        command: what repeats the run, or "".
        rows: the comparison with baselines.

    Returns:
        The values of the report; `gruvy.report.write_report` turns them into a page.

    Raises:
        DataError: rows that cannot be used.

    Example:
        >>> write_report(anomaly_report(detector, frame), "report.html")  # doctest: +SKIP
    """
    readings, verdict = detector._judge(data)
    known = None if labels is None else read_labels(data, labels, len(readings.values))
    labelled = None if known is None else labelled_events(known)
    found = detector.detector_.events(verdict.scores)
    table = event_table(detector.detector_, verdict, readings.index)
    names = ", ".join(readings.columns[:4]) + (" ..." if len(readings.columns) > 4 else "")
    # The page has room for the first few columns: those with the most events.
    order = sorted(readings.columns, key=lambda name: -(table["column"] == name).sum())
    return AnomalyReport(
        title=title or f"Anomalies in {names}",
        index=_as_on_clocks(readings.index),
        series={name: readings.values[:, readings.columns.index(name)] for name in order},
        scores=verdict.scores,
        events=[
            AnomalyEvent(
                first=event.start,
                last=event.stop - 1,
                start=_moment(row["start"]),
                end=_moment(row["end"]),
                rows=int(row["rows"]),
                score=float(row["score"]),
                column=str(row["column"]),
                right=None
                if labelled is None
                else any(event.start < stop and start < event.stop for start, stop in labelled),
            )
            for event, (_, row) in zip(found, table.iterrows(), strict=True)
        ],
        rate=float(detector.false_alarm_rate),
        calibration=detector.calibration_scores_,
        losses=[loss_curve("GRU", detector)],
        provenance=_provenance(detector, command),
        description=description or _description(detector),
        labelled=labelled,
        normal=None if known is None else verdict.scores[~known & ~np.isnan(verdict.scores)],
        comparison=Comparison(DETECTOR_COLUMNS, rows, what="detector"),
    )


def detector_row(name: str, figures: Mapping[str, float], *, model: bool) -> Row:
    """Return a line of the comparison from what ``evaluate`` gave, or the mean of several such."""
    return Row(name, "model" if model else "baseline", {one.name: figures[one.name] for one in DETECTOR_COLUMNS})


def _provenance(detector: AnomalyDetector, command: str) -> dict[str, str]:
    made = detector.provenance_
    about = {
        "Rows of the fit": ", ".join(f"{count:,} {part}" for part, count in made["rows"].items()),
        "Span of the fit": " to ".join(_moment(end) for end in made["span"]),
        "Parameters": f"{detector.n_parameters_:,}",
    }
    return repeatable(detector, about, command)


def _description(detector: AnomalyDetector) -> str:
    first, last = (_moment(end) for end in detector.provenance_["span"])
    return f"A GRU that was trained on normal rows, {first} to {last}, forecasts each row; its errors give the score."


def _as_on_clocks(index: pd.Index) -> np.ndarray:
    if isinstance(index, pd.DatetimeIndex) and index.tz is not None:
        return index.tz_localize(None).to_numpy()
    return index.to_numpy()


def _moment(value: Any) -> str:
    return f"{value:%Y-%m-%d %H:%M}" if isinstance(value, pd.Timestamp) else str(value)
