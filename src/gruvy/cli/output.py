"""What the commands share in talking: results on stdout, everything else on stderr."""

from __future__ import annotations

import functools
import json
import math
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import typer

from gruvy.cli.pulse import PULSE, pulse

if TYPE_CHECKING:
    from rich.console import Console

    from gruvy.cli.options import RunOptions
    from gruvy.report import Comparison
    from gruvy.training import Progress as Event

# The exit code after Ctrl-C, as shells count it: 128 + SIGINT, and what Typer returns.
INTERRUPTED = 130


# What is printed are texts, column names and paths of the user's; none of it is markup. rich is imported where a table
# or a bar is drawn: many commands need neither.


@functools.cache
def stderr() -> Console:
    """The terminal that shows how far a command is."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, markup=False)


def say(*what: Any, **how: Any) -> None:
    """Print a result, as `rich.console.Console.print` does."""
    from rich.console import Console

    Console(highlight=False, markup=False).print(*what, **how)


def print_status(line: str) -> None:
    """Print what is no result, on stderr."""
    print(line, file=sys.stderr)


def print_json(document: Any) -> None:
    """Write the one JSON document of ``--json``; what is not a number becomes null, as JSON has no NaN."""
    print(json.dumps(_plain(document), indent=2, allow_nan=False, ensure_ascii=False))


@contextmanager
def working(what: str, *, quiet: bool) -> Iterator[None]:
    """Show that something goes on which has no steps to count: on a terminal at once, elsewhere as `pulse` does."""
    if not quiet and sys.stderr.isatty():
        with stderr().status(what):
            yield
    else:
        with pulse(lambda: what, quiet=quiet):
            yield


class Training:
    """Shows training events: a bar on a terminal, a line an epoch elsewhere and between, nothing where ``quiet``.

    Its context gives what ``fit(progress=...)`` is to call. ``name`` says which model is trained.
    """

    def __init__(self, name: str, *, quiet: bool):
        self.name = name
        self.quiet = quiet
        from rich.progress import BarColumn, SpinnerColumn, TextColumn
        from rich.progress import Progress as Bar

        self.bar = Bar(
            SpinnerColumn(),
            TextColumn("[bold]{task.description}"),
            BarColumn(bar_width=12),
            TextColumn("{task.fields[state]}"),
            console=stderr(),
            transient=True,
        )
        self.validation = ""  # of the last epoch that ended; batches in between have none of their own
        self.state = "preparing"  # what is said of it between two epochs
        self.task = self.bar.add_task(name, total=None, state=self.state)

    def __enter__(self) -> Callable[[Event], None]:
        self.open = ExitStack()
        self.open.enter_context(pulse(lambda: f"{self.name}: {self.state}", quiet=self.quiet))
        if not self.quiet and stderr().is_terminal:
            self.bar.start()
            self.open.callback(self.bar.stop)
        return self._show

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        self.open.close()
        if isinstance(error, KeyboardInterrupt) and error.args:
            print(f"{self.name}: {error}", file=stderr().file)

    def _show(self, event: Event) -> None:
        if self.quiet:
            return
        left = timedelta(seconds=round(event.remaining))
        state = f"epoch {event.epoch}/{event.epochs}  {event.note or f'loss {event.train_loss:.4f}'}"
        if event.validation_loss is not None:
            self.validation = f"  validation {event.validation_loss:.4f}"
        if stderr().is_terminal:
            done = (event.epoch - 1) * event.batches + event.batch
            state += f"{self.validation}  {left} left"
            self.bar.update(self.task, total=event.epochs * event.batches, completed=done, state=state)
            return
        self.state = f"{state}{self.validation}  at most {left} left"
        if event.note or event.validation_loss is not None:
            PULSE.say(f"{self.name}: {self.state}")


def print_table(comparison: Comparison) -> None:
    """Print what models and baselines reach; the rows of trained networks stand out."""
    import rich.table
    from rich import box

    shown = rich.table.Table(box=box.SIMPLE_HEAD, padding=(0, 0, 0, 1), pad_edge=False)
    shown.add_column(comparison.what, no_wrap=True)
    for column in comparison.shown():
        shown.add_column(column.narrow or _in_two_lines(column.header), justify="right", no_wrap=True)
    for row in comparison.rows:
        shown.add_row(row.name, *comparison.cells(row), style="bold" if row.kind == "model" else None)
    say(shown)


def _in_two_lines(header: str) -> str:
    """The header, broken where its longer line is shortest."""
    breaks = [place for place, sign in enumerate(header) if sign == " "]
    if not breaks:
        return header
    place = min(breaks, key=lambda place: max(place, len(header) - place - 1))
    return f"{header[:place]}\n{header[place + 1 :]}"


def print_fitted(model: Any, run: RunOptions, *, show: Callable[[], None], **facts: Any) -> None:
    """End a ``fit``: with one JSON document, or with what ``show`` prints and where the files are.

    Args:
        model: the fitted estimator.
        run: where it and its report were written, and whether one JSON document is wanted, which has ``facts`` too.
        show: prints the result.
        facts: what belongs to this kind of estimator.
    """
    if run.json:
        names = {"n_parameters_": "parameters"}
        kept = ("history_", "best_epoch_", "n_parameters_", "seconds_per_epoch_", "peak_memory_bytes_", "provenance_")
        own = {names.get(name, name.rstrip("_")): getattr(model, name) for name in kept if hasattr(model, name)}
        print_json({"model": run.out, "report": run.report, **facts, **own})
    else:
        show()
        if parent := model.provenance_.get("parent"):
            say(f"Went on from: {run.from_}, trained on {parent['date'][:10]}", soft_wrap=True)
        say(f"Model: {run.out}" + (f"\nReport: {run.report}" if run.report else ""), soft_wrap=True)
    if model.provenance_.get("stopped") == "Ctrl-C":
        raise typer.Exit(INTERRUPTED)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    if (isinstance(value, float) and not math.isfinite(value)) or type(value).__name__ == "NAType":
        return None
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
