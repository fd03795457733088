"""``gruvy fit language``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from gruvy.cli.arguments import check_target
from gruvy.cli.output import Training, bits_table, print_json, working
from gruvy.errors import ArgumentError

EXAMPLES = r"""
A model of a novel, and a page of it:

    gruvy fit language novel.txt --out novel.gruvy --report report.html
    gruvy generate novel.gruvy --prompt "It was " --length 2000

Several files, a larger model, kept after every epoch (go on after a crash with --resume):

    gruvy fit language a.txt b.txt --hidden-size 512 --num-layers 2 --checkpoint run
"""


def language(
    data: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Text files in UTF-8, read in this order.")],
    cell: Annotated[str, typer.Option(metavar="CELL", help="gru, lstm or tanh.")] = "gru",
    hidden_size: Annotated[int, typer.Option(metavar="N", help="Hidden units per layer.")] = 256,
    num_layers: Annotated[int, typer.Option(metavar="N", help="Recurrent layers on top of each other.")] = 1,
    context: Annotated[
        int, typer.Option(metavar="N", help="Characters through which gradients go back; memory goes further.")
    ] = 100,
    epochs: Annotated[
        int | None, typer.Option(metavar="N", help="At most so many; early stopping may need fewer.")
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", help="The same seed gives the same model.")] = 0,
    out: Annotated[Path, typer.Option(metavar="FILE", help="Where the model goes.")] = Path("model.gruvy"),
    report: Annotated[Path | None, typer.Option(metavar="FILE", help="Also write an HTML report.")] = None,
    checkpoint: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Keep the state here after every epoch.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the state in --checkpoint.")] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout, nothing else.")] = False,
) -> None:
    """Train a model of the characters of a text and compare it with n-grams and compressors.

    The last tenth of the text is held out: all printed figures are measured there, in bits per character. The tenth
    before it chooses the best epoch.
    """
    check_target(out, "--out")
    check_target(report, "--report")
    if resume and checkpoint is None:
        raise ArgumentError("--resume: needs --checkpoint, the folder in which an earlier run kept its state")
    with working("loading", quiet=json):
        from gruvy.data import read_text
        from gruvy.report import bits_headline, write_language_report
        from gruvy.tasks import LanguageModel
        from gruvy.tasks.forecasting.report import CELL_NAMES
        from gruvy.tasks.language.params import joined, split_text
        from gruvy.tasks.language.report import language_report

        text = joined([read_text(path) for path in data])
        limits: dict[str, Any] = {} if epochs is None else {"max_epochs": epochs}
        model = LanguageModel(hidden_size, num_layers, cell=cell, context_length=context, random_state=seed, **limits)
    with Training(CELL_NAMES.get(cell, cell), quiet=json) as progress:
        model.fit(text, checkpoint=checkpoint, resume=resume, progress=progress)
    model.save(out)
    held_out = split_text(text, model.validation_fraction, model.test_fraction)[2]
    shown = language_report(model, held_out)
    if report is not None:
        write_language_report(shown, report)
    if json:
        print_json(
            {
                "model": out,
                "report": report,
                "scores": model.scores_,
                "history": model.history_,
                "best_epoch": model.best_epoch_,
                "parameters": model.n_parameters_,
                "seconds_per_epoch": model.seconds_per_epoch_,
                "peak_memory_bytes": model.peak_memory_bytes_,
                "provenance": model.provenance_,
            }
        )
        return
    console = Console(highlight=False)
    console.print(bits_table(model.scores_))
    console.print(bits_headline(shown))
    console.print(f"Model: {out}" + (f"\nReport: {report}" if report else ""), soft_wrap=True)
