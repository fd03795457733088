"""``gruvy evaluate``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gruvy.cli.arguments import check_model, check_target
from gruvy.cli.options import Json, TableOptions, TextOptions
from gruvy.cli.output import print_json, say, working


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
    check_model(model)
    check_target(report, "--report")
    with working("evaluating", quiet=json):
        from gruvy.cli.tasks import ModelFile

        file = ModelFile.read(model)
        given = file.check(labels=labels, report=report, episodes=episodes) | file.reading(reading)
        file.check_texts(texts)
        file.check_data(data)
        fitted = file.load()
        texts.apply(fitted)
        scores = file.commands.evaluate(fitted, data, **given)
    if json:
        print_json({"model": model, "data": data, "scores": scores})
    else:
        file.commands.show(fitted, scores)
        if report is not None:
            say(f"Report: {report}", soft_wrap=True)
