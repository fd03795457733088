"""What an anomaly report shows, as plain values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from gruvy.report.base import Report
from gruvy.report.comparison import Column

FloatArray = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class AnomalyEvent:
    """One event that was found: rows first <= row <= last, and what its line of the table says."""

    first: int
    last: int
    start: str
    end: str
    rows: int
    score: float
    column: str
    right: bool | None = None  # whether it meets a labelled event; None where there are no labels


# What detectors are compared by, where labels are known.
DETECTOR_COLUMNS = (
    Column("f1", "F1 of events", ".2f", "higher", "F1 is the harmonic mean of precision and recall.", most=1),
    Column("precision", "precision", ".2f", "higher", "Precision is the fraction of found events that meet a label."),
    Column("recall", "recall", ".2f", "higher", "Recall is the fraction of the labelled events that are found."),
    Column("false_alarms", "false events", "g", "lower", on_page=True),
    Column("normal_rows_flagged", "normal rows flagged", ".2%", "lower"),
    Column(
        "roc_auc",
        "ROC AUC of rows",
        ".3f",
        "higher",
        "ROC AUC is of the rows' scores, whatever the threshold.",
        on_page=True,
    ),
)


@dataclass(frozen=True, kw_only=True)
class AnomalyReport(Report):
    """The report of a detector of anomalies.

    Args:
        index: (T,) times (datetime64) or numbers of rows.
        series: column -> its (T,) values.
        scores: (T,), an alarm above 1.
        events: those that were found.
        rate: the stated rate of false alarms.
        calibration: scores of the held-out normal rows that gave the threshold.
        labelled: (start, stop) rows of the true events; None where they are not known.
        normal: scores of the rows that are no event; None where they are not known.
        comparison: of `DETECTOR_COLUMNS`; without rows where there are no labels.
    """

    folder: ClassVar[str] = __package__
    loss: ClassVar[str] = "squared error, 1 is persistence"
    compares: ClassVar[bool] = False

    index: NDArray[Any]
    series: Mapping[str, FloatArray]
    scores: FloatArray
    events: Sequence[AnomalyEvent]
    rate: float
    calibration: FloatArray
    labelled: Sequence[tuple[int, int]] | None = None
    normal: FloatArray | None = None

    @property
    def headline(self) -> str:
        """What was found, and, where labels are known, how much of it is right."""
        count = len(self.events)
        events = f"{count} event{'' if count == 1 else 's'} in {len(self.index):,} rows"
        if self.labelled is None:
            scored = self.scores[~np.isnan(self.scores)]
            flagged = float((scored > 1).mean()) if len(scored) else 0.0
            return f"{events}; {flagged:.2%} of the rows raise an alarm, where {self.rate:.2%} of normal ones should."
        right = sum(bool(event.right) for event in self.events)
        met = sum(
            any(event.first < stop and start <= event.last for event in self.events) for start, stop in self.labelled
        )
        return f"{met} of {len(self.labelled)} labelled events were found; {right} of the {events} are right."

    def _problems(self) -> list[str]:
        lengths = {name: len(values) for name, values in {**self.series, "score": self.scores}.items()}
        return [] if set(lengths.values()) == {len(self.index)} else [f"{len(self.index)} rows, but {lengths}"]
