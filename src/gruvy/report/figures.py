"""What the plots of all reports share: their layout, and the learning curves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from gruvy.report.palette import Palette
from gruvy.report.values import LossCurve

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"


def losses_figure(losses: Sequence[LossCurve], palette: Palette) -> go.Figure:
    """Draw training (dotted) and validation loss (solid) by epoch; a dot marks the epoch that was kept."""
    figure = go.Figure(layout=base_layout(palette))
    for index, curve in enumerate(losses):
        colour = palette.model(index)
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
            marker={"color": colour, "size": 10, "line": {"color": palette.surface, "width": 2}},
            hoverinfo="skip",
            name=f"{curve.name}, kept",
        )
    figure.update_xaxes(title_text="epoch", nticks=9)
    return figure


def base_layout(palette: Palette) -> dict[str, Any]:
    """Return what all plots have in common."""
    axis = {
        "gridcolor": palette.line,
        "linecolor": palette.line,
        "zeroline": False,
        "automargin": True,
        "fixedrange": True,  # a finger on a phone scrolls the page
        "tickfont": {"color": palette.soft},
        "ticklabelstandoff": 3,
        "title": {"font": {"color": palette.soft, "size": 13}, "standoff": 8},
    }
    return {
        "template": go.layout.Template(layout={"xaxis": axis, "yaxis": axis}),
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": FONT, "size": 13, "color": palette.ink},
        "margin": {"l": 4, "r": 8, "t": 8, "b": 4},
        "hovermode": "x unified",
        "hoverlabel": {
            "bgcolor": palette.surface,
            "bordercolor": palette.line,
            "font": {"color": palette.ink},
        },
        "dragmode": False,
        "showlegend": False,  # the page has its own, which wraps on a phone
    }


def without_nan(values: Any) -> list[float | None]:
    """Six significant digits keep the file small; a missing value is a gap in the line."""
    return [None if value is None or np.isnan(value) else float(f"{value:.6g}") for value in values]
