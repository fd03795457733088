"""``gruvy fit music``, and how models of music predict and are evaluated."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gruvy.cli.options import AS_FOUND, Cell, FitOptions, HiddenSize, NumLayers, TableOptions
from gruvy.cli.output import Training, print_fitted, print_table, working
from gruvy.errors import ArgumentError

if TYPE_CHECKING:
    import pandas as pd

    from gruvy.tasks import PolyphonicModel

TAKES = frozenset({"tables"})
EXAMPLES = r"""
A folder of MIDI or MusicXML files, a frame for each eighth note, then a new piece:

    gruvy fit music songs --step 0.5 --report report.html
    gruvy compose model.gruvy --out tune.mid

A table with a row for each step and a column of 0 and 1 for each note; `song` tells the pieces apart:

    gruvy fit music rolls.parquet --series song
"""


def fit(
    data: Annotated[
        Path,
        typer.Argument(
            metavar="DATA",
            help="A folder of MIDI, MusicXML, .krn or .abc files, an .npz file of arrays (T, D), or a table.",
        ),
    ],
    step: Annotated[float, typer.Option(metavar="QUARTERS", help="Of scores: a step's length in quarter notes.")] = 1.0,
    series: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Of a table: tells the pieces apart; each row is a step.")
    ] = None,
    test_fraction: Annotated[float, typer.Option(metavar="SHARE", help="Of the pieces, held out to test.")] = 0.2,
    cell: Cell = "gru",
    hidden_size: HiddenSize = 128,
    num_layers: NumLayers = 1,
    *,
    reading: TableOptions,
    run: FitOptions,
) -> None:
    """Train a model of music, or of any sequences of binary vectors, on DATA and compare it with simple baselines.

    A fifth of the pieces is held out: all printed figures are measured there.
    """
    run.check()
    if not 0 < test_fraction < 1:
        raise ArgumentError(f"--test-fraction: expected a share between 0 and 1, got {test_fraction}")
    if not (math.isfinite(step) and step > 0):
        raise ArgumentError(f"--step: expected a number of quarter notes above 0, got {step}")
    with working("loading", quiet=run.json):
        from gruvy.nn.cells import CELL_NAMES
        from gruvy.report import write_report
        from gruvy.tasks import PolyphonicModel
        from gruvy.tasks.music.files import MusicFiles
        from gruvy.tasks.music.fitting import fit_files
        from gruvy.tasks.music.report import music_report

        model = run.estimator(
            PolyphonicModel,
            cell=cell,
            hidden_size=hidden_size,
            num_layers=num_layers,
        )
    with Training(CELL_NAMES.get(model.cell, model.cell), quiet=run.json) as progress:
        test = fit_files(
            model,
            data,
            MusicFiles(step, series),
            test_fraction=test_fraction,
            reading=reading.given,
            **run.training,
            progress=progress,
        )
    model.save(run.out)
    with working("scoring", quiet=run.json):
        scores = model.evaluate(test.X)
        if run.report is not None:
            write_report(music_report({CELL_NAMES[model.cell]: model}, test.X, test.names, title=data.stem), run.report)
    print_fitted(
        model,
        run,
        show=lambda: show(model, scores),
        scores=scores,
    )


def predict(model: PolyphonicModel, data: Path, *, reading: Mapping[str, Any] = AS_FOUND) -> pd.DataFrame:
    """Say how likely each piece is."""
    import pandas as pd

    names, rolls = model.files_.read(data, reading=reading)
    frames = model.log_likelihood(rolls)
    return pd.DataFrame(
        {
            "piece": names,
            "frames": [len(one) for one in frames],
            "log_likelihood": [one.sum() for one in frames],
            "nll_per_frame": [-one.mean() for one in frames],
        }
    )


def evaluate(model: PolyphonicModel, data: Path, *, reading: Mapping[str, Any] = AS_FOUND) -> list[dict[str, Any]]:
    """Measure a model and the baselines of its fit on pieces."""
    return model.evaluate(model.files_.read(data, reading=reading)[1])


def show(model: PolyphonicModel, scores: Sequence[Mapping[str, Any]]) -> None:
    """Print what ``evaluate`` returned."""
    from gruvy.report import scores_table
    from gruvy.report.music import FRAME_COLUMNS

    print_table(scores_table(FRAME_COLUMNS, scores))
