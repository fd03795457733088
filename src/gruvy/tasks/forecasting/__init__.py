"""Forecasts of time series: `Forecaster`."""

from gruvy.tasks.forecasting.forecaster import Forecaster
from gruvy.tasks.forecasting.results import Backtest, Gates

__all__ = ["Backtest", "Forecaster", "Gates"]
