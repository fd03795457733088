"""``gruvy fit forecast``, and how forecasters predict and are evaluated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gruvy.cli.arguments import names, spellings
from gruvy.cli.job import Job
from gruvy.cli.options import AS_FOUND, TABLE_FILES, Rescale, RunOptions, TableOptions, TimeOptions
from gruvy.cli.output import print_table, say

if TYPE_CHECKING:
    import pandas as pd

    from gruvy.runtime import ForecastRuntime
    from gruvy.tasks import Forecaster

TAKES = frozenset({"tables", "quantiles"})
EXAMPLES = r"""
Hourly weather, a day ahead, with an HTML report:

    gruvy fit forecast weather.csv --target temp --time time_hour \
        --past dewp,pressure --report report.html

Sales of several shops, two weeks ahead, kept after every epoch (go on after a crash with --resume):

    gruvy fit forecast sales.parquet --target units --time day \
        --series shop --known price,holiday --horizon 14 --context 56 \
        --checkpoint run --out sales.gruvy
"""


def fit(
    data: Annotated[
        Path, typer.Argument(metavar="DATA", help=f"A table ({TABLE_FILES}), one row per time (and series).")
    ],
    target: Annotated[
        list[str],
        typer.Option(metavar="COLUMN", help="Column to forecast; for several write a,b or repeat the option."),
    ],
    time: Annotated[
        str, typer.Option(metavar="COLUMN", help="Dates and times, in regular steps; date,hour for two columns.")
    ],
    series: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Column that tells several series apart.")
    ] = None,
    past: Annotated[
        list[str] | None, typer.Option(metavar="COLUMNS", help="Covariates known up to now only (measurements).")
    ] = None,
    known: Annotated[
        list[str] | None, typer.Option(metavar="COLUMNS", help="Covariates known ahead as well (prices, holidays).")
    ] = None,
    static: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMNS", help="Covariates with one value per series (a shop's region)."),
    ] = None,
    holidays: Annotated[
        str | None, typer.Option(metavar="COUNTRY", help="Holidays known ahead, such as US or DE-BY.")
    ] = None,
    rescale: Rescale = False,
    *,
    reading: TableOptions,
    times: TimeOptions,
    run: RunOptions,
) -> Job:
    """Train a forecaster on DATA and compare it with simple baselines.

    The last 20% of the rows, or of the series, are held out: all printed errors are measured there, in the target's
    own unit. Values and rows may be missing. Scaling, calendar features and the split are done inside.
    """
    from gruvy.nn.cells import CELL_NAMES
    from gruvy.report.forecasting import forecast_headline
    from gruvy.tasks import Forecaster
    from gruvy.tasks.forecasting.report import forecast_report, forecast_table, step_name

    others = spellings([*(past or ()), *(known or ()), *(static or ())])
    frame = _read(data, time, series, spellings(target), others, reading.given)
    targets, of_past, of_known, of_static = (names(given, frame.columns) for given in (target, past, known, static))
    model = run.estimator(Forecaster)

    def print_result(scores: Sequence[Mapping[str, Any]]) -> None:
        show(model, scores)
        if len(targets) == 1:
            table = forecast_table({CELL_NAMES[model.cell]: model}, [scores])
            say(forecast_headline(table, step=step_name(model)))

    return Job(
        model,
        train=lambda **how: model.fit(
            frame,
            target=targets,
            time=time,
            series=series,
            past=of_past,
            known=of_known,
            static=of_static,
            holidays=holidays,
            **times.given(time),
            **how,
        ),
        show=print_result,
        report=lambda test, scores: forecast_report({CELL_NAMES[model.cell]: model}, frame),
    )


def predict(
    model: Forecaster, data: Path, *, reading: Mapping[str, Any] = AS_FOUND, quantiles: list[float] | None = None
) -> pd.DataFrame:
    """Forecast the steps after the last row of a table."""
    return model.predict(_of_model(model, data, reading), quantiles=quantiles)


def predict_columns(
    model: ForecastRuntime,
    data: Path,
    *,
    reading: Mapping[str, Any] = AS_FOUND,
    quantiles: list[float] | None = None,
) -> Mapping[str, Any] | None:
    """The same of delimited text, with NumPy alone; None for other tables."""
    from gruvy.tables import Roles, read_text_table

    columns = model.preparation.columns
    others = (*columns.past, *columns.static, *columns.known)
    texts = () if columns.series is None else (columns.series,)
    table = read_text_table(data, Roles(texts, tuple(spellings([columns.time])), columns.targets, others), **reading)
    return None if table is None else model.predict(table, quantiles=quantiles)


def evaluate(model: Forecaster, data: Path, *, reading: Mapping[str, Any] = AS_FOUND) -> list[dict[str, Any]]:
    """Measure a forecaster and its baselines on every window of a table."""
    return model.evaluate(_of_model(model, data, reading))


def _of_model(model: Forecaster, data: Path, reading: Mapping[str, Any]) -> pd.DataFrame:
    """The table, read as that of the model's fit."""
    columns = model.columns_
    return _read(
        data, columns.time, columns.series, columns.targets, columns.past + columns.static + columns.known, reading
    )


def _read(
    data: Path,
    time: str,
    series: str | None,
    targets: Sequence[str],
    others: Sequence[str],
    reading: Mapping[str, Any],
) -> pd.DataFrame:
    """The table, each column read by its part."""
    from gruvy.data import read_table

    texts = [] if series is None else [series]
    return read_table(data, texts=texts, times=spellings([time]), numbers=targets, others=others, **reading)


def show(model: Forecaster, scores: Sequence[Mapping[str, Any]]) -> None:
    """Print what ``evaluate`` returned, a table for each target."""
    from gruvy.nn.cells import CELL_NAMES
    from gruvy.tasks.forecasting.report import forecast_table

    targets = list(dict.fromkeys(row["target"] for row in scores))
    for target in targets:
        if len(targets) > 1:
            say(f"\n{target}", style="bold")
        print_table(forecast_table({CELL_NAMES[model.cell]: model}, [scores], target))
