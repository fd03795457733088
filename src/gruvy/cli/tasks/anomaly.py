"""``gruvy fit anomaly``, and how detectors predict and are evaluated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gruvy.cli.arguments import names, spellings
from gruvy.cli.job import Job
from gruvy.cli.options import AS_FOUND, TABLE_FILES, Rescale, RunOptions, TableOptions, TimeOptions
from gruvy.cli.output import say
from gruvy.errors import ArgumentError, note

if TYPE_CHECKING:
    import pandas as pd

    from gruvy.detection import Detector
    from gruvy.tasks import AnomalyDetector

TAKES = frozenset({"tables", "labels", "report"})
EXAMPLES = r"""
Sensors of a machine, every column but the time, one false alarm in a thousand rows:

    gruvy fit anomaly normal.csv --time time --false-alarm-rate 0.001 \
        --out pump.gruvy
    gruvy predict pump.gruvy new.csv --out scores.csv
"""


def fit(
    data: Annotated[
        Path, typer.Argument(metavar="DATA", help=f"A table ({TABLE_FILES}) of normal rows, one a step, in order.")
    ],
    time: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Dates and times, in regular steps; date,hour for two columns.")
    ] = None,
    columns: Annotated[
        list[str] | None, typer.Option(metavar="COLUMNS", help="Columns to watch; all except the time by default.")
    ] = None,
    rescale: Rescale = False,
    *,
    reading: TableOptions,
    times: TimeOptions,
    run: RunOptions,
) -> Job:
    """Train a detector of anomalies on the normal rows of DATA.

    The last rows set the threshold: a fraction --false-alarm-rate of them raises an alarm. The report shows the rows
    of DATA.
    """
    from gruvy.tasks import AnomalyDetector
    from gruvy.tasks.anomaly.report import anomaly_report

    frame = _read(data, time, spellings(columns) or None, reading.given)
    detector = run.estimator(AnomalyDetector)

    def print_result(loss: float) -> None:
        rows = len(detector.calibration_scores_)
        say(
            f"Watches {', '.join(detector.feature_names_in_)}: {detector.n_parameters_:,} parameters, squared error of "
            f"the forecasts {loss:.0%} of persistence's.\n"
            f"An alarm is a score above 1, which {detector.false_alarm_rate:.2%} of the {rows:,} held-out rows have."
        )

    return Job(
        detector,
        train=lambda **how: detector.fit(
            frame, time=time, columns=names(columns, frame.columns) or None, **times.given(time), **how
        ),
        score=lambda test: detector.history_[detector.best_epoch_ - 1]["validation_loss"],
        show=print_result,
        report=lambda test, loss: anomaly_report(detector, frame),
        scores="validation_loss",
        name="GRU",
    )


def predict(model: AnomalyDetector, data: Path, *, reading: Mapping[str, Any] = AS_FOUND) -> pd.DataFrame:
    """Return the score of every row of a table, an alarm above 1, and the number of its event."""
    scores = model.detect(_read(data, model.time_, model.detector_.columns, reading))
    _note_first(model.detector_, len(scores))
    return scores


def predict_columns(model: Detector, data: Path, *, reading: Mapping[str, Any] = AS_FOUND) -> Mapping[str, Any] | None:
    """The same of delimited text, with NumPy alone; None for other tables."""
    from gruvy.tables import Roles, read_text_table

    roles = Roles(times=tuple(spellings(None if model.time is None else [model.time.name])), numbers=model.columns)
    table = read_text_table(data, roles, **reading)
    if table is None:
        return None
    scores = model.detect(table)
    _note_first(model, len(scores["score"]))
    return scores


def _note_first(model: Detector, rows: int) -> None:
    """Say which of the rows are not judged, if others are."""
    needed = model.warm_up
    if rows > needed:
        note(
            f"the first {needed} rows have no score: the detector has to see {needed} rows before it scores one; to "
            f"have them scored, put the {needed} rows that precede them in front"
        )


def evaluate(
    model: AnomalyDetector,
    data: Path,
    *,
    reading: Mapping[str, Any] = AS_FOUND,
    labels: str | None = None,
    report: Path | None = None,
) -> Mapping[str, Any]:
    """Measure how well the events and scores of a table match the labels in one of its columns."""
    if labels is None:
        raise ArgumentError("--labels: expected the column that is 1 where a row is anomalous, got none")
    frame = _read(data, model.time_, (*model.detector_.columns, labels), reading)
    figures = model.evaluate(frame, labels)
    if report is not None:
        from gruvy.report import write_report
        from gruvy.tasks.anomaly.report import anomaly_report

        write_report(anomaly_report(model, frame, labels), report)
    return figures


def _read(data: Path, time: str | None, columns: Sequence[str] | None, reading: Mapping[str, Any]) -> pd.DataFrame:
    from gruvy.data import read_table

    return read_table(data, times=spellings(None if time is None else [time]), numbers=columns, **reading)


def show(model: AnomalyDetector, figures: Mapping[str, Any]) -> None:
    """Print what ``evaluate`` returned: first in a sentence, then figure by figure."""
    say(
        f"{figures['detected']} of {figures['events']} labelled events detected, {figures['false_alarms']} of "
        f"{figures['found']} reported events are false alarms; {figures['normal_rows_alarmed']:,} of "
        f"{figures['normal_rows']:,} normal rows ({figures['normal_rows_flagged']:.2%}) raise an alarm.\n"
    )
    width = max(map(len, figures))
    for name, value in figures.items():
        shown = f"{value:.4f}" if isinstance(value, float) else str(value)
        say(f"{name.replace('_', ' '):{width}}  {shown}")
