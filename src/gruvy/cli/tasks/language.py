"""``gruvy fit language``, and how language models are evaluated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from gruvy.cli.job import Job
from gruvy.cli.options import RunOptions, TextOptions
from gruvy.cli.output import print_table, say
from gruvy.errors import ArgumentError

if TYPE_CHECKING:
    from gruvy.tasks import LanguageModel

TAKES = frozenset({"texts"})
EXAMPLES = r"""
A model of a novel, and a page of it:

    gruvy fit language novel.txt --out novel.gruvy --report report.html
    gruvy generate novel.gruvy --prompt "It was " --length 2000

Several files, a larger model, kept after every epoch (go on after a crash with --resume):

    gruvy fit language a.txt b.txt --hidden-size 512 --num-layers 2 --checkpoint run
"""


def fit(
    data: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Text files in UTF-8, read in this order.")],
    *,
    texts: TextOptions,
    run: RunOptions,
) -> Job:
    """Train a model of the characters of a text and compare it with n-grams and compressors.

    The last tenth of the text is held out: all printed figures are measured there, in bits per character. The tenth
    before it selects the best epoch.
    """
    from gruvy.data import read_text
    from gruvy.report.language import bits_headline
    from gruvy.tasks import LanguageModel
    from gruvy.tasks.language.parts import joined, split_text
    from gruvy.tasks.language.report import HELD_OUT, bits_table, language_report

    text = joined([read_text(path) for path in data])
    model = run.estimator(LanguageModel, unknown=texts.unknown)

    def print_result(scores: Sequence[Mapping[str, Any]]) -> None:
        show(model, scores)
        say(bits_headline(bits_table(model), HELD_OUT))

    return Job(
        model,
        train=lambda **how: model.fit(text, **how),
        show=print_result,
        report=lambda test, scores: language_report(
            model, split_text(text, model.validation_fraction, model.test_fraction)[2]
        ),
    )


def predict(model: LanguageModel, data: Path) -> NoReturn:
    """Refuse: what a language model has to say is no table."""
    raise ArgumentError("the model: expected one that predicts a table, got a language model; use gruvy generate")


def evaluate(model: LanguageModel, data: Path) -> list[dict[str, Any]]:
    """Measure a language model and compressors on a text."""
    from gruvy.data import read_text

    return model.evaluate(read_text(data))


def show(model: LanguageModel, scores: Sequence[Mapping[str, Any]]) -> None:
    """Print what ``evaluate`` returned."""
    from gruvy.nn.cells import CELL_NAMES
    from gruvy.report import scores_table
    from gruvy.report.language import BITS_COLUMNS

    print_table(scores_table(BITS_COLUMNS, scores, names=CELL_NAMES))
