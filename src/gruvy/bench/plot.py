"""The contest as one SVG file that needs nothing else: how long every contender takes, gruvy's time being 1."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from html import escape

from gruvy.bench.contest import Row
from gruvy.bench.table import GRUVY, names_of
from gruvy.report.palette import DARK, LIGHT

WIDTH, LEFT, RIGHT, LINE = 860, 150, 24, 22
TICKS = (0.125, 0.25, 0.5, 1, 2, 4, 8, 16, 32, 64, 128)
# One sign for each contender: colours alone are not told apart by everybody.
SIGNS = (
    "M-5 0A5 5 0 1 0 5 0A5 5 0 1 0-5 0Z",  # circle
    "M-4.5-4.5H4.5V4.5H-4.5Z",  # square
    "M0-6L6 0L0 6L-6 0Z",  # diamond
    "M0-6L5.5 4.5H-5.5Z",  # triangles
    "M0 6L5.5-4.5H-5.5Z",
    "M-6 0L4.5-5.5V5.5Z",
    "M6 0L-4.5-5.5V5.5Z",
    "M-2-6H2V-2H6V2H2V6H-2V2H-6V-2H-2Z",  # plus
    "M-6-3.5L0-6.5L6-3.5V3.5L0 6.5L-6 3.5Z",  # hexagon
)


def svg(rows: Sequence[Row]) -> str:
    """Return the picture: a panel for each kind of work and number of threads, a line for each shape.

    A sign right of the line at 1 is slower than gruvy. The scale is logarithmic.
    """
    others = [name for name in names_of(rows) if name != GRUVY]
    ratios = [row.milliseconds[name] / row.milliseconds[GRUVY] for row in rows for name in row.milliseconds]
    ticks = [tick for tick in TICKS if min(ratios) / 2 < tick < max(ratios) * 2]
    low, high = min([*ticks, *ratios]) * 0.92, max([*ticks, *ratios]) * 1.08
    groups = list(dict.fromkeys((row.work, row.threads) for row in rows))
    body: list[str] = list(_legend(others))
    top = 78 + LINE * math.ceil(len(others) / 4)
    for work, threads in groups:
        mine = [row for row in rows if (row.work, row.threads) == (work, threads)]
        title = f"{work}, {threads} thread{'s' if threads > 1 else ''}"
        body += _panel(title, mine, others, ticks, top, (math.log(low), math.log(high)))
        top += LINE * len(mine) + 74
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top}" role="img" '
        f'aria-label="Time of each contender over that of gruvy"><style>{_style(len(others))}</style>'
        f'<rect class="page" width="{WIDTH}" height="{top}"/>' + "".join(body) + "</svg>\n"
    )


def _panel(
    title: str, rows: Sequence[Row], others: Sequence[str], ticks: Sequence[float], top: int, logs: tuple[float, float]
) -> Iterator[str]:
    def x(ratio: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (math.log(ratio) - logs[0]) / (logs[1] - logs[0])

    bottom = top + LINE * len(rows)
    yield f'<text class="strong" x="20" y="{top - 12}">{escape(title)}</text>'
    for tick in ticks:
        kind = "one" if tick == 1 else "grid"
        label = "gruvy = 1" if tick == 1 else f"{tick:g}"
        yield f'<path class="{kind}" d="M{x(tick):.1f} {top}V{bottom}"/>'
        yield f'<text class="soft" x="{x(tick):.1f}" y="{bottom + 18}" text-anchor="middle">{label}</text>'
    for number, row in enumerate(rows):
        y = top + LINE * (number + 0.5)
        yield f'<text x="{LEFT - 14}" y="{y + 4:.0f}" text-anchor="end">{row.shape}</text>'
        yield f'<path class="grid" d="M{LEFT} {y:.0f}H{WIDTH - RIGHT}"/>'
        for index, name in enumerate(others):
            if name not in row.milliseconds:
                continue
            ratio = row.milliseconds[name] / row.milliseconds[GRUVY]
            told = f"{name}: {row.milliseconds[name]:.4g} ms, {ratio:.2f} times gruvy's, at {row.shape}"
            yield _sign(index, x(ratio), y, told)


def _legend(others: Sequence[str]) -> Iterator[str]:
    yield '<text class="strong" x="20" y="28">Time over that of gruvy, by shape (inputs, hidden, batch, steps)</text>'
    for index, name in enumerate(others):
        left, y = 26 + 205 * (index % 4), 50 + LINE * (index // 4)
        yield _sign(index, left, y, name)
        yield f'<text x="{left + 14}" y="{y + 4}">{escape(name)}</text>'


def _sign(index: int, x: float, y: float, told: str) -> str:
    path = SIGNS[index % len(SIGNS)]
    return (
        f'<path class="c{index}" d="{path}" transform="translate({x:.1f} {y:.1f})"><title>{escape(told)}</title></path>'
    )


def _style(count: int) -> str:
    rules = ["text{font:13px system-ui,sans-serif}", ".strong{font-weight:600}", "path{stroke-width:1}"]
    for palette in (LIGHT, DARK):
        themed = [
            f".page{{fill:{palette.surface}}}text{{fill:{palette.ink}}}.soft{{fill:{palette.soft}}}",
            f".grid{{stroke:{palette.line}}}.one{{stroke:{palette.ink};stroke-width:1.5}}",
            *(f".c{i}{{fill:{palette.hues[i % len(palette.hues)]};stroke:{palette.surface}}}" for i in range(count)),
        ]
        rules.append("".join(themed) if palette is LIGHT else f"@media(prefers-color-scheme:dark){{{''.join(themed)}}}")
    return "".join(rules)
