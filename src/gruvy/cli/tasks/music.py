"""``gruvy fit music``, and how models of music predict and are evaluated."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gruvy.cli.job import Job
from gruvy.cli.options import AS_FOUND, RunOptions, TableOptions, TestFraction
from gruvy.cli.output import print_table
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
    step: Annotated[
        float, typer.Option(metavar="QUARTERS", help="For scores: the length of a step in quarter notes.")
    ] = 1.0,
    series: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="For a table: column that tells the pieces apart; each row is a step."),
    ] = None,
    test_fraction: TestFraction = 0.2,
    *,
    reading: TableOptions,
    run: RunOptions,
) -> Job:
    """Train a model of music, or of any sequences of binary vectors, on DATA and compare it with simple baselines.

    A fifth of the pieces is held out: all printed figures are measured there.
    """
    if not (math.isfinite(step) and step > 0):
        raise ArgumentError(f"--step: expected a number of quarter notes above 0, got {step}")
    from gruvy.nn.cells import CELL_NAMES
    from gruvy.tasks import PolyphonicModel
    from gruvy.tasks.music.files import MusicFiles
    from gruvy.tasks.music.fitting import fit_files
    from gruvy.tasks.music.report import music_report

    model = run.estimator(PolyphonicModel)
    files = MusicFiles(step, series)
    return Job(
        model,
        train=lambda **how: fit_files(model, data, files, test_fraction=test_fraction, reading=reading.given, **how),
        score=lambda test: model.evaluate(test.X),
        show=lambda scores: show(model, scores),
        report=lambda test, scores: music_report({CELL_NAMES[model.cell]: model}, test.X, test.names, title=data.stem),
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
