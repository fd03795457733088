"""``gruvy evaluate``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from gruvy.cli.output import class_scores, print_json, print_scores, working


def evaluate(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A .gruvy file.")],
    data: Annotated[Path, typer.Argument(metavar="DATA", help="A table with the columns of the training.")],
    json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout, nothing else.")] = False,
) -> None:
    """Measure a model and the baselines on every window, text or sequence of DATA.

    Give rows that the model was not trained on: on its own training rows it looks better than it is.

    Example: `gruvy evaluate model.gruvy next-year.csv`
    """
    with working("evaluating", quiet=json):
        import gruvy
        from gruvy.data import read_table
        from gruvy.tasks import SequenceClassifier
        from gruvy.tasks.classifier_table import evaluate_table

        fitted = gruvy.load(model)
        frame = read_table(data)
        scores = evaluate_table(fitted, frame) if isinstance(fitted, SequenceClassifier) else fitted.evaluate(frame)
    if json:
        print_json({"model": model, "data": data, "scores": scores})
    elif isinstance(fitted, SequenceClassifier):
        Console(highlight=False).print(class_scores(scores))
    else:
        print_scores(fitted, scores)
