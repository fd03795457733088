"""The commands of each task: one file has its ``fit``, its ``predict`` and its ``evaluate``.

A module of this folder has

- ``fit``, the command ``gruvy fit TASK``, and ``EXAMPLES`` for its help;
- ``predict(model, data, reading=...) -> DataFrame``, what ``gruvy predict MODEL DATA`` gives;
- ``evaluate(model, data, reading=...) -> figures`` as plain JSON, and ``show(model, figures)``, which prints them;
- ``TAKES``, what else these commands may be given of this task: ``tables``, how a table is written; ``texts``, what
  becomes of unknown characters; ``quantiles`` in ``predict``; ``labels``, ``report`` and ``episodes`` in ``evaluate``;
- where its file predicts with NumPy alone, ``predict_columns(model, data, reading=...)``: the same as ``predict``, of
  what `gruvy.runtime.load` returns, as column name -> array; None for data that need pandas.
"""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from gruvy.cli.arguments import check_data, check_model
from gruvy.cli.options import TableOptions, TextOptions
from gruvy.errors import ArgumentError, DataError
from gruvy.tasks.catalogue import TASKS, Task

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class ModelFile:
    """A file with a fitted estimator, and the commands of its task; no estimator is imported before it is used."""

    path: Path
    arrays: dict[str, np.ndarray]
    document: dict[str, Any]

    @classmethod
    def read(cls, path: Path) -> ModelFile:
        """Read a file.

        Raises:
            FileFormatError: there is none, it is damaged, or it has no estimator.
        """
        check_model(path)
        from gruvy import files
        from gruvy.tasks.shared.persistence import check_task

        arrays, document = files.read(path)
        check_task(path, document)
        return cls(path, arrays, document)

    @property
    def task(self) -> Task:
        """The task of its estimator."""
        return TASKS[self.document["task"]]

    @cached_property
    def commands(self) -> ModuleType:
        """The module with the commands of its task."""
        return commands_of(self.task.name)

    def load(self) -> Any:
        """The estimator.

        Raises:
            ModuleNotFoundError: a package that it needs is missing.
        """
        return self.task.load().of_file(self.path, self.arrays, self.document)

    @property
    def light(self) -> bool:
        """Whether `gruvy.runtime` runs the network."""
        from gruvy import engine

        return "graph" in self.document and engine.raw is not None

    def check(self, **given: Any) -> dict[str, Any]:
        """Return the options that were given.

        Raises:
            ArgumentError: one of them is of other tasks.
        """
        chosen = {name: value for name, value in given.items() if value is not None}
        for name in chosen:
            if name not in self.commands.TAKES:
                others = [task.estimator for task in TASKS.values() if name in commands_of(task.name).TAKES]
                raise ArgumentError(
                    f"--{name}: only for {' and '.join(map(_with_article, others))}; {self.path} is "
                    f"{_with_article(self.task.estimator)}"
                )
        return chosen

    def reading(self, options: TableOptions) -> dict[str, Any]:
        """What a command hands on of how a table is written; nothing where none of it was given.

        Raises:
            ArgumentError: it was given for a model that reads no tables.
        """
        if not options.given:
            return {}
        if "tables" not in self.commands.TAKES:
            name = next(iter(options.given)).replace("_", "-")
            raise ArgumentError(f"--{name}: is for tables, of which a {self.task.estimator} reads none; leave it out")
        return {"reading": options.given}

    def check_data(self, path: Path) -> None:
        """Say at once that there are no such data. An environment has a name, and need not be a file.

        Raises:
            DataError: so it is.
        """
        if "episodes" not in self.commands.TAKES:
            check_data(path)

    def check_texts(self, options: TextOptions) -> None:
        """Refuse a rule for unknown characters that cannot be, or where there are no characters.

        Raises:
            ArgumentError: so it is.
        """
        if options.unknown is None:
            return
        if "texts" not in self.commands.TAKES:
            raise ArgumentError(
                f"--unknown: only models of text have characters; {self.path} is a {self.task.estimator}"
            )
        from gruvy.text import check_rule

        check_rule(options.unknown)

    def predict_columns(self, data: Path, **given: Any) -> Mapping[str, Any] | None:
        """What ``predict`` returns as columns, by `gruvy.runtime`; None where that is not to be had."""
        if not (self.light and hasattr(self.commands, "predict_columns")):
            return None
        from gruvy import runtime

        with warnings.catch_warnings(record=True) as notes:
            warnings.simplefilter("always")
            try:
                model = runtime.of_file(self.path, self.arrays, self.document)
                found: Mapping[str, Any] | None = self.commands.predict_columns(model, data, **given)
            except ArgumentError:
                raise
            except (DataError, OSError, ValueError):
                return None  # the estimator may read it, or knows better what is wrong with it
        if found is not None:
            for one in notes:
                warnings.showwarning(one.message, one.category, one.filename, one.lineno)
        return found


def commands_of(task: str) -> ModuleType:
    """Import the module with the commands of a task."""
    return importlib.import_module(f"gruvy.cli.tasks.{task}")


def _with_article(name: str) -> str:
    return f"{'an' if name[0] in 'AEIOU' else 'a'} {name}"
