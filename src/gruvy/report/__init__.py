"""Self-contained HTML reports: one file that opens offline and shows a model, its rivals and its gates."""

from gruvy.report.classification.page import write_classification_report
from gruvy.report.classification.table import score_table
from gruvy.report.classification.values import ClassificationReport, Course, Example, ScoreRow
from gruvy.report.forecasting.page import write_report
from gruvy.report.forecasting.table import error_table
from gruvy.report.forecasting.values import ForecastReport, Gates, LossCurve, Sample, TableRow
from gruvy.report.table import Table
from gruvy.report.tagging.page import write_tagging_report
from gruvy.report.tagging.values import ClassRow, TaggedExample, TaggingReport

__all__ = [
    "ClassRow",
    "ClassificationReport",
    "Course",
    "Example",
    "ForecastReport",
    "Gates",
    "LossCurve",
    "Sample",
    "ScoreRow",
    "Table",
    "TableRow",
    "TaggedExample",
    "TaggingReport",
    "error_table",
    "score_table",
    "write_classification_report",
    "write_report",
    "write_tagging_report",
]
