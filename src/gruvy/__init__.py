"""gruvy: Gated Recurrent Units, from the equation to deployment.

``import gruvy`` costs milliseconds: whatever needs torch, pandas or Lightning is imported when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from gruvy.formats import doctor
    from gruvy.streaming import StreamingGRU
    from gruvy.tasks import (
        AnomalyDetector,
        Forecaster,
        LanguageModel,
        PolyphonicModel,
        RecurrentAgent,
        SequenceClassifier,
        SequenceTagger,
        Transcriber,
        Translator,
        load,
    )

# public name -> (module that defines it, or is it, extra that brings what the module imports, if any)
_LAZY: dict[str, tuple[str, str | None]] = {
    "AnomalyDetector": ("gruvy.tasks", "train"),
    "Forecaster": ("gruvy.tasks", "train"),
    "LanguageModel": ("gruvy.tasks", "train"),
    "PolyphonicModel": ("gruvy.tasks", "train"),
    "RecurrentAgent": ("gruvy.tasks", "train"),
    "SequenceClassifier": ("gruvy.tasks", "train"),
    "SequenceTagger": ("gruvy.tasks", "train"),
    "Transcriber": ("gruvy.tasks", "train"),
    "Translator": ("gruvy.tasks", "train"),
    "doctor": ("gruvy.formats.doctor", None),
    "StreamingGRU": ("gruvy.streaming", None),
    "load": ("gruvy.tasks", "train"),
}

__all__ = [
    "AnomalyDetector",
    "Forecaster",
    "LanguageModel",
    "PolyphonicModel",
    "RecurrentAgent",
    "SequenceClassifier",
    "SequenceTagger",
    "StreamingGRU",
    "Transcriber",
    "Translator",
    "__version__",
    "doctor",
    "load",
]


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'gruvy' has no attribute {name!r}; it has {', '.join(__all__)}")
    module, extra = _LAZY[name]
    try:
        found = importlib.import_module(module)
        return found if module.endswith(f".{name}") else getattr(found, name)
    except ModuleNotFoundError as error:
        if extra is None or (error.name or "").startswith("gruvy"):
            raise
        if name == "load":  # without torch, what runs without it
            return importlib.import_module("gruvy.runtime").load
        from gruvy.errors import MissingExtraError

        raise MissingExtraError(f"gruvy.{name}", extra, error.name) from error


def __dir__() -> list[str]:
    return __all__
