"""Loading fitted estimators."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from gruvy import files
from gruvy.detection import TASK as ANOMALY
from gruvy.errors import FileFormatError
from gruvy.graph import TASK as GRAPH
from gruvy.tasks.anomaly import file as anomaly_file
from gruvy.tasks.forecasting import file as forecast_file
from gruvy.tasks.anomaly.detector import AnomalyDetector
from gruvy.tasks.forecasting.forecaster import Forecaster


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
    task = document.get("task")
    if task == ANOMALY:
        return anomaly_file.read_detector(AnomalyDetector, path, tensors, document)
    if task == forecast_file.TASK:
        return forecast_file.read_forecaster(Forecaster, path, tensors, document)
    hint = "; gruvy.runtime.load reads it" if task == GRAPH else ""
    known = f"'{forecast_file.TASK}', '{ANOMALY}'"
    raise FileFormatError(f"{path}: expected a fitted estimator ({known}), got a file for {task!r}{hint}")
