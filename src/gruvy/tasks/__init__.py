"""One estimator a file."""

from gruvy.tasks.forecaster import Forecaster
from gruvy.tasks.loading import load
from gruvy.tasks.results import Backtest, Gates
from gruvy.tasks.sequence_classifier import SequenceClassifier

__all__ = ["Backtest", "Forecaster", "Gates", "SequenceClassifier", "load"]
