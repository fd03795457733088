"""``gruvy fit anomaly``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from gruvy.cli.arguments import check_target, names
from gruvy.cli.output import Training, print_json, working
from gruvy.errors import ArgumentError

EXAMPLES = r"""
Sensors of a machine, every column but the time, one false alarm in a thousand rows:

    gruvy fit anomaly normal.csv --time time --false-alarm-rate 0.001 \
        --out pump.gruvy
    gruvy predict pump.gruvy new.csv --out scores.csv
"""


def anomaly(
    data: Annotated[
        Path, typer.Argument(metavar="DATA", help="A CSV, TSV or Parquet file of normal rows, one a step, in order.")
    ],
    time: Annotated[str | None, typer.Option(metavar="COLUMN", help="Dates and times, in regular steps.")] = None,
    columns: Annotated[
        list[str] | None, typer.Option(metavar="COLUMNS", help="What to watch; all but the time by default.")
    ] = None,
    false_alarm_rate: Annotated[
        float, typer.Option(metavar="SHARE", help="Of normal rows, above the threshold.")
    ] = 0.002,
    context: Annotated[int, typer.Option(metavar="N", help="Rows of a training window.")] = 64,
    horizon: Annotated[int, typer.Option(metavar="N", help="Rows ahead whose forecasts are judged.")] = 8,
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
    """Train a detector of anomalies on the normal rows of DATA.

    The last rows give the threshold: the stated share of them raises an alarm. The report shows the rows of DATA.
    """
    check_target(out, "--out")
    check_target(report, "--report")
    if resume and checkpoint is None:
        raise ArgumentError("--resume: needs --checkpoint, the folder in which an earlier run kept its state")
    with working("loading", quiet=json):
        from gruvy.data import read_table
        from gruvy.report import write_anomaly_report
        from gruvy.tasks import AnomalyDetector
        from gruvy.tasks.anomaly.report import anomaly_report

        frame = read_table(data)
        limits: dict[str, Any] = {} if epochs is None else {"max_epochs": epochs}
        detector = AnomalyDetector(
            context,
            horizon,
            false_alarm_rate=false_alarm_rate,
            hidden_size=hidden_size,
            num_layers=num_layers,
            random_state=seed,
            **limits,
        )
    with Training("GRU", quiet=json) as progress:
        detector.fit(
            frame,
            time=time,
            columns=names(columns) or None,
            checkpoint=checkpoint,
            resume=resume,
            progress=progress,
        )
    detector.save(out)
    if report is not None:
        write_anomaly_report(anomaly_report(detector, frame), report)
    best = detector.history_[detector.best_epoch_ - 1]
    if json:
        print_json(
            {
                "model": out,
                "report": report,
                "validation_loss": best["validation_loss"],
                "history": detector.history_,
                "best_epoch": detector.best_epoch_,
                "parameters": detector.n_parameters_,
                "provenance": detector.provenance_,
            }
        )
        return
    console = Console(highlight=False)
    console.print(
        f"Watches {', '.join(detector.feature_names_in_)}: {detector.n_parameters_:,} parameters, squared error of the "
        f"forecasts {best['validation_loss']:.0%} of persistence's.\n"
        f"An alarm is a score above 1, which {false_alarm_rate:.2%} of the {len(detector.calibration_scores_):,} "
        "held-out rows have."
    )
    console.print(f"Model: {out}" + (f"\nReport: {report}" if report else ""), soft_wrap=True)
