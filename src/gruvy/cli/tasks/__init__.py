"""The commands of each task: one file has its ``fit``, its ``predict`` and its ``evaluate``.

A module of this folder has

- ``fit``, the command ``gruvy fit TASK``, and ``EXAMPLES`` for its help;
- ``predict(model, data, reading=...) -> DataFrame``, what ``gruvy predict MODEL DATA`` gives;
- ``evaluate(model, data, reading=...) -> figures`` as plain JSON, and ``show(model, figures)``, which prints them.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType
from typing import Any

from gruvy.cli.options import TableOptions
from gruvy.errors import ArgumentError

_NO_TABLES = ("LanguageModel", "RecurrentAgent")


def load_fitted(path: Path) -> tuple[Any, ModuleType]:
    """Read a fitted estimator from its file; return it and the module with its commands."""
    from gruvy.tasks import load

    model = load(path)
    return model, commands_of(model.TASK)


def commands_of(task: str) -> ModuleType:
    """Import the module with the commands of a task."""
    return importlib.import_module(f"gruvy.cli.tasks.{task}")


def reading_of(model: Any, options: TableOptions) -> dict[str, Any]:
    """What a command hands on of how a table is written; nothing where none of it was given.

    Raises:
        ArgumentError: it was given for a model that reads no tables.
    """
    if not options.given:
        return {}
    kind = type(model).__name__
    if kind in _NO_TABLES:
        name = next(iter(options.given)).replace("_", "-")
        raise ArgumentError(f"--{name}: is for tables, of which a {kind} reads none; leave it out")
    return {"reading": options.given}
