"""``gruvy fit forecast``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from gruvy.cli.arguments import check_target, names
from gruvy.cli.output import Training, print_json, print_scores, working
from gruvy.errors import ArgumentError

app = typer.Typer(no_args_is_help=True, help="Train a model on a table.")

EXAMPLES = r"""
Hourly weather, a day ahead, with an HTML report:

    gruvy fit forecast weather.csv --target temp --time time_hour \
        --past dewp,pressure --report report.html

Sales of several shops, two weeks ahead, kept after every epoch (go on after a crash with --resume):

    gruvy fit forecast sales.parquet --target units --time day \
        --series shop --known price,holiday --horizon 14 --context 56 \
        --checkpoint run --out sales.gruvy
"""


@app.command(epilog=EXAMPLES)
def forecast(
    data: Annotated[
        Path, typer.Argument(metavar="DATA", help="A CSV, TSV or Parquet file, one row per time (and series).")
    ],
    target: Annotated[
        list[str], typer.Option(metavar="COLUMN", help="What to forecast; several as a,b or by repeating.")
    ],
    time: Annotated[str, typer.Option(metavar="COLUMN", help="Dates and times, in regular steps.")],
    horizon: Annotated[int, typer.Option(metavar="N", help="Steps to forecast.")] = 24,
    context: Annotated[int, typer.Option(metavar="N", help="Steps that the model looks back.")] = 168,
    series: Annotated[str | None, typer.Option(metavar="COLUMN", help="Tells several series apart.")] = None,
    past: Annotated[
        list[str] | None, typer.Option(metavar="COLUMNS", help="Known up to now only (measurements).")
    ] = None,
    known: Annotated[
        list[str] | None, typer.Option(metavar="COLUMNS", help="Known ahead as well (prices, holidays).")
    ] = None,
    cell: Annotated[str, typer.Option(metavar="CELL", help="gru, lstm or tanh.")] = "gru",
    hidden_size: Annotated[int, typer.Option(metavar="N", help="Hidden units per layer.")] = 64,
    num_layers: Annotated[int, typer.Option(metavar="N", help="Recurrent layers on top of each other.")] = 1,
    epochs: Annotated[
        int | None, typer.Option(metavar="N", help="At most so many; early stopping may need fewer.")
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", help="The same seed gives the same model.")] = 0,
    out: Annotated[Path, typer.Option(metavar="FILE", help="Where the model goes.")] = Path("model.gruvy"),
    report: Annotated[Path | None, typer.Option(metavar="FILE", help="Also write an HTML report.")] = None,
    checkpoint: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Keep the state here after every epoch.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the state in --checkpoint.")] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout, nothing else.")] = False,
) -> None:
    """Train a forecaster on DATA and compare it with simple baselines.

    The last 20% of the rows are held out: all printed errors are measured there, in the target's own unit.
    Values and rows may be missing. Scaling, calendar features and the split by time are done inside.
    """
    check_target(out, "--out")
    check_target(report, "--report")
    if resume and checkpoint is None:
        raise ArgumentError("--resume: needs --checkpoint, the folder in which an earlier run kept its state")
    with working("loading", quiet=json):
        from gruvy.data import read_table
        from gruvy.report import text, write_report
        from gruvy.tasks import Forecaster
        from gruvy.tasks.forecasting.report import CELL_NAMES, forecast_report

        frame = read_table(data)
        limits: dict[str, Any] = {} if epochs is None else {"max_epochs": epochs}
        model = Forecaster(
            horizon, context, cell=cell, hidden_size=hidden_size, num_layers=num_layers, random_state=seed, **limits
        )
    with Training(CELL_NAMES.get(cell, cell), quiet=json) as progress:
        model.fit(
            frame,
            target=names(target),
            time=time,
            series=series,
            past=names(past),
            known=names(known),
            checkpoint=checkpoint,
            resume=resume,
            progress=progress,
        )
    model.save(out)
    shown = forecast_report({CELL_NAMES[cell]: model}, frame)
    if report is not None:
        write_report(shown, report)
    if json:
        print_json(
            {
                "model": out,
                "report": report,
                "scores": model.scores_,
                "history": model.history_,
                "best_epoch": model.best_epoch_,
                "parameters": model.n_parameters_,
                "seconds_per_epoch": model.seconds_per_epoch_,
                "peak_memory_bytes": model.peak_memory_bytes_,
                "provenance": model.provenance_,
            }
        )
        return
    print_scores(model, model.scores_)
    console = Console(highlight=False)
    if len(names(target)) == 1:
        console.print(text.headline(shown))
    console.print(f"Model: {out}" + (f"\nReport: {report}" if report else ""), soft_wrap=True)
