"""Loading fitted estimators."""

from __future__ import annotations

import os
from pathlib import Path

from gruvy import files
from gruvy.errors import FileFormatError
from gruvy.graph import TASK as GRAPH
from gruvy.tasks.forecasting import file as forecast_file
from gruvy.tasks.language import file as language_file
from gruvy.tasks.forecasting.forecaster import Forecaster
from gruvy.tasks.language.model import LanguageModel

_TASKS = (forecast_file.TASK, language_file.TASK)


def load(path: str | os.PathLike[str]) -> Forecaster | LanguageModel:
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
    if task == forecast_file.TASK:
        return forecast_file.read_forecaster(Forecaster, path, tensors, document)
    if task == language_file.TASK:
        return language_file.read_language_model(LanguageModel, path, tensors, document)
    hint = "; gruvy.runtime.load reads it" if task == GRAPH else ""
    known = ", ".join(repr(name) for name in _TASKS)
    raise FileFormatError(f"{path}: expected a fitted estimator ({known}), got a file for {task!r}{hint}")
