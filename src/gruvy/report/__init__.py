"""Self-contained HTML reports: one file that opens offline and shows a model, its rivals and its gates."""

from gruvy.report.classification import ClassificationReport, Course, Example, ScoreRow
from gruvy.report.classification_page import write_classification_report
from gruvy.report.forecast import ForecastReport, Gates, LossCurve, Sample, TableRow
from gruvy.report.page import write_report

__all__ = [
    "ClassificationReport",
    "Course",
    "Example",
    "ForecastReport",
    "Gates",
    "LossCurve",
    "Sample",
    "ScoreRow",
    "TableRow",
    "write_classification_report",
    "write_report",
]
