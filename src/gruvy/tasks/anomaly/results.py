"""Events as a table, and how well alarms match labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import average_precision_score, roc_auc_score

from gruvy.data import as_frame, is_frame
from gruvy.detection import Detector, Event, Verdict, event_scores, labelled_events
from gruvy.errors import ArgumentError, DataError
from gruvy.timeseries import did_you_mean


def event_table(detector: Detector, verdict: Verdict, index: pd.Index) -> pd.DataFrame:
    """Return a row for each event; see `AnomalyDetector.events`."""
    found = detector.events(verdict.scores)
    rows = {name: np.array([getattr(event, name) for event in found], dtype=np.int64) for name in Event._fields}
    columns = [detector.columns[verdict.shares[event.start : event.stop].sum(axis=0).argmax()] for event in found]
    return pd.DataFrame(
        {
            "start": index[rows["start"]],
            "end": index[rows["stop"] - 1],
            "peak": index[rows["peak"]],
            "rows": rows["stop"] - rows["start"],
            "score": verdict.scores[rows["peak"]],
            "column": pd.Series(columns, dtype=object),
        }
    )


def read_labels(data: Any, labels: Any, count: int) -> np.ndarray:
    """Return labels as (T,) booleans.

    Raises:
        ArgumentError: they are of another length, or not 0 and 1.
        DataError: there is no such column.
    """
    if isinstance(labels, str):
        data = as_frame(data, [labels]) if is_frame(data) else data
        names = data.columns if isinstance(data, pd.DataFrame) else ()
        if labels not in names:
            raise DataError(f"the table: no column '{labels}' (labels); {did_you_mean(labels, names)}")
        labels = data[labels]
    if isinstance(labels, pd.Series) and labels.isna().any():
        raise ArgumentError(f"labels: {labels.isna().sum()} are missing; write 0 or 1 in each row")
    found = np.asarray(labels)
    if found.shape != (count,):
        raise ArgumentError(f"labels: expected one a row, ({count},), got the shape {found.shape}")
    if not np.isin(found, (0, 1)).all():
        wrong = int(np.flatnonzero(~np.isin(found, (0, 1)))[0])
        raise ArgumentError(f"labels: expected 0 or 1 (or booleans), got {found[wrong]} in row {wrong}")
    return found.astype(bool)


def evaluation(
    scores: np.ndarray, found: Sequence[Event], labels: np.ndarray, *, linger: int, tolerance: int = 0
) -> dict[str, Any]:
    """Return the figures of `AnomalyDetector.evaluate`, of the rows that are judged: those whose score is no NaN."""
    judged = ~np.isnan(scores)
    labels = labels & judged
    labelled = labelled_events(labels)
    alarms = scores > 1
    near = np.zeros(len(labels), bool)
    for start, stop in labelled:
        near[max(start - tolerance, 0) : stop + tolerance] = True
    delays = [int(alarms[start:stop].argmax()) for start, stop in labelled if alarms[start:stop].any()]
    normal = alarms[judged][~near[judged]]
    labels, scores = labels[judged], scores[judged]
    mixed = 0 < labels.sum() < len(labels)
    return {
        **event_scores(found, labelled, tolerance=tolerance, linger=linger),
        "normal_rows": len(normal),
        "normal_rows_alarmed": int(normal.sum()),
        "normal_rows_flagged": float(normal.mean()) if len(normal) else float("nan"),
        "median_delay": float(np.median(delays)) if delays else float("nan"),
        "roc_auc": float(roc_auc_score(labels, scores)) if mixed else float("nan"),
        "average_precision": float(average_precision_score(labels, scores)) if mixed else float("nan"),
    }
