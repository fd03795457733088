"""One kind of estimator a folder: the estimator, its network, its file and its report."""

from gruvy.tasks.agent import RecurrentAgent, Trace
from gruvy.tasks.anomaly import AnomalyDetector
from gruvy.tasks.classification import SequenceClassifier
from gruvy.tasks.forecasting import Backtest, Forecaster, Gates
from gruvy.tasks.language import LanguageModel
from gruvy.tasks.loading import load
from gruvy.tasks.music import PolyphonicModel
from gruvy.tasks.tagging import SequenceTagger
from gruvy.tasks.transcription import Transcriber
from gruvy.tasks.translation import Translator

__all__ = [
    "AnomalyDetector",
    "Backtest",
    "Forecaster",
    "Gates",
    "LanguageModel",
    "PolyphonicModel",
    "RecurrentAgent",
    "SequenceClassifier",
    "SequenceTagger",
    "Trace",
    "Transcriber",
    "Translator",
    "load",
]
