"""``gruvy demo``: every demo is run and shown in the same way."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from gruvy.cli.output import Training, print_json, print_table, stderr, working
from gruvy.demos.catalogue import DEMOS, Entry, runner
from gruvy.errors import ArgumentError

if TYPE_CHECKING:
    from gruvy.demos.outcome import Budget, Outcome

app = typer.Typer(no_args_is_help=True, help="See a complete run on real data.")

Out = Annotated[Path, typer.Option(metavar="FOLDER", help="Folder for the report, the models and the figures.")]
Quick = Annotated[bool, typer.Option("--quick", help="A minute at most: less training, and the models less good.")]
Full = Annotated[bool, typer.Option("--full", help="As long as it takes for the best figures; may be hours.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout, nothing else.")]


def _register(name: str, entry: Entry) -> None:
    def command(out: Out = Path("gruvy-demo"), quick: Quick = False, full: Full = False, json: Json = False) -> None:
        outcome = _run(name, out, _budget(quick, full), quiet=json)
        if json:
            print_json(outcome.results)
        else:
            _show(outcome)

    command.__doc__ = f"{entry.about}\n\n{entry.details}\n\nExample: `gruvy demo {name} --quick`"
    app.command(name=name)(command)


for _name, _entry in DEMOS.items():
    _register(_name, _entry)


def _budget(quick: bool, full: bool) -> Budget:
    if quick and full:
        raise ArgumentError("--quick and --full: expected at most one of them, got both")
    return "quick" if quick else "full" if full else "default"


def _run(name: str, out: Path, budget: Budget, *, quiet: bool) -> Outcome:
    with working("loading", quiet=quiet):
        from gruvy.datasets import card

        run: Callable[..., Outcome] = runner(name)
    if not quiet:
        stderr.print(DEMOS[name].about, soft_wrap=True)
        for about in map(card, DEMOS[name].cards):
            stderr.print(f"Data: {about.title}.\nFrom: {about.source}; {about.licence}.", soft_wrap=True)
    return run(out, budget=budget, training=lambda model: Training(model, quiet=quiet))


def _show(outcome: Outcome) -> None:
    for table in outcome.tables:
        print_table(table)
    console = Console(highlight=False)
    console.print(outcome.headline, soft_wrap=True)
    console.print(f"Model: {outcome.model_path}\nReport: {outcome.report_path.resolve()}", soft_wrap=True)
