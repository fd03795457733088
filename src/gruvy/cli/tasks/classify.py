"""``gruvy fit classify``, and how classifiers predict and are evaluated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gruvy.cli.job import Job, with_baselines
from gruvy.cli.options import (
    AS_FOUND,
    TABLE_FILES,
    Balanced,
    Rescale,
    RunOptions,
    TableOptions,
    TestFraction,
    TextOptions,
)
from gruvy.cli.output import print_table
from gruvy.errors import ArgumentError

if TYPE_CHECKING:
    import pandas as pd

    from gruvy.tasks import SequenceClassifier

TAKES = frozenset({"tables", "texts"})
EXAMPLES = r"""
Texts, with an HTML report:

    gruvy fit classify reviews.csv --text review --label stars \
        --report report.html

Recordings of several sensors, a row for each step; `run` tells the recordings apart:

    gruvy fit classify sensors.parquet --series run --label fault

Curves, a row for each, all other columns its steps; an empty cell was not measured:

    gruvy fit classify genes.tsv --label function --id gene --balanced

Expression in an AnnData file, a sequence for each observation, a step for each gene:

    gruvy fit classify samples.h5ad --label tissue
"""


def fit(
    data: Annotated[Path, typer.Argument(metavar="DATA", help=f"A table ({TABLE_FILES}) or a .h5ad file.")],
    label: Annotated[str, typer.Option(metavar="COLUMN", help="Column of the classes.")],
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
    balanced: Balanced = False,
    test_fraction: TestFraction = 0.2,
    rescale: Rescale = False,
    *,
    reading: TableOptions,
    texts: TextOptions,
    run: RunOptions,
) -> Job:
    """Train a classifier of texts or numeric sequences on DATA and compare it with simple baselines.

    A fifth of every class is held out: all printed figures are measured there.
    """
    if text is not None and series is not None:
        raise ArgumentError("--text and --series: expected one of them; a text is one row")
    from gruvy.nn.cells import CELL_NAMES
    from gruvy.tasks import SequenceClassifier
    from gruvy.tasks.classification.columns import ClassColumns
    from gruvy.tasks.classification.report import classification_report
    from gruvy.tasks.classification.table import fit_table, read_file

    frame = read_file(data, label, series, text=text, id=id, reading=reading.given)
    columns = ClassColumns.of(frame, label, text, series, id)
    model = run.estimator(SequenceClassifier, class_weight="balanced" if balanced else None, unknown=texts.unknown)
    return Job(
        model,
        train=lambda **how: fit_table(model, frame, columns, test_fraction=test_fraction, **how),
        score=lambda test: with_baselines(model.evaluate(test.X, test.y), test.baselines),
        show=lambda scores: show(model, scores),
        report=lambda test, scores: classification_report(
            {CELL_NAMES[model.cell]: model}, test.X, test.y, test.baselines, title=label
        ),
        facts=lambda model: {"classes": model.classes_, "temperature": model.temperature_},
    )


def predict(model: SequenceClassifier, data: Path, *, reading: Mapping[str, Any] = AS_FOUND) -> pd.DataFrame:
    """Tell the class of every text or sequence of a table."""
    from gruvy.tasks.classification.table import predict_table

    return predict_table(model, _read(model, data, reading, labelled=False))


def evaluate(model: SequenceClassifier, data: Path, *, reading: Mapping[str, Any] = AS_FOUND) -> list[dict[str, Any]]:
    """Measure a classifier and the majority class on a table with labels."""
    from gruvy.tasks.classification.table import evaluate_table

    return evaluate_table(model, _read(model, data, reading))


def _read(model: SequenceClassifier, data: Path, reading: Mapping[str, Any], *, labelled: bool = True) -> pd.DataFrame:
    """The table, read as that of the model's fit."""
    from gruvy.tasks.classification.table import read_file
    from gruvy.tasks.shared.tables import columns_of

    columns = columns_of(model)
    return read_file(
        data,
        columns.label,
        columns.series,
        text=columns.text,
        id=columns.id,
        values=columns.values,
        labelled=labelled,
        reading=reading,
    )


def show(model: SequenceClassifier, scores: Sequence[Mapping[str, Any]]) -> None:
    """Print what ``evaluate`` returned."""
    from gruvy.report import scores_table
    from gruvy.report.labels import LABEL_COLUMNS

    print_table(scores_table(LABEL_COLUMNS, scores))
