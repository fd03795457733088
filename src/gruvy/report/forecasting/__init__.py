"""The report of forecasters."""

from gruvy.report.forecasting.values import (
    ForecastReport,
    Gates,
    Sample,
    forecast_columns,
    forecast_headline,
    forecast_row,
)

__all__ = ["ForecastReport", "Gates", "Sample", "forecast_columns", "forecast_headline", "forecast_row"]
