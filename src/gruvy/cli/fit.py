"""``gruvy fit``: one command for each task, from its module in ``gruvy.cli.tasks``."""

from __future__ import annotations

from collections.abc import Callable

import typer

from gruvy.cli.lazy import SETTINGS, group, single
from gruvy.cli.tasks import commands_of
from gruvy.tasks.catalogue import TASKS


def _command(task: str) -> Callable[[], typer.Typer]:
    def made() -> typer.Typer:
        commands = commands_of(task)
        return single(commands.fit, epilog=commands.EXAMPLES)

    return made


app = typer.Typer(
    cls=group({task: _command(task) for task in TASKS}),
    no_args_is_help=True,
    help="Train a model on your own data.",
    **SETTINGS,
)
app.callback()(lambda: None)
