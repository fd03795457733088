"""Self-contained HTML reports: one file that opens offline and shows a model, what it has to beat, and its inside.

`write_report` makes a page of any kind of report; the classes of the kinds and their values are in the folders, as
`gruvy.report.forecasting`. A `Comparison` is a table of what models and baselines reach.
"""

from gruvy.report.base import LossCurve, Report
from gruvy.report.comparison import Column, Comparison, Row, scores_table
from gruvy.report.page import write_report

__all__ = ["Column", "Comparison", "LossCurve", "Report", "Row", "scores_table", "write_report"]
