"""Self-contained HTML reports: one file that opens offline and shows a model, its rivals and its gates."""

from gruvy.report.classification.page import write_classification_report
from gruvy.report.classification.table import score_table
from gruvy.report.classification.values import ClassificationReport, Course, Example, ScoreRow
from gruvy.report.forecasting.page import write_report
from gruvy.report.forecasting.table import error_table
from gruvy.report.forecasting.values import ForecastReport, Gates, LossCurve, Sample, TableRow
from gruvy.report.table import Table
from gruvy.report.translation.page import write_translation_report
from gruvy.report.translation.table import translation_table
from gruvy.report.translation.values import AttentionMap, Lengths, TranslationExample, TranslationReport, TranslationRow

__all__ = [
    "AttentionMap",
    "ClassificationReport",
    "Course",
    "Example",
    "ForecastReport",
    "Gates",
    "Lengths",
    "LossCurve",
    "Sample",
    "ScoreRow",
    "Table",
    "TableRow",
    "TranslationExample",
    "TranslationReport",
    "TranslationRow",
    "error_table",
    "score_table",
    "translation_table",
    "write_classification_report",
    "write_report",
    "write_translation_report",
]
