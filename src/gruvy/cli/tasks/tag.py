"""``gruvy fit tag``, and how taggers predict and are evaluated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
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

    from gruvy.tasks import SequenceTagger
    from gruvy.tasks.tagging.columns import TagColumns

TAKES = frozenset({"tables", "texts"})
EXAMPLES = r"""
Proteins and their secondary structure, in one file of three lines each (name, residues, labels) or in two files:

    gruvy fit tag chains.3line --report report.html

    gruvy fit tag proteins.fasta --labels structure.fasta

Sentences with a label for each word, in a CoNLL file; the last column has the labels, or the one that --label numbers:

    gruvy fit tag people.conll --report report.html

A table with a row for each residue, its profile in all other columns; `chain` tells the sequences apart:

    gruvy fit tag residues.parquet --series chain --string residue \
        --label structure

Recordings of several sensors, a row for each step:

    gruvy fit tag sensors.csv --series run --label activity
"""


def fit(
    data: Annotated[Path, typer.Argument(metavar="DATA", help=f"A FASTA or CoNLL file, or a table ({TABLE_FILES}).")],
    labels: Annotated[
        Path | None, typer.Option(metavar="FILE", help="For a FASTA file: a second one with the labels.")
    ] = None,
    label: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Column of the labels; for a CoNLL file its number.")
    ] = None,
    string: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="Column of strings or lists of words; with --series, of one item per row."),
    ] = None,
    series: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Column that tells sequences apart, where each row is a step.")
    ] = None,
    balanced: Balanced = False,
    test_fraction: TestFraction = 0.2,
    rescale: Rescale = False,
    *,
    reading: TableOptions,
    texts: TextOptions,
    run: RunOptions,
) -> Job:
    """Train a tagger, which labels every step of a sequence, on DATA and compare it with simple baselines.

    A fifth of the sequences is held out: all printed figures are measured there.
    """
    from gruvy.nn.cells import CELL_NAMES
    from gruvy.tasks import SequenceTagger
    from gruvy.tasks.tagging.report import tagging_report
    from gruvy.tasks.tagging.table import fit_table

    frame, columns = _read(data, labels, label, string, series, reading.given)
    model = run.estimator(SequenceTagger, class_weight="balanced" if balanced else None, unknown=texts.unknown)
    name = CELL_NAMES.get(model.cell, model.cell)
    return Job(
        model,
        train=lambda **how: fit_table(model, frame, columns, test_fraction=test_fraction, **how),
        score=lambda test: with_baselines(model.evaluate(test.X, test.y), test.baselines),
        show=lambda scores: show(model, scores),
        report=lambda test, scores: tagging_report(
            {name: model}, {name: test.X}, test.y, test.baselines, title=data.stem
        ),
        facts=lambda model: {"classes": model.classes_, "temperature": model.temperature_},
    )


def predict(model: SequenceTagger, data: Path, *, reading: Mapping[str, Any] = AS_FOUND) -> pd.DataFrame:
    """Label every step of the sequences of a file."""
    from gruvy.tasks.tagging.table import predict_table

    return predict_table(model, _of_model(model, data, reading, labelled=False))


def evaluate(model: SequenceTagger, data: Path, *, reading: Mapping[str, Any] = AS_FOUND) -> list[dict[str, Any]]:
    """Measure a tagger and the majority class on a file with labels."""
    from gruvy.tasks.tagging.table import evaluate_table

    return evaluate_table(model, _of_model(model, data, reading, labelled=True))


def show(model: SequenceTagger, scores: Sequence[Mapping[str, Any]]) -> None:
    """Print what ``evaluate`` returned."""
    from gruvy.report import scores_table
    from gruvy.report.labels import LABEL_COLUMNS

    print_table(scores_table(LABEL_COLUMNS, scores))


def _read(
    data: Path,
    labels: Path | None,
    label: str | None,
    string: str | None,
    series: str | None,
    reading: Mapping[str, Any],
) -> tuple[pd.DataFrame, TagColumns]:
    """The table, and what its columns are."""
    from gruvy.data import is_fasta
    from gruvy.tasks.tagging.columns import CONLL_COLUMNS, FASTA_COLUMNS, TagColumns
    from gruvy.tasks.tagging.table import is_sentences, read_frame

    if is_sentences(data):
        if labels is not None or series is not None:
            raise ArgumentError(
                f"--labels and --series: {data} is read as CoNLL, which has words and labels in one file"
            )
        conll = None if label is None and string is None else (_column(string, 1), _column(label, -1))
        return read_frame(data, conll=conll), replace(CONLL_COLUMNS, conll=conll)
    if is_fasta(data):
        if label is not None or string is not None or series is not None:
            raise ArgumentError(
                "--label, --string and --series are of tables; the labels of a FASTA file: --labels FILE"
            )
        return read_frame(data, labels, reading=reading), FASTA_COLUMNS
    if labels is not None:
        raise ArgumentError(f"--labels: is for FASTA files; name the column of labels of {data} with --label")
    if label is None:
        raise ArgumentError("--label: expected the column of the labels; a table needs it")
    if string is None and series is None:
        raise ArgumentError(
            "--series or --string: expected the column of ids where each row is a step, or that of the strings where "
            "each row is a sequence"
        )
    texts = _texts(label, string, series)
    frame = read_frame(data, texts=texts, numbers=None if series is not None else (), reading=reading)
    return frame, TagColumns.of(frame, label, string, series)


def _of_model(model: SequenceTagger, data: Path, reading: Mapping[str, Any], *, labelled: bool) -> pd.DataFrame:
    """The table, read as that of the model's fit."""
    from gruvy.tasks.shared.tables import columns_of
    from gruvy.tasks.tagging.table import read_frame

    columns = columns_of(model)
    texts = _texts(columns.label, columns.string, columns.series)
    # Without labels, the second of two lines of a FASTA entry is most likely the rest of a sequence.
    known = None if labelled else [str(label) for label in model.classes_]
    conll = columns.conll
    return read_frame(data, texts=texts, numbers=columns.values, known=known, reading=reading, conll=conll)


def _column(number: str | None, usual: int) -> int:
    """The number of a column of a CoNLL file."""
    try:
        return usual if number is None else int(number)
    except ValueError as error:
        raise ArgumentError(
            f"--label and --string: of a CoNLL file expected numbers of columns from 1 on, got {number!r}"
        ) from error


def _texts(*names: str | None) -> list[str]:
    return [name for name in names if name is not None]
