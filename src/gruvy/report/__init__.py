"""Self-contained HTML reports: one file that opens offline and shows a model, its rivals and its gates."""

from gruvy.report.agent.page import write_agent_report
from gruvy.report.agent.table import return_table
from gruvy.report.agent.values import AgentReport, AgentRow, EnvironmentPart, Episode, ReturnCurve
from gruvy.report.anomaly.page import write_anomaly_report
from gruvy.report.anomaly.table import detector_table
from gruvy.report.anomaly.values import AnomalyEvent, AnomalyReport, DetectorRow
from gruvy.report.classification.page import write_classification_report
from gruvy.report.classification.table import score_table
from gruvy.report.classification.values import ClassificationReport, Course, Example, ScoreRow
from gruvy.report.forecasting.page import write_report
from gruvy.report.forecasting.table import error_table
from gruvy.report.forecasting.text import headline, score_headline
from gruvy.report.forecasting.values import ForecastReport, Gates, Sample, TableRow
from gruvy.report.language.page import write_language_report
from gruvy.report.language.table import bits_table
from gruvy.report.language.text import bits_headline
from gruvy.report.language.values import BitsRow, LanguageReport, Passage, Written
from gruvy.report.music.page import write_music_report
from gruvy.report.music.table import frame_table
from gruvy.report.music.values import Foreseen, FrameRow, MusicReport
from gruvy.report.table import Table
from gruvy.report.tagging.page import write_tagging_report
from gruvy.report.tagging.values import ClassRow, TaggedExample, TaggingReport
from gruvy.report.transcription.page import transcription_headline, write_transcription_report
from gruvy.report.transcription.table import transcript_table
from gruvy.report.transcription.values import Comparison, ErrorRow, Heard, LengthGroup, TranscriptionReport
from gruvy.report.translation.page import write_translation_report
from gruvy.report.translation.table import translation_table
from gruvy.report.translation.values import AttentionMap, Lengths, TranslationExample, TranslationReport, TranslationRow
from gruvy.report.values import LossCurve

__all__ = [
    "AgentReport",
    "AgentRow",
    "AnomalyEvent",
    "AnomalyReport",
    "AttentionMap",
    "BitsRow",
    "ClassRow",
    "ClassificationReport",
    "Comparison",
    "Course",
    "DetectorRow",
    "EnvironmentPart",
    "Episode",
    "ErrorRow",
    "Example",
    "ForecastReport",
    "Foreseen",
    "FrameRow",
    "Gates",
    "Heard",
    "LanguageReport",
    "LengthGroup",
    "Lengths",
    "LossCurve",
    "MusicReport",
    "Passage",
    "ReturnCurve",
    "Sample",
    "ScoreRow",
    "Table",
    "TableRow",
    "TaggedExample",
    "TaggingReport",
    "TranscriptionReport",
    "TranslationExample",
    "TranslationReport",
    "TranslationRow",
    "Written",
    "bits_headline",
    "bits_table",
    "detector_table",
    "error_table",
    "frame_table",
    "headline",
    "return_table",
    "score_headline",
    "score_table",
    "transcript_table",
    "transcription_headline",
    "translation_table",
    "write_agent_report",
    "write_anomaly_report",
    "write_classification_report",
    "write_language_report",
    "write_music_report",
    "write_report",
    "write_tagging_report",
    "write_transcription_report",
    "write_translation_report",
]
