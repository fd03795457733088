"""One kind of estimator a folder: the estimator, its network, its file and its report."""

from gruvy.tasks.agent import RecurrentAgent, Trace
from gruvy.tasks.classification import SequenceClassifier
from gruvy.tasks.forecasting import Backtest, Forecaster, Gates
from gruvy.tasks.loading import load

__all__ = ["Backtest", "Forecaster", "Gates", "RecurrentAgent", "SequenceClassifier", "Trace", "load"]
