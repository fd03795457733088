"""Self-contained HTML reports: one file that opens offline and shows a model, its rivals and its gates."""

from gruvy.report.anomaly.page import write_anomaly_report
from gruvy.report.anomaly.table import detector_table
from gruvy.report.anomaly.values import AnomalyEvent, AnomalyReport, DetectorRow
from gruvy.report.classification.page import write_classification_report
from gruvy.report.classification.table import score_table
from gruvy.report.classification.values import ClassificationReport, Course, Example, ScoreRow
from gruvy.report.forecasting.page import write_report
from gruvy.report.forecasting.table import error_table
from gruvy.report.forecasting.text import headline
from gruvy.report.forecasting.values import ForecastReport, Gates, Sample, TableRow
from gruvy.report.language.page import write_language_report
from gruvy.report.language.table import bits_table
from gruvy.report.language.text import bits_headline
from gruvy.report.language.values import BitsRow, LanguageReport, Passage, Written
from gruvy.report.table import Table
from gruvy.report.tagging.page import write_tagging_report
from gruvy.report.tagging.values import ClassRow, TaggedExample, TaggingReport
from gruvy.report.values import LossCurve

__all__ = [
    "AnomalyEvent",
    "AnomalyReport",
    "BitsRow",
    "ClassRow",
    "ClassificationReport",
    "Course",
    "DetectorRow",
    "Example",
    "ForecastReport",
    "Gates",
    "LanguageReport",
    "LossCurve",
    "Passage",
    "Sample",
    "ScoreRow",
    "Table",
    "TableRow",
    "TaggedExample",
    "TaggingReport",
    "Written",
    "bits_headline",
    "bits_table",
    "detector_table",
    "error_table",
    "headline",
    "score_table",
    "write_anomaly_report",
    "write_classification_report",
    "write_language_report",
    "write_report",
    "write_tagging_report",
]
