"""``gruvy fit``: one command for each task, from its module in ``gruvy.cli.tasks``."""

from __future__ import annotations

from functools import partial

import typer

from gruvy.cli.fit_command import fit_command
from gruvy.cli.lazy import SETTINGS, group
from gruvy.tasks.catalogue import TASKS

app = typer.Typer(
    cls=group({task: partial(fit_command, task) for task in TASKS}),
    no_args_is_help=True,
    help="Train a model on your own data.",
    **SETTINGS,
)
app.callback()(lambda: None)
