"""``gruvy predict``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from gruvy.cli.arguments import check_target, levels
from gruvy.cli.output import print_json, stderr, working
from gruvy.errors import ArgumentError


def predict(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A .gruvy file.")],
    data: Annotated[
        Path, typer.Argument(metavar="DATA", help="The table to predict from, with the columns of the training.")
    ],
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A .csv or .parquet file; without it CSV goes to stdout.")
    ] = None,
    quantiles: Annotated[
        str | None,
        typer.Option(metavar="LEVELS", help="Trained levels, as 0.1,0.9; each adds a column."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout, nothing else.")] = False,
) -> None:
    """Forecast the steps after the last row of DATA, or tell the classes of its texts or sequences.

    A forecast has the series (where there are several), the time, and the median of each target. Columns that are
    known ahead must be filled in for the steps to forecast: add those rows to DATA, with the target left empty.
    A class comes with the row or the id of its sequence, and with the probability of every class.

    Example: `gruvy predict model.gruvy weather.csv --quantiles 0.1,0.9 --out forecast.csv`
    """
    check_target(out, "--out")
    if out is not None and out.suffix not in (".csv", ".parquet"):
        raise ArgumentError(f"--out: expected a name that ends in .csv or .parquet, got {out}")
    chosen = levels(quantiles)
    with working("predicting", quiet=json):
        import gruvy
        from gruvy.data import read_table
        from gruvy.tasks import SequenceClassifier
        from gruvy.tasks.classifier_table import predict_table

        fitted = gruvy.load(model)
        if isinstance(fitted, SequenceClassifier):
            if chosen is not None:
                raise ArgumentError("--quantiles: a classifier has none; leave it out")
            found = predict_table(fitted, read_table(data))
        else:
            found = fitted.predict(read_table(data), quantiles=chosen)
    if out is not None and out.suffix == ".parquet":
        found.to_parquet(out, index=False)
    elif out is not None:
        found.to_csv(out, index=False)
    if json:
        what = "predictions" if isinstance(fitted, SequenceClassifier) else "forecast"
        print_json({"model": model, "out": out, what: found.to_dict(orient="records")})
    elif out is None:
        found.to_csv(sys.stdout, index=False)
    else:
        stderr.print(f"Predictions: {out} ({len(found)} rows)", soft_wrap=True)
