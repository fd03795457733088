"""Loading fitted estimators."""

from __future__ import annotations

import os
from pathlib import Path

from gruvy import files
from gruvy.errors import FileFormatError
from gruvy.tasks import forecast_file
from gruvy.tasks.forecaster import Forecaster


def load(path: str | os.PathLike[str]) -> Forecaster:
    """Read a fitted estimator from a .gruvy file.

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
    if task != forecast_file.TASK:
        raise FileFormatError(f"{path}: expected a fitted estimator ('{forecast_file.TASK}'), got a file for {task!r}")
    return forecast_file.read_forecaster(Forecaster, path, tensors, document)
