"""``gruvy evaluate``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gruvy.cli.options import Json
from gruvy.cli.output import print_json, working
from gruvy.cli.tasks import load_fitted


def evaluate(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A .gruvy file.")],
    data: Annotated[Path, typer.Argument(metavar="DATA", help="Data of the same form as in the training.")],
    json: Json = False,
) -> None:
    """Measure a model and the baselines on every window, text or sequence of DATA.

    Give data that the model was not trained on: on its own training data it looks better than it is.

    Example: `gruvy evaluate model.gruvy next-year.csv`
    """
    with working("evaluating", quiet=json):
        fitted, commands = load_fitted(model)
        scores = commands.evaluate(fitted, data)
    if json:
        print_json({"model": model, "data": data, "scores": scores})
    else:
        commands.show(fitted, scores)
