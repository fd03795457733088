"""``gruvy fit``: one command for each task, from its module in ``gruvy.cli.tasks``."""

from __future__ import annotations

import typer

from gruvy.cli.tasks import classify, forecast, tag

app = typer.Typer(no_args_is_help=True, help="Train a model on your own data.")

for _name, _module in {"forecast": forecast, "classify": classify, "tag": tag}.items():
    app.command(name=_name, epilog=_module.EXAMPLES)(_module.fit)
