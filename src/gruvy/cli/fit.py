"""``gruvy fit``: one command for each task, from its module in ``gruvy.cli.tasks``."""

from __future__ import annotations

import typer

from gruvy.cli.tasks import anomaly, classify, forecast, language, tag

app = typer.Typer(no_args_is_help=True, help="Train a model on your own data.")

_TASKS = {"forecast": forecast, "classify": classify, "language": language, "anomaly": anomaly, "tag": tag}

for _name, _module in _TASKS.items():
    app.command(name=_name, epilog=_module.EXAMPLES)(_module.fit)
