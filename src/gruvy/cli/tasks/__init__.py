"""The commands of each task: one file has its ``fit``, its ``predict`` and its ``evaluate``.

A module of this folder has

- ``fit``, the command ``gruvy fit TASK``, and ``EXAMPLES`` for its help;
- ``predict(model, data) -> DataFrame``, what ``gruvy predict MODEL DATA`` gives;
- ``evaluate(model, data) -> figures`` as plain JSON, and ``show(model, figures)``, which prints them.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType
from typing import Any

# Name of an estimator -> the module with its commands.
_MODULES = {
    "Forecaster": "forecast",
    "SequenceClassifier": "classify",
    "PolyphonicModel": "music",
    "LanguageModel": "language",
    "AnomalyDetector": "anomaly",
    "RecurrentAgent": "agent",
    "Transcriber": "transcribe",
    "Translator": "translate",
    "SequenceTagger": "tag",
}


def load_fitted(path: Path) -> tuple[Any, ModuleType]:
    """Read a fitted estimator from its file; return it and the module with its commands."""
    from gruvy.tasks import load

    model = load(path)
    return model, importlib.import_module(f"gruvy.cli.tasks.{_MODULES[type(model).__name__]}")
