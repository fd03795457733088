"""From forecast errors to anomaly scores and events. Needs NumPy only, for training and runtime alike."""

from gruvy.detection.charts import Chart, conformal_limit, fewest_rows, forecast_errors, running_mean
from gruvy.detection.detector import (
    TASK,
    Detector,
    DetectorStream,
    TimeColumn,
    Verdict,
    check_values,
    differences,
    network_errors,
)
from gruvy.detection.events import Event, event_scores, find_events, labelled_events

__all__ = [
    "TASK",
    "Chart",
    "Detector",
    "DetectorStream",
    "Event",
    "TimeColumn",
    "Verdict",
    "check_values",
    "conformal_limit",
    "differences",
    "event_scores",
    "fewest_rows",
    "find_events",
    "forecast_errors",
    "labelled_events",
    "network_errors",
    "running_mean",
]
