"""One estimator a file."""

from gruvy.tasks.forecasting.forecaster import Forecaster
from gruvy.tasks.language.model import LanguageModel
from gruvy.tasks.loading import load
from gruvy.tasks.forecasting.results import Backtest, Gates

__all__ = ["Backtest", "Forecaster", "Gates", "LanguageModel", "load"]
