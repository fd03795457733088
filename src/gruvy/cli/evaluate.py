"""``gruvy evaluate``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gruvy.cli.arguments import check_file, check_model, check_target
from gruvy.cli.options import Json, TableOptions, TextOptions
from gruvy.cli.output import print_json, say, working


def evaluate(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A .gruvy file.")],
    data: Annotated[Path, typer.Argument(metavar="DATA", help="Data in the form of the training data.")],
    labels: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="Anomaly detectors only: the column that is 1 where a row is anomalous."),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Anomaly detectors only: write an HTML report of the detected events."),
    ] = None,
    episodes: Annotated[
        int | None, typer.Option(metavar="N", help="Agents only (DATA is then an ENV_ID): episodes to play.")
    ] = None,
    json: Json = False,
    *,
    reading: TableOptions,
    texts: TextOptions,
) -> None:
    """Measure a model and its baselines on every window, text or sequence of DATA.

    Use data that the model was not trained on: on its training data it looks better than it is.

    For an anomaly detector: how well its events and scores match the labels in the column --labels. For an agent: the
    mean return in the environment whose id is given as DATA.

    Example: `gruvy evaluate model.gruvy next-year.csv`
    """
    check_model(model)
    check_file(data)
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
