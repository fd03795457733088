"""The contest as text: a table for each kind of work and number of threads."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from gruvy.bench.contest import Row
from gruvy.bench.peers import OWN, PEERS

GRUVY = OWN[0].name
NOISY = 0.2  # of the median, between the quartiles


def render(rows: Sequence[Row]) -> str:
    """Return the tables: milliseconds by shape, and below them the geometric mean of each column over gruvy's.

    The fastest of a row has a star. A contender that does not do this kind of work has a dash. Where turns of the same
    contender differed much, the last line says so.
    """
    groups = list(dict.fromkeys((row.work, row.threads) for row in rows))
    tables = [
        _table(
            f"{work}, {threads} thread{'s' if threads > 1 else ''}", [r for r in rows if (r.work, r.threads) == group]
        )
        for group in groups
        for work, threads in [group]
    ]
    return "\n\n".join([*tables, *_noise(rows)])


def names_of(rows: Sequence[Row]) -> list[str]:
    """Return the contenders that took part anywhere, in the order of the table."""
    known = [peer.name for peer in (*OWN, *PEERS)]
    took_part = dict.fromkeys(name for row in rows for name in row.milliseconds)
    return sorted(took_part, key=lambda name: known.index(name) if name in known else len(known))


def times_gruvys(rows: Sequence[Row], name: str) -> float | None:
    """Return the geometric mean of the contender's time over gruvy's, where it took part; None if nowhere."""
    ratios = [row.milliseconds[name] / row.milliseconds[GRUVY] for row in rows if name in row.milliseconds]
    return statistics.geometric_mean(ratios) if ratios else None


def _table(title: str, rows: Sequence[Row]) -> str:
    names = names_of(rows)
    cells = [[str(row.shape), *(_cell(row, name) for name in names)] for row in rows]
    means = ["times gruvy's"]
    for name in names:
        mean = times_gruvys(rows, name)
        means.append("-" if mean is None else f"{mean:.2f}x")
    headers = [("", "I,H,N,T"), *(_two_lines(name) for name in names)]
    lines = [[header[0] for header in headers], [header[1] for header in headers], *cells, means]
    widths = [max(len(line[column]) for line in lines) for column in range(len(headers))]
    text = ["  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
    return "\n".join([f"{title} (milliseconds; * fastest)", *text])


def _noise(rows: Sequence[Row]) -> list[str]:
    spreads = [spread for row in rows for spread in row.spread.values()]
    noisy = sum(spread > NOISY for spread in spreads)
    told = f"The machine was busy: of {noisy} of {len(spreads)} times the quartiles are more than {NOISY:.0%} apart."
    return [told] if noisy else []


def _cell(row: Row, name: str) -> str:
    if name not in row.milliseconds:
        return "-"
    value = row.milliseconds[name]
    star = "*" if value == min(row.milliseconds.values()) else ""
    return f"{star}{value:.4g}" if value < 1000 else f"{star}{value:.0f}"


def _two_lines(name: str) -> tuple[str, str]:
    first, _, second = name.partition(" ")
    return (first.rstrip(","), second) if second else ("", first)
