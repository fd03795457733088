"""Fitted estimators in .gruvy files: arrays and plain JSON."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gruvy import files
from gruvy.errors import FileFormatError
from gruvy.tasks.catalogue import TASKS


def load(path: str | os.PathLike[str]) -> Any:
    """Read a fitted estimator from a .gruvy file.

    Where torch, pandas or scikit-learn is missing, it is read by `gruvy.runtime.load`, whose models predict from and
    to NumPy arrays.

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
    arrays, document = files.read(path)
    check_task(path, document)
    try:
        kind = TASKS[document["task"]].load()
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("gruvy"):
            raise
        from gruvy import runtime

        return runtime.load(path)
    return kind.of_file(path, arrays, document)


def check_task(path: Path, document: Mapping[str, Any]) -> None:
    """Refuse a .gruvy file that has no estimator.

    Raises:
        FileFormatError: so it is.
    """
    task = str(document.get("task"))
    if task not in TASKS:
        from gruvy.graph import TASK as GRAPH

        hint = "; gruvy.runtime.load reads it" if task == GRAPH else ""
        known = ", ".join(repr(name) for name in TASKS)
        raise FileFormatError(f"{path}: expected a fitted estimator ({known}), got a file for {task!r}{hint}")
