"""``gruvy fit regress``, and how regressors predict and are evaluated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gruvy.cli.job import Job, with_baselines
from gruvy.cli.options import AS_FOUND, TABLE_FILES, Rescale, RunOptions, TableOptions, TestFraction, TextOptions
from gruvy.cli.output import print_table
from gruvy.errors import ArgumentError

if TYPE_CHECKING:
    import pandas as pd

    from gruvy.tasks import SequenceRegressor

TAKES = frozenset({"tables", "texts", "quantiles"})
EXAMPLES = r"""
Recordings of several sensors, a row for each step; `run` tells the recordings apart, and those of one engine are either
all learnt from or all tested with:

    gruvy fit regress engines.parquet --target life --series run --group engine

Texts, with an HTML report:

    gruvy fit regress reviews.csv --text review --target stars --report report.html

Curves, a row for each, all other columns its steps:

    gruvy fit regress courses.tsv --target dose --id patient
"""


def fit(
    data: Annotated[Path, typer.Argument(metavar="DATA", help=f"A table ({TABLE_FILES}) or a .h5ad file.")],
    target: Annotated[
        list[str], typer.Option(metavar="COLUMN", help="The number to predict; give it again for another.")
    ],
    text: Annotated[str | None, typer.Option(metavar="COLUMN", help="Column of the texts, one per row.")] = None,
    series: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Column that tells sequences apart, where each row is a step.")
    ] = None,
    id: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN", help="Column that names the rows, where each is a sequence; it is not an input."
        ),
    ] = None,
    group: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="What belongs together, and is learnt from or tested with.")
    ] = None,
    test_fraction: TestFraction = 0.2,
    rescale: Rescale = False,
    *,
    reading: TableOptions,
    texts: TextOptions,
    run: RunOptions,
) -> Job:
    """Train a model that predicts numbers for texts or numeric sequences, and compare it with simple baselines.

    A fifth of the sequences is held out: all printed figures are measured there.
    """
    if text is not None and series is not None:
        raise ArgumentError("--text and --series: expected one of them; a text is one row")
    from gruvy.nn.cells import CELL_NAMES
    from gruvy.tasks import SequenceRegressor
    from gruvy.tasks.regression.model import NumberColumns
    from gruvy.tasks.regression.table import fit_table, regression_report
    from gruvy.tasks.shared.tables import read_sequence_file

    ids = [name for name in (id, group) if name is not None]
    frame = read_sequence_file(data, target, series, text=text, id=ids, numeric=True, reading=reading.given)
    columns = NumberColumns.of(frame, target, text, series, id, group)
    model = run.estimator(SequenceRegressor, unknown=texts.unknown)
    return Job(
        model,
        train=lambda **how: fit_table(model, frame, columns, test_fraction=test_fraction, **how),
        score=lambda test: with_baselines(model.evaluate(test.X, test.y), test.baselines, models=len(target)),
        show=lambda scores: show(model, scores),
        report=lambda test, scores: regression_report(
            {CELL_NAMES[model.cell]: model}, test.X, test.y, test.baselines, title=" and ".join(target)
        ),
    )


def predict(
    model: SequenceRegressor, data: Path, *, reading: Mapping[str, Any] = AS_FOUND, quantiles: list[float] | None = None
) -> pd.DataFrame:
    """Predict the numbers of every text or sequence of a table."""
    from gruvy.tasks.regression.table import predict_table

    return predict_table(model, _read(model, data, reading, complete=False), quantiles)


def evaluate(model: SequenceRegressor, data: Path, *, reading: Mapping[str, Any] = AS_FOUND) -> list[dict[str, Any]]:
    """Measure a regressor and the mean of its fit on a table with the true numbers."""
    from gruvy.tasks.regression.table import evaluate_table

    return evaluate_table(model, _read(model, data, reading))


def _read(model: SequenceRegressor, data: Path, reading: Mapping[str, Any], *, complete: bool = True) -> pd.DataFrame:
    """The table, read as that of the model's fit."""
    from gruvy.tasks.shared.tables import columns_of, read_sequence_file

    columns = columns_of(model)
    return read_sequence_file(
        data,
        columns.targets,
        columns.series,
        text=columns.text,
        id=() if columns.id is None else (columns.id,),
        values=columns.values,
        complete=complete,
        numeric=True,
        reading=reading,
    )


def show(model: SequenceRegressor, scores: Sequence[Mapping[str, Any]]) -> None:
    """Print what ``evaluate`` returned."""
    from gruvy.nn.cells import CELL_NAMES
    from gruvy.report import scores_table
    from gruvy.report.regression import columns

    targets = len(model.targets_)
    names = {model.cell: CELL_NAMES[model.cell]}
    print_table(scores_table(columns(model.targets_), scores, models=targets, names=names))
