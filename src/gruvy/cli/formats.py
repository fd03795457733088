"""``gruvy formats``."""

from __future__ import annotations

from typing import Annotated

import typer
from rich import box
from rich.table import Table

from gruvy.cli.output import print_json, say


def formats(
    json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout, nothing else.")] = False,
) -> None:
    """Print which framework's GRU can be converted to which, exactly, and what is refused.

    Example: `gruvy formats`
    """
    from gruvy import formats
    from gruvy.formats import matrix

    rows = matrix.rows()
    if json:
        conversions = {name: dict(zip(formats.NAMES, letters, strict=True)) for name, *letters in rows}
        print_json({"conversions": conversions, "legend": matrix.LEGEND})
        return
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), pad_edge=False)
    table.add_column("from / to", no_wrap=True)
    for number in range(len(rows)):
        table.add_column(str(number + 1), justify="center", no_wrap=True)
    for number, (name, *cells) in enumerate(rows, 1):
        table.add_row(f"{number:2} {name}", *cells)
    say(table)
    legend = Table.grid(padding=(0, 2))
    for letter, meaning in matrix.LEGEND.items():
        legend.add_row(letter, meaning)
    say(legend)
