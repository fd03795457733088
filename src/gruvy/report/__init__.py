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
from gruvy.report.translation.page import write_translation_report
from gruvy.report.translation.table import translation_table
from gruvy.report.translation.values import AttentionMap, Lengths, TranslationExample, TranslationReport, TranslationRow
from gruvy.report.values import LossCurve

__all__ = [
    "AnomalyEvent",
    "AnomalyReport",
    "AttentionMap",
    "BitsRow",
    "ClassificationReport",
    "Course",
    "DetectorRow",
    "Example",
    "ForecastReport",
    "Gates",
    "LanguageReport",
    "Lengths",
    "LossCurve",
    "Passage",
    "Sample",
    "ScoreRow",
    "Table",
    "TableRow",
    "TranslationExample",
    "TranslationReport",
    "TranslationRow",
    "Written",
    "bits_headline",
    "bits_table",
    "detector_table",
    "error_table",
    "headline",
    "score_table",
    "translation_table",
    "write_anomaly_report",
    "write_classification_report",
    "write_language_report",
    "write_report",
    "write_translation_report",
]
