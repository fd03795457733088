"""Loading fitted estimators."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from gruvy import files
from gruvy.detection import TASK as ANOMALY
from gruvy.errors import FileFormatError
from gruvy.graph import TASK as GRAPH
from gruvy.tasks.agent import RecurrentAgent
from gruvy.tasks.agent import file as agent
from gruvy.tasks.anomaly import AnomalyDetector
from gruvy.tasks.anomaly import file as anomaly
from gruvy.tasks.classification import SequenceClassifier
from gruvy.tasks.classification import file as classification
from gruvy.tasks.forecasting import Forecaster
from gruvy.tasks.forecasting import file as forecasting
from gruvy.tasks.language import LanguageModel
from gruvy.tasks.language import file as language
from gruvy.tasks.music import PolyphonicModel
from gruvy.tasks.music import file as music
from gruvy.tasks.tagging import SequenceTagger
from gruvy.tasks.tagging import file as tagging
from gruvy.tasks.transcription import Transcriber
from gruvy.tasks.transcription import file as transcription
from gruvy.tasks.translation import Translator
from gruvy.tasks.translation import file as translation

# What a file says it holds -> what reads it: (path, tensors, document) -> estimator.
_READERS: Mapping[str, Callable[[Path, dict[str, Any], dict[str, Any]], Any]] = {
    forecasting.TASK: partial(forecasting.read_forecaster, Forecaster),
    agent.TASK: partial(agent.read_agent, RecurrentAgent),
    classification.TASK: partial(classification.read_classifier, SequenceClassifier),
    ANOMALY: partial(anomaly.read_detector, AnomalyDetector),
    language.TASK: partial(language.read_language_model, LanguageModel),
    music.TASK: partial(music.read_polyphonic, PolyphonicModel),
    transcription.TASK: partial(transcription.read_transcriber, Transcriber),
    translation.TASK: partial(translation.read_translator, Translator),
    tagging.TASK: partial(tagging.read_tagger, SequenceTagger),
}


def load(path: str | os.PathLike[str]) -> Any:
    """Read a fitted estimator from a .gruvy file.

    Where torch, pandas or scikit-learn is missing, ``gruvy.load`` is `gruvy.runtime.load`, whose models predict from
    and to NumPy arrays.

    Args:
        path: a file that an estimator's ``save`` wrote.

    Returns:
        The estimator, as it was saved.

    Raises:
        FileFormatError: the file is missing, damaged, not a .gruvy file, or holds no estimator that this
            gruvy knows.

    Example:
        >>> import gruvy
        >>> model = gruvy.load("weather.gruvy")  # doctest: +SKIP
    """
    path = Path(path)
    tensors, document = files.read(path)
    task = str(document.get("task"))
    if task in _READERS:
        model = _READERS[task](path, tensors, document)
        model._fitted_params = model.get_params()
        model._file = path.name
        return model
    hint = "; gruvy.runtime.load reads it" if task == GRAPH else ""
    known = ", ".join(repr(name) for name in _READERS)
    raise FileFormatError(f"{path}: expected a fitted estimator ({known}), got a file for {task!r}{hint}")
