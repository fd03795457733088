"""One estimator a file."""

from gruvy.tasks.anomaly.detector import AnomalyDetector
from gruvy.tasks.forecasting.forecaster import Forecaster
from gruvy.tasks.loading import load
from gruvy.tasks.forecasting.results import Backtest, Gates

__all__ = ["AnomalyDetector", "Backtest", "Forecaster", "Gates", "load"]
