"""``gruvy fit``: one command for each task, from its module in ``gruvy.cli.tasks``."""

from __future__ import annotations

import typer

from gruvy.cli.tasks import classify, forecast, translate

app = typer.Typer(no_args_is_help=True, help="Train a model on your own data.")

for _name, _module in {"forecast": forecast, "classify": classify, "translate": translate}.items():
    app.command(name=_name, epilog=_module.EXAMPLES)(_module.fit)
