"""``gruvy fit translate``, and how translators predict and are evaluated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gruvy.cli.options import AS_FOUND, TABLE_FILES, FitOptions, TableOptions, TextOptions
from gruvy.cli.output import Training, print_fitted, print_table, working
from gruvy.errors import ArgumentError

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
        Path | None, typer.Argument(metavar="TRANSLATIONS", help="Where DATA is a text file: the other one.")
    ] = None,
    source: Annotated[str, typer.Option(metavar="COLUMN", help="The sentences to translate.")] = "source",
    target: Annotated[str, typer.Option(metavar="COLUMN", help="Their translations.")] = "target",
    attention: Annotated[
        bool, typer.Option("--attention/--no-attention", help="Look at all of the sentence, or at one summary of it.")
    ] = True,
    vocabulary_size: Annotated[int, typer.Option(metavar="N", help="Sub-words of each language, at most.")] = 4000,
    embedding_size: Annotated[int, typer.Option(metavar="N", help="Numbers that stand for a sub-word.")] = 128,
    hidden_size: Annotated[int, typer.Option(metavar="N", help="Hidden units per layer and direction.")] = 192,
    test_fraction: Annotated[float, typer.Option(metavar="SHARE", help="Of the sentences, held out to test.")] = 0.05,
    *,
    reading: TableOptions,
    texts: TextOptions,
    run: FitOptions,
) -> None:
    """Train a translator on pairs of sentences and measure its BLEU and chrF.

    A twentieth of the sentences is held out: all printed figures are measured there.
    """
    run.check()
    if not 0 < test_fraction < 1:
        raise ArgumentError(f"--test-fraction: expected a share between 0 and 1, got {test_fraction}")
    with working("loading", quiet=run.json):
        from gruvy.report import write_report
        from gruvy.tasks import Translator
        from gruvy.tasks.translation.columns import PairColumns
        from gruvy.tasks.translation.report import translation_report
        from gruvy.tasks.translation.scores import check_installed
        from gruvy.tasks.translation.table import fit_pairs, read_files

        check_installed()  # before the training, not after it
        columns = PairColumns(source, target)
        X, y = read_files(data, translations, columns, reading.given)
        model = run.estimator(
            Translator,
            attention="additive" if attention else None,
            vocabulary_size=vocabulary_size,
            embedding_size=embedding_size,
            hidden_size=hidden_size,
            unknown=texts.unknown,
        )
    with Training("GRU", quiet=run.json) as progress:
        test = fit_pairs(
            model,
            X,
            y,
            columns,
            test_fraction=test_fraction,
            **run.training,
            progress=progress,
        )
    model.save(run.out)
    with working("scoring", quiet=run.json):
        scores = model.evaluate(test.X, test.y)
        if run.report is not None:
            shown = translation_report({"GRU": model}, test.X, test.y, title=f"{source} to {target}")
            write_report(shown, run.report)
    print_fitted(
        model,
        run,
        show=lambda: show(model, scores),
        scores=scores,
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
