"""``gruvy evaluate``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gruvy.cli.arguments import check_target
from gruvy.cli.options import Json, TableOptions, TextOptions
from gruvy.cli.output import print_json, say, working
from gruvy.cli.tasks import load_fitted, reading_of
from gruvy.errors import ArgumentError

# Option -> the only estimator that has it.
_WHOSE = {"labels": "AnomalyDetector", "report": "AnomalyDetector", "episodes": "RecurrentAgent"}


def evaluate(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A .gruvy file.")],
    data: Annotated[Path, typer.Argument(metavar="DATA", help="Data of the same form as in the training.")],
    labels: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Of a detector of anomalies: 1 where a row is anomalous.")
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Of a detector of anomalies: write an HTML report of what it found."),
    ] = None,
    episodes: Annotated[
        int | None, typer.Option(metavar="N", help="Of an agent, whose DATA is an ENV_ID: how many.")
    ] = None,
    json: Json = False,
    *,
    reading: TableOptions,
    texts: TextOptions,
) -> None:
    """Measure a model and the baselines on every window, text or sequence of DATA.

    Give data that the model was not trained on: on its own training data it looks better than it is.

    Of a detector of anomalies: how well its events and scores match the labels in the column --labels. Of an agent:
    the mean return in the environment whose id stands in place of DATA.

    Example: `gruvy evaluate model.gruvy next-year.csv`
    """
    check_target(report, "--report")
    with working("evaluating", quiet=json):
        fitted, commands = load_fitted(model)
        texts.apply(fitted, model)
        options = {"labels": labels, "report": report, "episodes": episodes}
        given = {name: value for name, value in options.items() if value is not None}
        for name in given:
            if type(fitted).__name__ != _WHOSE[name]:
                article = "an" if _WHOSE[name].startswith("A") else "a"
                raise ArgumentError(
                    f"--{name}: only {article} {_WHOSE[name]} has this option; {model} is a {type(fitted).__name__}"
                )
        scores = commands.evaluate(fitted, data, **reading_of(fitted, reading), **given)
    if json:
        print_json({"model": model, "data": data, "scores": scores})
    else:
        commands.show(fitted, scores)
        if report is not None:
            say(f"Report: {report}", soft_wrap=True)
