"""One kind of estimator a folder: the estimator, its network, its file and its report."""

from gruvy.tasks.classification import SequenceClassifier
from gruvy.tasks.forecasting import Backtest, Forecaster, Gates
from gruvy.tasks.loading import load
from gruvy.tasks.tagging import SequenceTagger

__all__ = ["Backtest", "Forecaster", "Gates", "SequenceClassifier", "SequenceTagger", "load"]
