"""``gruvy fit regress``, and how regressors predict and are evaluated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gruvy.cli.arguments import levels
from gruvy.cli.options import AS_FOUND, Cell, FitOptions, NumLayers, Rescale, TableOptions, TextOptions
from gruvy.cli.output import Training, print_fitted, print_table, working
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
    data: Annotated[Path, typer.Argument(metavar="DATA", help="A CSV, TSV, JSON Lines, Parquet or h5ad file.")],
    target: Annotated[
        list[str], typer.Option(metavar="COLUMN", help="The number to predict; give it again for another.")
    ],
    text: Annotated[str | None, typer.Option(metavar="COLUMN", help="The texts, one a row.")] = None,
    series: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Tells sequences apart, where each row is a step.")
    ] = None,
    id: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Names the rows, where each is a sequence; it is no value.")
    ] = None,
    group: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="What belongs together, and is learnt from or tested with.")
    ] = None,
    tokens: Annotated[str, typer.Option(metavar="KIND", help="Texts as word, character or subword.")] = "word",
    quantiles: Annotated[
        str | None, typer.Option(metavar="LEVELS", help="To learn besides the median, as 0.05,0.95.")
    ] = None,
    test_fraction: Annotated[float, typer.Option(metavar="FRACTION", help="Held out to test.")] = 0.2,
    attention: Annotated[
        bool, typer.Option("--attention", help="Read all states of the network, not the last one alone.")
    ] = False,
    cell: Cell = "gru",
    hidden_size: Annotated[int, typer.Option(metavar="N", help="Hidden units per layer and direction.")] = 64,
    num_layers: NumLayers = 1,
    rescale: Rescale = False,
    *,
    reading: TableOptions,
    texts: TextOptions,
    run: FitOptions,
) -> None:
    """Train a model that predicts numbers for texts or numeric sequences, and compare it with simple baselines.

    A fifth of the sequences is held out: all printed figures are measured there.
    """
    run.check()
    if text is not None and series is not None:
        raise ArgumentError("--text and --series: expected one of them; a text is one row")
    if not 0 < test_fraction < 1:
        raise ArgumentError(f"--test-fraction: expected a fraction between 0 and 1, got {test_fraction}")
    chosen = levels(quantiles)
    with working("loading", quiet=run.json):
        from gruvy.nn.cells import CELL_NAMES
        from gruvy.report import write_report
        from gruvy.tasks import SequenceRegressor
        from gruvy.tasks.regression.model import NumberColumns
        from gruvy.tasks.regression.table import fit_table, regression_report
        from gruvy.tasks.shared.tables import read_sequence_file

        ids = [name for name in (id, group) if name is not None]
        frame = read_sequence_file(data, target, series, text=text, id=ids, numeric=True, reading=reading.given)
        columns = NumberColumns.of(frame, target, text, series, id, group)
        model = run.estimator(
            SequenceRegressor,
            tokens=tokens,
            attention=attention,
            **({} if chosen is None else {"quantiles": tuple(chosen)}),
            cell=cell,
            hidden_size=hidden_size,
            num_layers=num_layers,
            unknown=texts.unknown,
        )
    with Training(CELL_NAMES.get(model.cell, model.cell), quiet=run.json) as progress:
        test = fit_table(
            model, frame, columns, test_fraction=test_fraction, **run.training, rescale=rescale, progress=progress
        )
    model.save(run.out)
    with working("scoring", quiet=run.json):
        found = model.evaluate(test.X, test.y)
        own, mean = found[: len(target)], found[len(target) :]
        scores = [*own, *test.baselines, *mean]
        if run.report is not None:
            named = {CELL_NAMES[model.cell]: model}
            write_report(
                regression_report(named, test.X, test.y, test.baselines, title=" and ".join(target)), run.report
            )
    print_fitted(model, run, show=lambda: show(model, scores), scores=scores)


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
