"""Heat maps of the gates of a layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from gruvy.report.palette import GATE_SCALE

TITLES = ("update gate z: bright keeps, dark rewrites", "reset gate r: dark leaves the old state out")
# Lines and columns of a map, at most: more are fewer than a pixel each. Neighbours are then averaged.
_MOST_LINES = 128
_MOST_COLUMNS = 400


def add_gate_maps(
    figure: go.Figure, x: Sequence[Any], update: NDArray[Any], reset: NDArray[Any], *, row: int, at: str
) -> None:
    """Draw the update and the reset gate in two rows of subplots, from 0 to 100% whatever the values.

    Both maps have the units in the same order: the slowest (highest mean update gate) at the top.

    Args:
        figure: has the subplots.
        x: T steps or times.
        update, reset: (T, H).
        row: of the update gate; the reset gate is below it.
        at: how a hover says the place, as "step %{x}".
    """
    order = np.argsort(update.mean(axis=0))
    columns = [x[start] for start in _starts(len(x), _MOST_COLUMNS)]
    for place, (name, gate) in enumerate((("z", update), ("r", reset)), start=row):
        pooled = _pooled(_pooled(gate[:, order].T.astype(float), _MOST_LINES).T, _MOST_COLUMNS).T
        figure.add_heatmap(
            x=columns,
            z=np.round(100 * pooled).astype(np.uint8),  # a byte each
            coloraxis="coloraxis",
            hovertemplate=f"{at}: {name} = %{{z}}%<extra></extra>",
            name=name,
            row=place,
            col=1,
        )
        figure.update_yaxes(title_text=f"{len(order)} units", showticklabels=False, ticks="", row=place, col=1)
    figure.update_layout(coloraxis={"colorscale": GATE_SCALE, "cmin": 0, "cmax": 100})


def _starts(count: int, most: int) -> NDArray[np.intp]:
    return np.unique(np.linspace(0, count, min(count, most), endpoint=False).astype(np.intp))


def _pooled(values: NDArray[np.float64], most: int) -> NDArray[np.float64]:
    """The means of neighbouring lines, ``most`` of them at most."""
    starts = _starts(len(values), most)
    sums = np.add.reduceat(values, starts, axis=0)
    means: NDArray[np.float64] = sums / np.diff([*starts, len(values)])[:, None]
    return means
