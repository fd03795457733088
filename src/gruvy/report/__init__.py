"""Self-contained HTML reports: one file that opens offline and shows a model, its rivals and its gates."""

from gruvy.report.anomaly.values import AnomalyEvent, AnomalyReport, DetectorRow
from gruvy.report.anomaly.page import write_anomaly_report
from gruvy.report.forecasting.values import ForecastReport, Gates, LossCurve, Sample, TableRow
from gruvy.report.forecasting.page import write_report

__all__ = [
    "AnomalyEvent",
    "AnomalyReport",
    "DetectorRow",
    "ForecastReport",
    "Gates",
    "LossCurve",
    "Sample",
    "TableRow",
    "write_anomaly_report",
    "write_report",
]
