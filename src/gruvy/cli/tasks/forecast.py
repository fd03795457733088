"""``gruvy fit forecast``, and how forecasters predict and are evaluated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gruvy.cli.arguments import bounds, names, spellings
from gruvy.cli.options import (
    AS_FOUND,
    TABLE_FILES,
    Cell,
    FitOptions,
    HiddenSize,
    NumLayers,
    Rescale,
    TableOptions,
    TimeOptions,
)
from gruvy.cli.output import Training, print_fitted, print_table, say, working

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
        list[str], typer.Option(metavar="COLUMN", help="What to forecast; several as a,b or by repeating.")
    ],
    time: Annotated[
        str, typer.Option(metavar="COLUMN", help="Dates and times, in regular steps; date,hour for two columns.")
    ],
    horizon: Annotated[
        int | None, typer.Option(metavar="N", help="Steps to forecast; 24, or fewer for a short table.")
    ] = None,
    context: Annotated[
        int | None, typer.Option(metavar="N", help="Steps that the model looks back; 168, or fewer for a short table.")
    ] = None,
    series: Annotated[str | None, typer.Option(metavar="COLUMN", help="Tells several series apart.")] = None,
    past: Annotated[
        list[str] | None, typer.Option(metavar="COLUMNS", help="Known up to now only (measurements).")
    ] = None,
    known: Annotated[
        list[str] | None, typer.Option(metavar="COLUMNS", help="Known ahead as well (prices, holidays).")
    ] = None,
    split: Annotated[
        str, typer.Option(metavar="KIND", help="Hold out the end in time, or whole series: time or series.")
    ] = "time",
    static: Annotated[
        list[str] | None, typer.Option(metavar="COLUMNS", help="One value a series (a shop's region).")
    ] = None,
    holidays: Annotated[
        str | None, typer.Option(metavar="COUNTRY", help="Holidays known ahead, such as US or DE-BY.")
    ] = None,
    lower: Annotated[
        list[str] | None, typer.Option(metavar="X", help="No forecast is below it; of one target as load=0.")
    ] = None,
    upper: Annotated[
        list[str] | None, typer.Option(metavar="X", help="No forecast is above it; of one target as share=1.")
    ] = None,
    likelihood: Annotated[
        str, typer.Option(metavar="KIND", help="quantile, or count for whole numbers from 0 on (sales of a day).")
    ] = "quantile",
    min_context: Annotated[
        int | None,
        typer.Option(metavar="N", help="Fewest steps to look back on, for series that have no more; it is learnt too."),
    ] = None,
    cell: Cell = "gru",
    hidden_size: HiddenSize = 64,
    num_layers: NumLayers = 1,
    rescale: Rescale = False,
    *,
    reading: TableOptions,
    times: TimeOptions,
    run: FitOptions,
) -> None:
    """Train a forecaster on DATA and compare it with simple baselines.

    The last 20% of the rows, or of the series, are held out: all printed errors are measured there, in the target's
    own unit. Values and rows may be missing. Scaling, calendar features and the split are done inside.
    """
    run.check()
    with working("loading", quiet=run.json):
        from gruvy.nn.cells import CELL_NAMES
        from gruvy.report import write_report
        from gruvy.report.forecasting import forecast_headline
        from gruvy.tasks import Forecaster
        from gruvy.tasks.forecasting.report import forecast_report, forecast_table, step_name

        others = spellings([*(past or ()), *(known or ()), *(static or ())])
        frame = _read(data, time, series, spellings(target), others, reading.given)
        targets, of_past, of_known, of_static = (names(given, frame.columns) for given in (target, past, known, static))
        model = run.estimator(
            Forecaster,
            horizon=horizon,
            context_length=context,
            min_context=min_context,
            lower=bounds(lower, "--lower"),
            upper=bounds(upper, "--upper"),
            likelihood=likelihood,
            cell=cell,
            hidden_size=hidden_size,
            num_layers=num_layers,
            split=split,
        )
    with Training(CELL_NAMES.get(model.cell, model.cell), quiet=run.json) as progress:
        model.fit(
            frame,
            target=targets,
            time=time,
            series=series,
            past=of_past,
            known=of_known,
            static=of_static,
            holidays=holidays,
            **times.given(time),
            **run.training,
            rescale=rescale,
            progress=progress,
        )
    model.save(run.out)
    named = {CELL_NAMES[model.cell]: model}
    if run.report is not None:
        with working("writing the report", quiet=run.json):
            write_report(forecast_report(named, frame), run.report)

    def told() -> None:
        show(model, model.scores_)
        if len(targets) == 1:
            say(forecast_headline(forecast_table(named, [model.scores_]), step=step_name(model)))

    print_fitted(
        model,
        run,
        show=told,
        scores=model.scores_,
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
