"""``gruvy predict``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from gruvy.cli.arguments import check_target, levels
from gruvy.cli.options import Json, TableOptions, TextOptions
from gruvy.cli.output import print_json, print_status, working
from gruvy.cli.tasks import load_fitted, reading_of
from gruvy.errors import ArgumentError


def predict(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A .gruvy file.")],
    data: Annotated[
        Path, typer.Argument(metavar="DATA", help="What to predict from, of the same form as in the training.")
    ],
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A .csv or .parquet file; without it CSV goes to stdout.")
    ] = None,
    quantiles: Annotated[
        str | None,
        typer.Option(metavar="LEVELS", help="Of a forecaster: trained levels, as 0.1,0.9; each adds a column."),
    ] = None,
    json: Json = False,
    *,
    reading: TableOptions,
    texts: TextOptions,
) -> None:
    """Forecast the steps after the last row of DATA, or tell the classes of its texts or sequences.

        A forecast has the series (where there are several), the time, and the median of each target. Columns that are
        known ahead must be filled in for the steps to forecast: add those rows to DATA, with the target left empty.
    A class comes with the row or the id of its sequence, and with the probability of every class; a tagger gives a row
    for each step. A detector of anomalies gives the score of every row of DATA, an alarm above 1, and the number of its
    event. A model of music gives the log-likelihood of every piece.

        Example: `gruvy predict model.gruvy weather.csv --quantiles 0.1,0.9 --out forecast.csv`
    """
    check_target(out, "--out")
    if out is not None and out.suffix not in (".csv", ".parquet"):
        raise ArgumentError(f"--out: expected a name that ends in .csv or .parquet, got {out}")
    chosen = levels(quantiles)
    with working("predicting", quiet=json):
        fitted, commands = load_fitted(model)
        texts.apply(fitted, model)
        if chosen is not None and type(fitted).__name__ != "Forecaster":
            raise ArgumentError(f"--quantiles: only a Forecaster has them; {model} is a {type(fitted).__name__}")
        given = reading_of(fitted, reading) | ({} if chosen is None else {"quantiles": chosen})
        found = commands.predict(fitted, data, **given)
    if out is not None and out.suffix == ".parquet":
        found.to_parquet(out, index=False)
    elif out is not None:
        found.to_csv(out, index=False)
    if json:
        print_json({"model": model, "out": out, "predictions": found.to_dict(orient="records")})
    elif out is None:
        found.to_csv(sys.stdout, index=False)
    else:
        print_status(f"Predictions: {out} ({len(found)} rows)")
