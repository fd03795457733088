"""``gruvy fit transcribe``, and how transcribers predict and are evaluated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gruvy.cli.job import Job, with_baselines
from gruvy.cli.options import AS_FOUND, TABLE_FILES, Rescale, RunOptions, TableOptions, TestFraction, TextOptions
from gruvy.cli.output import print_table

if TYPE_CHECKING:
    import pandas as pd

    from gruvy.tasks import Transcriber

TAKES = frozenset({"tables", "texts"})
EXAMPLES = r"""
A table with a path and a text in each row, paths relative to the table's folder:

    gruvy fit transcribe prompts.csv --audio file --text said --report report.html
    gruvy predict model.gruvy new-recordings/

A model that can write while someone speaks (in Python: gruvy.load("live.gruvy").stream()):

    gruvy fit transcribe prompts.csv --audio file --text said --streaming --out live.gruvy
"""


def fit(
    data: Annotated[Path, typer.Argument(metavar="TABLE", help=f"A table ({TABLE_FILES}).")],
    audio: Annotated[str, typer.Option(metavar="COLUMN", help="Column of paths of WAV, FLAC, OGG or MP3 files.")],
    text: Annotated[str, typer.Option(metavar="COLUMN", help="Column of what is said in them.")],
    sample_rate: Annotated[
        int | None, typer.Option(metavar="HZ", help="Resample to this rate, where the files' rates differ.")
    ] = None,
    streaming: Annotated[
        bool, typer.Option("--streaming", help="Read in one direction only, to transcribe as the sound arrives.")
    ] = False,
    test_fraction: TestFraction = 0.1,
    rescale: Rescale = False,
    *,
    reading: TableOptions,
    texts: TextOptions,
    run: RunOptions,
) -> Job:
    """Train a model that writes down what is said, on recordings and their texts.

    A tenth of the recordings is held out: all printed figures are measured there. Recordings of the same text are held
    out together. Texts in upper and lower case are learnt in lower case, and digits as they are; see --normalize.
    """
    from gruvy.nn.cells import CELL_NAMES
    from gruvy.tasks import Transcriber
    from gruvy.tasks.transcription.report import transcription_report
    from gruvy.tasks.transcription.table import fit_table

    model = run.estimator(Transcriber, bidirectional=not streaming, unknown=texts.unknown)
    about: dict[str, Any] = {"audio": audio, "text": text, "sample_rate": sample_rate, "reading": reading.given}
    return Job(
        model,
        train=lambda **how: fit_table(model, data, test_fraction=test_fraction, **about, **how),
        score=lambda test: with_baselines(model.evaluate(test.X, test.y), test.baselines),
        show=lambda scores: show(model, scores),
        report=lambda test, scores: transcription_report(
            {CELL_NAMES[model.cell]: model}, test.X, test.y, test.baselines, title=data.stem
        ),
        facts=lambda model: {"alphabet": model.alphabet_, "sample_rate": model.sample_rate_},
    )


def predict(model: Transcriber, data: Path, *, reading: Mapping[str, Any] = AS_FOUND) -> pd.DataFrame:
    """Transcribe a recording, all recordings of a folder, or those of a table."""
    from gruvy.tasks.transcription.table import predict_data

    return predict_data(model, data, reading)


def evaluate(model: Transcriber, data: Path, *, reading: Mapping[str, Any] = AS_FOUND) -> list[dict[str, Any]]:
    """Measure a transcriber, and the empty transcript, on a table of recordings and texts."""
    from gruvy.tasks.transcription.table import evaluate_table

    return evaluate_table(model, data, reading)


def show(model: Transcriber, scores: Sequence[Mapping[str, Any]]) -> None:
    """Print what ``evaluate`` returned."""
    from gruvy.report import scores_table
    from gruvy.report.transcription import ERROR_COLUMNS

    print_table(scores_table(ERROR_COLUMNS, scores))
