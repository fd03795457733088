"""``gruvy evaluate``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gruvy.cli.output import print_json, print_scores, working


def evaluate(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A .gruvy file.")],
    data: Annotated[Path, typer.Argument(metavar="DATA", help="A table with the columns of the training.")],
    json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout, nothing else.")] = False,
) -> None:
    """Measure a model and the baselines on every window of DATA.

    Give rows that the model was not trained on: on its own training rows it looks better than it is.

    Example: `gruvy evaluate model.gruvy next-year.csv`
    """
    with working("evaluating", quiet=json):
        import gruvy
        from gruvy.data import read_table

        forecaster = gruvy.load(model)
        scores = forecaster.evaluate(read_table(data))
    if json:
        print_json({"model": model, "data": data, "scores": scores})
        return
    print_scores(forecaster, scores)
