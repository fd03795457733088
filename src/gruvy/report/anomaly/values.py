"""What an anomaly report shows, as plain values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from gruvy.errors import ArgumentError
from gruvy.report.values import LossCurve

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


@dataclass(frozen=True)
class DetectorRow:
    """One line of the comparison; figures of events and rows against labels."""

    name: str
    kind: Literal["model", "baseline"]
    f1: float
    precision: float
    recall: float
    false_alarms: float
    normal_rows_flagged: float
    roc_auc: float


@dataclass(frozen=True)
class AnomalyReport:
    """All that an anomaly report shows; `gruvy.report.write_anomaly_report` turns it into HTML.

    Args:
        title: the headline.
        index: (T,) times (datetime64) or numbers of rows.
        series: column -> its (T,) values.
        scores: (T,), an alarm above 1.
        events: those that were found.
        rate: the stated rate of false alarms.
        calibration: scores of the held-out normal rows that gave the threshold.
        losses: one curve a trained network.
        provenance: what a reader needs to repeat the run, name -> value.
        description: one or two sentences on the data, or "".
        labelled: (start, stop) rows of the true events; None where they are not known.
        normal: scores of the rows that are no event; None where they are not known.
        rows: the comparison with baselines; empty where there are no labels.

    Raises:
        ArgumentError: lengths that do not fit together.
    """

    title: str
    index: NDArray[Any]
    series: Mapping[str, FloatArray]
    scores: FloatArray
    events: Sequence[AnomalyEvent]
    rate: float
    calibration: FloatArray
    losses: Sequence[LossCurve]
    provenance: Mapping[str, str]
    description: str = ""
    labelled: Sequence[tuple[int, int]] | None = None
    normal: FloatArray | None = None
    rows: Sequence[DetectorRow] = ()

    def __post_init__(self) -> None:
        lengths = {name: len(values) for name, values in {**self.series, "score": self.scores}.items()}
        if set(lengths.values()) != {len(self.index)}:
            raise ArgumentError(f"the report cannot be written: {len(self.index)} rows, but {lengths}")
