"""Self-contained HTML reports: one file that opens offline and shows a model, its rivals and its gates."""

from gruvy.report.agent.page import write_agent_report
from gruvy.report.agent.table import return_table
from gruvy.report.agent.values import AgentReport, AgentRow, EnvironmentPart, Episode, ReturnCurve
from gruvy.report.classification.page import write_classification_report
from gruvy.report.classification.table import score_table
from gruvy.report.classification.values import ClassificationReport, Course, Example, ScoreRow
from gruvy.report.forecasting.page import write_report
from gruvy.report.forecasting.table import error_table
from gruvy.report.forecasting.values import ForecastReport, Gates, LossCurve, Sample, TableRow
from gruvy.report.table import Table

__all__ = [
    "AgentReport",
    "AgentRow",
    "ClassificationReport",
    "Course",
    "EnvironmentPart",
    "Episode",
    "Example",
    "ForecastReport",
    "Gates",
    "LossCurve",
    "ReturnCurve",
    "Sample",
    "ScoreRow",
    "Table",
    "TableRow",
    "error_table",
    "return_table",
    "score_table",
    "write_agent_report",
    "write_classification_report",
    "write_report",
]
