"""The estimators that there are. Importing this imports none of them.

Who adds one adds a line to each of the two lists below; everything else finds it here: ``gruvy.NAME``, `gruvy.load`,
and the commands of its module in ``gruvy.cli.tasks``.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # what type checkers see; at run time `Task.load` imports a class when it is first used
    from gruvy.tasks.agent import RecurrentAgent as RecurrentAgent
    from gruvy.tasks.anomaly import AnomalyDetector as AnomalyDetector
    from gruvy.tasks.classification import SequenceClassifier as SequenceClassifier
    from gruvy.tasks.forecasting import Forecaster as Forecaster
    from gruvy.tasks.language import LanguageModel as LanguageModel
    from gruvy.tasks.music import PolyphonicModel as PolyphonicModel
    from gruvy.tasks.regression import SequenceRegressor as SequenceRegressor
    from gruvy.tasks.tagging import SequenceTagger as SequenceTagger
    from gruvy.tasks.transcription import Transcriber as Transcriber
    from gruvy.tasks.translation import Translator as Translator


@dataclass(frozen=True)
class Task:
    """A task and its estimator.

    Attributes:
        name: what a file of the estimator says that it holds; ``gruvy fit NAME`` and ``gruvy.cli.tasks.NAME`` are its
            commands.
        estimator: the class.
        package: the package that has it.
    """

    name: str
    estimator: str
    package: str

    def load(self) -> type[Any]:
        """Import the estimator's package, and return the class."""
        kind: type[Any] = getattr(importlib.import_module(self.package), self.estimator)
        return kind


TASKS = {
    task.name: task
    for task in (
        Task("forecast", "Forecaster", "gruvy.tasks.forecasting"),
        Task("classify", "SequenceClassifier", "gruvy.tasks.classification"),
        Task("regress", "SequenceRegressor", "gruvy.tasks.regression"),
        Task("tag", "SequenceTagger", "gruvy.tasks.tagging"),
        Task("language", "LanguageModel", "gruvy.tasks.language"),
        Task("translate", "Translator", "gruvy.tasks.translation"),
        Task("transcribe", "Transcriber", "gruvy.tasks.transcription"),
        Task("music", "PolyphonicModel", "gruvy.tasks.music"),
        Task("anomaly", "AnomalyDetector", "gruvy.tasks.anomaly"),
        Task("agent", "RecurrentAgent", "gruvy.tasks.agent"),
    )
}
ESTIMATORS = {task.estimator: task for task in TASKS.values()}
