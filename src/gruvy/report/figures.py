"""What the plots of all reports share: their layout, their axes, and the learning curves."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from gruvy.report.base import LossCurve
from gruvy.report.palette import INK, LINE, SOFT, SURFACE, Key, hue

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
# Marks on a logarithmic axis: those of one decade, and how many a phone has room for.
_WITHIN_DECADE = (1, 2, 5)
_MOST_MARKS = 5
# Integers that have room on an axis; between fewer of them plotly would write halves.
_MOST_COUNTED = 9


@dataclass(frozen=True)
class Plot:
    """A figure, and the keys of the legend that the page writes above it."""

    figure: go.Figure
    keys: Sequence[Key] = ()


def losses_plot(losses: Sequence[LossCurve]) -> Plot:
    """Draw training (dotted) and validation loss (solid) by epoch; a dot marks the epoch whose weights are used."""
    figure = go.Figure(layout=base_layout())
    for index, curve in enumerate(losses):
        colour = hue(index)
        epochs = list(range(1, len(curve.validation) + 1))
        mode = "lines" if len(epochs) > 1 else "markers"
        figure.add_scatter(
            x=epochs,
            y=without_nan(curve.train),
            mode=mode,
            line={"color": colour, "width": 1.5, "dash": "dot"},
            hovertemplate="%{y:.4f}",
            name=f"{curve.name}, training",
        )
        figure.add_scatter(
            x=epochs,
            y=without_nan(curve.validation),
            mode=mode,
            line={"color": colour, "width": 2.5},
            hovertemplate="%{y:.4f}",
            name=f"{curve.name}, validation",
        )
        figure.add_scatter(
            x=[curve.best_epoch],
            y=[curve.validation[curve.best_epoch - 1]],
            mode="markers",
            marker={"color": colour, "size": 10, "line": {"color": SURFACE, "width": 2}},
            hoverinfo="skip",
            name=f"{curve.name}, best epoch",
        )
    figure.update_xaxes(count_axis(max((len(curve.validation) for curve in losses), default=1)), title_text="epoch")
    names = [Key(curve.name, hue(index)) for index, curve in enumerate(losses)]
    return Plot(figure, [*names, Key("validation", SOFT), Key("training", SOFT, "dot")])


def base_layout() -> dict[str, Any]:
    """Return what all plots have in common."""
    axis = {
        "gridcolor": LINE,
        "linecolor": LINE,
        "zeroline": False,
        "automargin": True,
        "fixedrange": True,  # a finger on a phone scrolls the page
        "tickfont": {"color": SOFT},
        "ticklabelstandoff": 3,
        "title": {"font": {"color": SOFT, "size": 13}, "standoff": 8},
    }
    return {
        "template": go.layout.Template(layout={"xaxis": axis, "yaxis": axis}),
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": FONT, "size": 13, "color": INK},
        "margin": {"l": 4, "r": 8, "t": 8, "b": 4},
        "hovermode": "x unified",
        "hoverlabel": {"bgcolor": SURFACE, "bordercolor": LINE, "font": {"color": INK}},
        "dragmode": False,
        "showlegend": False,  # the page has its own, which wraps on a phone
    }


def count_axis(most: int) -> dict[str, Any]:
    """Return how the axis of a count from 1 to the most is marked: at integers, and few of them."""
    return {"nticks": 9} if most > _MOST_COUNTED else {"tickmode": "linear", "tick0": 1, "dtick": 1}


def log_axis(low: float, high: float, style: str = "g") -> dict[str, Any]:
    """Return a logarithmic axis from one number above 0 to another, with few enough marks for a phone.

    Args:
        low, high: its ends.
        style: how the marks are written, as for `format`; "percent" has as many decimals as a mark needs.
    """
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    marks = [digit * 10.0**power for power in decades for digit in _WITHIN_DECADE]
    inside = [mark for mark in marks if low * 0.999 <= mark <= high * 1.001]
    if len(inside) > _MOST_MARKS:
        tens = [10.0**power for power in decades if low * 0.999 <= 10.0**power <= high * 1.001]
        inside = tens[:: math.ceil(len(tens) / _MOST_MARKS)] if len(tens) > 1 else inside[:: math.ceil(len(inside) / 4)]
    return {
        "type": "log",
        "range": [math.log10(low), math.log10(high)],
        "tickvals": inside,
        "ticktext": [f"{100 * mark:.4g}%" if style == "percent" else f"{mark:{style}}" for mark in inside],
    }


def thinned(values: NDArray[Any], most: int) -> NDArray[np.intp]:
    """Return which of many values to draw: the lowest and the highest of each stretch, so that no peak is lost.

    Args:
        values: (T,), NaN where missing.
        most: how many are to be left, about.

    Returns:
        Their places, in order; all of them if there are no more than that.
    """
    if len(values) <= most:
        return np.arange(len(values))
    stretches = np.array_split(np.arange(len(values)), most // 2)
    low, high = np.nan_to_num(values, nan=np.inf), np.nan_to_num(values, nan=-np.inf)
    ends = [(part[low[part].argmin()], part[high[part].argmax()]) for part in stretches]
    return np.unique(np.array(ends))


def without_nan(values: Any) -> list[float | None]:
    """Six significant digits keep the file small; a missing value is a gap in the line."""
    return [None if value is None or np.isnan(value) else float(f"{value:.6g}") for value in values]
