"""Self-contained HTML reports: one file that opens offline and shows a model, its rivals and its gates."""

from gruvy.report.forecasting.values import ForecastReport, Gates, LossCurve, Sample, TableRow
from gruvy.report.language.values import BitsRow, LanguageReport, Passage, Written
from gruvy.report.language.page import write_language_report
from gruvy.report.language.text import bits_headline
from gruvy.report.forecasting.page import write_report

__all__ = [
    "BitsRow",
    "ForecastReport",
    "Gates",
    "LanguageReport",
    "LossCurve",
    "Passage",
    "Sample",
    "TableRow",
    "Written",
    "bits_headline",
    "write_language_report",
    "write_report",
]
