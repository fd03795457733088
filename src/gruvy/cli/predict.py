"""``gruvy predict``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from gruvy.cli.arguments import check_file, check_model, check_target, levels
from gruvy.cli.options import Json, TableOptions, TextOptions
from gruvy.cli.output import print_json, print_status, working
from gruvy.errors import ArgumentError


def predict(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A .gruvy file.")],
    data: Annotated[
        Path, typer.Argument(metavar="DATA", help="Data to predict from, in the form of the training data.")
    ],
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A .csv or .parquet file to write; without it CSV goes to stdout."),
    ] = None,
    quantiles: Annotated[
        str | None,
        typer.Option(
            metavar="LEVELS",
            help="Forecasters and regressors only: trained levels, such as 0.1,0.9; each adds a column.",
        ),
    ] = None,
    json: Json = False,
    *,
    reading: TableOptions,
    texts: TextOptions,
) -> None:
    """Forecast the steps after the last row of DATA, or predict the classes or numbers of its texts or sequences.

    A forecast has the series (where there are several), the time, and the median of each target. Columns that are
    known ahead need values for the steps to forecast: add those rows to DATA, with the target left empty. A class
    comes with the row or the id of its sequence, and with the probability of every class; a tagger gives a row for
    each step. An anomaly detector gives the score of every row of DATA (an alarm is above 1) and the number of its
    event. A music model gives the log-likelihood of every piece.

    Example: `gruvy predict model.gruvy weather.csv --quantiles 0.1,0.9 --out forecast.csv`
    """
    check_model(model)
    check_file(data)
    check_target(out, "--out")
    if out is not None and out.suffix not in (".csv", ".parquet"):
        raise ArgumentError(f"--out: expected a name that ends in .csv or .parquet, got {out}")
    chosen = levels(quantiles)
    with working("predicting", quiet=json):
        table = _predictions(model, data, chosen, reading, texts, arrays=out is None or out.suffix == ".csv")
    if out is not None and out.suffix == ".parquet":
        table.to_parquet(out, index=False)
    elif out is not None:
        table.to_csv(out, index=False)
    if json:
        print_json({"model": model, "out": out, "predictions": table.to_dict(orient="records")})
    elif out is None:
        table.to_csv(sys.stdout, index=False)
    else:
        print_status(f"Predictions: {out} ({len(table)} rows)")


def _predictions(
    model: Path, data: Path, quantiles: list[float] | None, reading: TableOptions, texts: TextOptions, *, arrays: bool
) -> Any:
    """What the model predicts: `Columns` where that needs no more than NumPy, and ``arrays`` will do, else a
    DataFrame."""
    from gruvy.cli.columns import Columns
    from gruvy.cli.tasks import ModelFile

    file = ModelFile.read(model)
    given = file.check(quantiles=quantiles) | file.reading(reading)
    file.check_texts(texts)
    file.check_data(data)
    columns = file.predict_columns(data, **given) if arrays else None
    if columns is not None:
        return Columns(columns)
    fitted = file.load()
    texts.apply(fitted)
    return file.commands.predict(fitted, data, **given)
