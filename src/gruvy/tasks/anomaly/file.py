"""A fitted AnomalyDetector in a .gruvy file: arrays and plain JSON, enough to detect without torch."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gruvy import files
from gruvy.detection import TASK, Detector
from gruvy.errors import FileFormatError, TensorError
from gruvy.graph import graph_of_file
from gruvy.timeseries import Notation, Step

if TYPE_CHECKING:
    from gruvy.tasks.anomaly.detector import AnomalyDetector

# Fitted attributes that are plain JSON as they are.
_PLAIN = (
    "history_",
    "best_epoch_",
    "seconds_per_epoch_",
    "peak_memory_bytes_",
    "model_share_",
    "n_parameters_",
    "provenance_",
    "time_",
)
_SCORES = "calibration/scores"


def write_detector(estimator: AnomalyDetector, path: str | os.PathLike[str]) -> Path:
    """Write a fitted AnomalyDetector."""
    detector = estimator.detector_
    document = {
        "task": TASK,
        "params": estimator._saved_params(),
        "fitted": {name: getattr(estimator, name) for name in _PLAIN}
        | {
            "step": None if estimator.step_ is None else estimator.step_.document(),
            "notation": estimator._notation.document(),
        },
        **detector.document(),
    }
    return files.write(path, {**detector.tensors(), _SCORES: estimator.calibration_scores_}, document)


def read_detector(
    estimator_type: type[AnomalyDetector], path: Path, tensors: dict[str, np.ndarray], document: dict[str, Any]
) -> AnomalyDetector:
    """Put a fitted AnomalyDetector together from the content of its file.

    Raises:
        FileFormatError: parts are missing or do not fit each other.
    """
    graph = graph_of_file(path, tensors, document)
    try:
        estimator = estimator_type(**document["params"])
        fitted = document["fitted"]
        for name in _PLAIN:
            setattr(estimator, name, fitted[name])
        estimator.step_ = None if fitted["step"] is None else Step.of_document(fitted["step"])
        estimator._notation = Notation.of_document(fitted.get("notation", {}))
        estimator.calibration_scores_ = tensors[_SCORES]
        estimator._keep(Detector.of_document(graph, document, tensors))
    except (AttributeError, KeyError, TypeError, ValueError, TensorError) as error:
        raise FileFormatError(f"{path}: the model in it is damaged ({error}); save or copy it again") from error
    return estimator
