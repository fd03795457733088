"""The report of a detector of anomalies."""

from gruvy.report.anomaly.values import DETECTOR_COLUMNS, AnomalyEvent, AnomalyReport

__all__ = ["DETECTOR_COLUMNS", "AnomalyEvent", "AnomalyReport"]
