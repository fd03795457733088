"""What the tests of all report pages share: comparisons from plain lines, and a look at a page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from gruvy.report import Column, Comparison, Report, Row, write_report

# A phone at night and a desk by day: each of the two widths and themes once.
VIEWS = pytest.mark.parametrize(("width", "dark"), [(390, True), (1280, False)], ids=["phone-dark", "desk-light"])
# Each plot's id with the number of things that Plotly has really put on the page.
_DRAWN = """Object.fromEntries([...document.querySelectorAll('.plot')].map(plot => [plot.id, plot.querySelectorAll(
    '.scatterlayer .trace, .barlayer .point, .heatmaplayer .hm image[*|href^="data:image"]').length]))"""


def compared(columns: Sequence[Column], *lines: tuple[Any, ...], what: str = "model") -> Comparison:
    """A comparison of lines: name, kind, and a value for each column; a pair where a column shows two."""
    rows = []
    for name, kind, *given in lines:
        values: dict[str, Any] = {}
        for column, value in zip(columns, given, strict=False):
            pair = value if column.until else (value,)
            values |= dict(zip((column.name, column.until), pair, strict=False))
        rows.append(Row(name, kind, values))
    return Comparison(columns, rows, what)


def look(chromium: Any, report: Report, path: Path, *, width: int, dark: bool) -> dict[str, int]:
    """Write a report, open it, hold it to what holds for every page, and return what is drawn in each plot."""
    page = write_report(report, path)
    assert page.stat().st_size < 2_000_000
    chromium.open(page, width=width, dark=dark)
    assert chromium.complaints() == []
    assert chromium.requests() == [page.as_uri()]
    assert chromium.evaluate("document.documentElement.scrollWidth") <= width
    image = chromium.screenshot(f"{path.stem}-{width}-{'dark' if dark else 'light'}.png")
    assert image.stat().st_size > 50_000
    return chromium.evaluate(_DRAWN)
