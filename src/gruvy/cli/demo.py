"""``gruvy demo``: every demo is run and shown in the same way."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

from gruvy.cli.arguments import check_target
from gruvy.cli.lazy import SETTINGS
from gruvy.cli.options import Json
from gruvy.cli.output import Training, print_json, print_status, print_table, say, working
from gruvy.cli.pulse import pulse
from gruvy.demos.catalogue import DEMOS, Entry, runner
from gruvy.errors import ArgumentError, GruvyError

if TYPE_CHECKING:
    from gruvy.demos.outcome import Budget, Outcome

app = typer.Typer(no_args_is_help=True, help="See a complete run on real data.", **SETTINGS)

Out = Annotated[Path, typer.Option(metavar="FOLDER", help="Folder for the reports, the models and the figures.")]
Quick = Annotated[bool, typer.Option("--quick", help="Half a minute: less training, and the models less good.")]
Full = Annotated[bool, typer.Option("--full", help="As long as it takes for the best figures; may be hours.")]
Record = Annotated[
    Path | None,
    typer.Option(metavar="FILE.md", help="Also time the engine, and put the figures into this table of results."),
]


def _register(name: str, entry: Entry) -> None:
    def command(
        out: Out = Path("gruvy-demo"),
        quick: Quick = False,
        full: Full = False,
        record: Record = None,
        json: Json = False,
    ) -> None:
        budget = _budget(quick, full)
        _check_record(record)
        outcome = _run(name, out, budget, record, quiet=json)
        if json:
            print_json(outcome.results)

    command.__doc__ = f"{entry.about}\n\n{entry.details}\n\nExample: `gruvy demo {name} --quick`"
    app.command(name=name)(command)


for _name, _entry in DEMOS.items():
    _register(_name, _entry)


@app.command(name="all")
def every(out: Out = Path("gruvy-demo"), quick: Quick = False, full: Full = False, record: Record = None) -> None:
    """Run all demos, and fail if one of them has not learnt: each must beat its trivial baseline.

    Example: `gruvy demo all --quick`
    """
    budget = _budget(quick, full)
    _check_record(record)
    failed = {}
    for name in DEMOS:
        try:
            if not _run(name, out, budget, record, quiet=False).learnt:
                failed[name] = "no better than its trivial baseline"
        except GruvyError as error:  # of one demo: what its data or its extra lacks
            failed[name] = str(error)
    for name, why in failed.items():
        print_status(f"gruvy: demo {name}: {why}")
    raise typer.Exit(1 if failed else 0)


def _budget(quick: bool, full: bool) -> Budget:
    if quick and full:
        raise ArgumentError("--quick and --full: expected at most one of them, got both")
    return "quick" if quick else "full" if full else "default"


def _check_record(record: Path | None) -> None:
    """Fail before the runs, not after them, where the figures could not be written."""
    check_target(record, "--record")
    if record is not None:
        from gruvy.demos.record import check_page

        check_page(record)


def _run(name: str, out: Path, budget: Budget, record: Path | None, *, quiet: bool) -> Outcome:
    with working("loading", quiet=quiet):
        from gruvy.datasets import card
        from gruvy.demos.outcome import seconds_kept

        run: Callable[..., Outcome] = runner(name)
        before = seconds_kept(out, name) if budget == "full" else 0.0
    if not quiet:
        print_status(DEMOS[name].about)
        for about in map(card, DEMOS[name].cards):
            print_status(f"Data: {about.title}.\nFrom: {about.source}; {about.licence}.")
    begin = perf_counter()
    with pulse(lambda: f"demo {name}", quiet=quiet), _stopped_at_once():
        outcome = run(out, budget=budget, training=lambda model: Training(model, quiet=quiet))
    seconds = before + perf_counter() - begin
    if not quiet:
        _show(outcome)
    if record is not None:
        from gruvy.demos.record import add, engine_speedup, result_of

        with working("timing the engine", quiet=quiet):
            speedup = engine_speedup(name)
        add(record, result_of(name, budget, outcome, seconds, speedup))
    return outcome


@contextmanager
def _stopped_at_once() -> Iterator[None]:
    """Let Ctrl-C end a demo: with a model that is half trained its figures would be no figures."""
    before = signal.signal(signal.SIGINT, _stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _stop(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _show(outcome: Outcome) -> None:
    for table in outcome.tables:
        print_table(table)
    say(outcome.headline, soft_wrap=True)
    say(f"Model: {outcome.model_path}\nReport: {outcome.report_path.resolve()}", soft_wrap=True)
