"""The report of agents."""

from gruvy.report.agent.values import RETURN_COLUMNS, AgentReport, EnvironmentPart, Episode, ReturnCurve

__all__ = ["RETURN_COLUMNS", "AgentReport", "EnvironmentPart", "Episode", "ReturnCurve"]
