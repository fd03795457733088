"""What the commands share in talking: results on stdout, everything else on stderr."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn
from rich.table import Table

if TYPE_CHECKING:
    from gruvy.report import TableRow
    from gruvy.tasks import Forecaster
    from gruvy.training import Progress as Event

stderr = Console(stderr=True, highlight=False)


def print_json(document: Any) -> None:
    """Write the one JSON document of ``--json``; what is not a number becomes null, as JSON has no NaN."""
    print(json.dumps(_plain(document), indent=2, allow_nan=False, ensure_ascii=False))


@contextmanager
def working(what: str, *, quiet: bool) -> Iterator[None]:
    """Show on a terminal that something goes on which has no steps to count."""
    if quiet or not stderr.is_terminal:
        yield
        return
    with stderr.status(what):
        yield


class Training:
    """Shows training events: a bar on a terminal, one line an epoch elsewhere, nothing where ``quiet``.

    Its context gives what ``fit(progress=...)`` is to call. ``name`` says which model is trained.
    """

    def __init__(self, name: str, *, quiet: bool):
        self.name = name
        self.quiet = quiet
        self.bar = Progress(
            SpinnerColumn(),
            TextColumn("[bold]{task.description}"),
            BarColumn(bar_width=12),
            TextColumn("{task.fields[state]}"),
            console=stderr,
            transient=True,
        )
        self.validation = ""  # of the last epoch that ended; batches in between have none of their own
        self.task = self.bar.add_task(name, total=None, state="preparing")

    def __enter__(self) -> Callable[[Event], None]:
        if not self.quiet and stderr.is_terminal:
            self.bar.start()
        return self._show

    def __exit__(self, *_: object) -> None:
        if self.bar.live.is_started:
            self.bar.stop()

    def _show(self, event: Event) -> None:
        if self.quiet:
            return
        left = timedelta(seconds=round(event.remaining))
        state = f"epoch {event.epoch}/{event.epochs}  loss {event.train_loss:.4f}"
        if event.validation_loss is not None:
            self.validation = f"  validation {event.validation_loss:.4f}"
        if stderr.is_terminal:
            done = (event.epoch - 1) * event.batches + event.batch
            state += f"{self.validation}  {left} left"
            self.bar.update(self.task, total=event.epochs * event.batches, completed=done, state=state)
        elif event.validation_loss is not None:
            print(f"{self.name}: {state}{self.validation}  at most {left} left", file=stderr.file, flush=True)


def print_scores(model: Forecaster, scores: Sequence[Mapping[str, Any]]) -> None:
    """Print what ``evaluate`` of one model returned, a table for each target."""
    from gruvy.tasks.forecasting.report import CELL_NAMES, step_name, table_rows

    console = Console(highlight=False)
    targets = list(dict.fromkeys(row["target"] for row in scores))
    for target in targets:
        if len(targets) > 1:
            console.print(f"\n[bold]{escape(target)}[/]")
        rows = table_rows({CELL_NAMES[model.cell]: model}, [scores], target)
        console.print(comparison(rows, "", step_name(model)))


def comparison(rows: Sequence[TableRow], unit: str, step: str) -> Table:
    """Return the table of models and baselines that the commands print."""
    from gruvy.report import text

    table = Table(box=box.SIMPLE_HEAD, padding=(0, 0, 0, 1), pad_edge=False)
    below = f"\n{unit}" if unit else ""
    table.add_column("model", no_wrap=True)
    for header in (
        f"MAE{below}",
        f"MAE at\n{step} {len(rows[0].mae_by_step)}",
        f"RMSE{below}",
        "in the\nband",
        "param-\neters",
        "time per\nepoch",
        "peak\nmemory",
    ):
        table.add_column(header, justify="right", no_wrap=True)
    places = text.decimals([row.mae for row in rows])
    for row in rows:
        table.add_row(
            row.name,
            text.fixed(row.mae, places),
            text.fixed(row.mae_by_step[-1], places),
            text.fixed(row.rmse, places),
            "–" if row.coverage is None else f"{row.coverage:.0%}",
            text.fixed(row.parameters, 0),
            text.seconds(row.seconds_per_epoch),
            text.memory(row.peak_memory_bytes),
            style="bold" if row.kind == "model" else None,
        )
    return table


def table_of(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    """Return a table whose first column is text and whose others are numbers; its first row is the model's."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 0, 0, 1), pad_edge=False)
    for number, header in enumerate(columns):
        table.add_column(header, justify="right" if number else "left", no_wrap=True)
    for number, row in enumerate(rows):
        table.add_row(*row, style=None if number else "bold")
    return table


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
