"""``gruvy fit translate``, and how translators predict and are evaluated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gruvy.cli.job import Job
from gruvy.cli.options import AS_FOUND, TABLE_FILES, RunOptions, TableOptions, TestFraction, TextOptions
from gruvy.cli.output import print_table

if TYPE_CHECKING:
    import pandas as pd

    from gruvy.tasks import Translator

TAKES = frozenset({"tables", "texts"})
EXAMPLES = r"""
A table with a column for each language, with an HTML report:

    gruvy fit translate pairs.tsv --source es --target en \
        --report report.html

Two text files, whose lines belong together:

    gruvy fit translate corpus.es corpus.en --out es-en.gruvy
"""


def fit(
    data: Annotated[Path, typer.Argument(metavar="DATA", help=f"A table ({TABLE_FILES}) or a text file.")],
    translations: Annotated[
        Path | None,
        typer.Argument(metavar="TRANSLATIONS", help="Where DATA is a text file: the file of its translations."),
    ] = None,
    source: Annotated[str, typer.Option(metavar="COLUMN", help="Column of the sentences to translate.")] = "source",
    target: Annotated[str, typer.Option(metavar="COLUMN", help="Column of their translations.")] = "target",
    attention: Annotated[
        bool,
        typer.Option("--attention/--no-attention", help="Attend to the whole sentence, or read one summary of it."),
    ] = True,
    test_fraction: TestFraction = 0.05,
    *,
    reading: TableOptions,
    texts: TextOptions,
    run: RunOptions,
) -> Job:
    """Train a translator on pairs of sentences and measure its BLEU and chrF.

    A twentieth of the sentences is held out: all printed figures are measured there.
    """
    from gruvy.tasks import Translator
    from gruvy.tasks.translation.columns import PairColumns
    from gruvy.tasks.translation.report import translation_report
    from gruvy.tasks.translation.scores import check_installed
    from gruvy.tasks.translation.table import fit_pairs, read_files

    check_installed()  # before the training, not after it
    columns = PairColumns(source, target)
    X, y = read_files(data, translations, columns, reading.given)
    model = run.estimator(Translator, attention="additive" if attention else None, unknown=texts.unknown)
    return Job(
        model,
        train=lambda **how: fit_pairs(model, X, y, columns, test_fraction=test_fraction, **how),
        score=lambda test: model.evaluate(test.X, test.y),
        show=lambda scores: show(model, scores),
        report=lambda test, scores: translation_report({"GRU": model}, test.X, test.y, title=f"{source} to {target}"),
        name="GRU",
    )


def predict(model: Translator, data: Path, *, reading: Mapping[str, Any] = AS_FOUND) -> pd.DataFrame:
    """Translate every sentence of a table or a text file."""
    from gruvy.tasks.translation.table import predict_file

    return predict_file(model, data, reading)


def evaluate(model: Translator, data: Path, *, reading: Mapping[str, Any] = AS_FOUND) -> list[dict[str, Any]]:
    """Measure a translator and simple baselines on a table with both languages."""
    from gruvy.tasks.shared.tables import columns_of
    from gruvy.tasks.translation.table import read_files

    return model.evaluate(*read_files(data, None, columns_of(model), reading))


def show(model: Translator, scores: Sequence[Mapping[str, Any]]) -> None:
    """Print what ``evaluate`` returned."""
    from gruvy.report import scores_table
    from gruvy.report.translation import translation_columns

    print_table(scores_table(translation_columns(), scores))
