"""``gruvy fit``: one command for each task, from its module in ``gruvy.cli.tasks``."""

from __future__ import annotations

import typer

from gruvy.cli.expansion import expanded
from gruvy.cli.tasks import agent, anomaly, classify, forecast, language, music, tag, transcribe, translate

app = typer.Typer(no_args_is_help=True, help="Train a model on your own data.")

_TASKS = {
    "forecast": forecast,
    "classify": classify,
    "tag": tag,
    "language": language,
    "translate": translate,
    "transcribe": transcribe,
    "music": music,
    "anomaly": anomaly,
    "agent": agent,
}
for _name, _module in _TASKS.items():
    app.command(name=_name, epilog=_module.EXAMPLES)(expanded(_module.fit))
