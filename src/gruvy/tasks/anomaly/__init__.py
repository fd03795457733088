"""What does not fit the rest of a series: `AnomalyDetector`."""

from gruvy.tasks.anomaly.detector import AnomalyDetector

__all__ = ["AnomalyDetector"]
