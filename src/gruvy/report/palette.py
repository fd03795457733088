"""The report's colours, light and dark, and how lines differ.

A page has the colours of both themes as variables of its style sheet, under the names below; the plots are drawn with
these names, and the page puts in the values of the theme in use. Models and classes have hues and baselines share one
grey with dashes of their own, so that a reader who sees no hue still reads them apart. Tests simulate the three kinds
of colour blindness and hold the distances and the contrasts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gruvy.report.comparison import Row

DASHES = ("dot", "dash", "dashdot", "longdash", "longdashdot")
# Perceptually uniform, and monotonous in lightness: it survives grey printing and colour blindness.
GATE_SCALE = "Cividis"

PAGE = "var(--page)"
SURFACE = "var(--surface)"
INK = "var(--ink)"  # text, and the truth in plots
SOFT = "var(--soft)"  # secondary text and axis labels
LINE = "var(--line)"  # borders and grid
BASELINE = "var(--baseline)"


@dataclass(frozen=True)
class Palette:
    """Colours of one theme; every text colour is meant to stand on ``surface`` or ``page``.

    The first three hues are after Okabe and Ito; the others are those of a search that are farthest from them, from
    each other, from ``ink`` and from ``baseline``, under each kind of colour vision.
    """

    page: str
    surface: str
    ink: str
    soft: str
    line: str
    baseline: str
    hues: tuple[str, ...]

    def variables(self) -> dict[str, str]:
        """Return the variables of the style sheet: a translucent ``band`` goes with each ``hue``."""
        variables = {
            f"--{name}": getattr(self, name) for name in ("page", "surface", "ink", "soft", "line", "baseline")
        }
        for number, colour in enumerate(self.hues):
            red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
            variables |= {f"--hue-{number}": colour, f"--band-{number}": f"rgba({red},{green},{blue},0.22)"}
        return variables


LIGHT = Palette(
    page="#F6F7F9",
    surface="#FFFFFF",
    ink="#16181D",
    soft="#565D69",
    line="#E1E4E9",
    baseline="#7A818D",
    hues=(
        *("#0072B2", "#D55E00", "#009E73", "#6F0A76", "#545012"),
        *("#A571F4", "#6A13EC", "#BD0F55", "#0D36A5", "#D411C7"),
    ),
)
DARK = Palette(
    page="#101216",
    surface="#191C22",
    ink="#F1F3F6",
    soft="#A9B0BC",
    line="#2D323B",
    baseline="#8B93A1",
    hues=(
        *("#56B4E9", "#F0883E", "#3DDBA4", "#5757DB", "#60760A"),
        *("#EC1330", "#EEC72B", "#BD28A0", "#D4C0F2", "#B771F4"),
    ),
)


def hue(number: int) -> str:
    """Return the colour of the number-th model or class; after the last it begins again."""
    return f"var(--hue-{number % len(LIGHT.hues)})"


def band(number: int) -> str:
    """Return the translucent colour of the number-th model's quantile band."""
    return f"var(--band-{number % len(LIGHT.hues)})"


@dataclass(frozen=True)
class Key:
    """What stands for a name in plots, legends and tables: a colour and the dashes of a line; "band" is an area."""

    name: str
    colour: str
    dash: str = "solid"

    @property
    def line(self) -> dict[str, Any]:
        """The line of a plot; where there is no hue, it is thinner."""
        return {"color": self.colour, "width": 2 if self.colour == BASELINE else 2.5, "dash": self.dash}

    @property
    def width(self) -> float:
        """Of the line in a legend: that of a band fills its place."""
        return 10 if self.dash == "band" else 2.5

    @property
    def dashes(self) -> str:
        """The line's dashes as SVG writes them."""
        lengths = {"dot": "2.5 2.5", "dash": "7 4", "dashdot": "8 3 2.5 3", "longdash": "11 4"}
        return (lengths | {"longdashdot": "11 3 2.5 3"}).get(self.dash, "none")


def class_keys(names: Sequence[str]) -> list[Key]:
    """Return the keys of classes: a hue each, dashed when a hue comes again."""
    dashes = ("solid", *DASHES)
    return [
        Key(name, hue(number), dashes[number // len(LIGHT.hues) % len(dashes)]) for number, name in enumerate(names)
    ]


def row_keys(rows: Sequence[Row]) -> list[Key]:
    """Return the keys of a comparison's rows: models have a hue and are solid, all others are grey and dashed."""
    keys: list[Key] = []
    models = 0
    for row in rows:
        if row.kind == "model":
            keys.append(Key(row.name, hue(models)))
            models += 1
        else:
            keys.append(Key(row.name, BASELINE, DASHES[(len(keys) - models) % len(DASHES)]))
    return keys
