"""Self-contained HTML reports: one file that opens offline and shows a model, its rivals and its gates."""

from gruvy.report.classification.page import write_classification_report
from gruvy.report.classification.table import score_table
from gruvy.report.classification.values import ClassificationReport, Course, Example, ScoreRow
from gruvy.report.forecasting.page import write_report
from gruvy.report.forecasting.table import error_table
from gruvy.report.forecasting.values import ForecastReport, Gates, LossCurve, Sample, TableRow
from gruvy.report.music.page import write_music_report
from gruvy.report.music.table import frame_table
from gruvy.report.music.values import Foreseen, FrameRow, MusicReport
from gruvy.report.table import Table

__all__ = [
    "ClassificationReport",
    "Course",
    "Example",
    "ForecastReport",
    "Foreseen",
    "FrameRow",
    "Gates",
    "LossCurve",
    "MusicReport",
    "Sample",
    "ScoreRow",
    "Table",
    "TableRow",
    "error_table",
    "frame_table",
    "score_table",
    "write_classification_report",
    "write_music_report",
    "write_report",
]
