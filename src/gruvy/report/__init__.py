"""Self-contained HTML reports: one file that opens offline and shows a model, its rivals and its gates."""

from gruvy.report.forecasting.values import ForecastReport, Gates, LossCurve, Sample, TableRow
from gruvy.report.forecasting.page import write_report

__all__ = ["ForecastReport", "Gates", "LossCurve", "Sample", "TableRow", "write_report"]
