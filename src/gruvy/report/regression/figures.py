"""The plots of a regression report."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from gruvy.report.figures import Plot, base_layout, without_nan
from gruvy.report.palette import BASELINE, Key, hue
from gruvy.report.regression import RegressionReport

# As many sequences as a plot has room for.
_MOST = 400


def figures(report: RegressionReport) -> dict[str, Plot]:
    """Return every plot of the report under the id of its place in the page."""
    return {"truth": truth_plot(report), "levels": levels_plot(report)}


def truth_plot(report: RegressionReport) -> Plot:
    """Draw the median against the truth, with the band from the lowest to the highest quantile."""
    rows = np.argsort(report.truth, kind="stable")
    rows = rows[:: -(-len(rows) // _MOST)]
    truth, middle = report.truth[rows], report.quantiles[0.5][rows]
    low, high = (report.quantiles[end(report.quantiles)][rows] for end in (min, max))
    figure = go.Figure(layout=base_layout())
    right = Key("right", BASELINE, "dot")
    ends = [float(min(truth.min(), low.min())), float(max(truth.max(), high.max()))]
    figure.add_scatter(x=ends, y=ends, mode="lines", line=right.line, hoverinfo="skip", name=right.name)
    figure.add_scatter(
        x=without_nan(truth),
        y=without_nan(middle),
        mode="markers",
        marker={"color": hue(0), "size": 6},
        error_y={
            "type": "data",
            "symmetric": False,
            "array": without_nan(high - middle),
            "arrayminus": without_nan(middle - low),
            "color": "var(--band-0)",
            "thickness": 2,
            "width": 0,
        },
        hovertemplate="true %{x:.4g}, median %{y:.4g}<extra></extra>",
        name=report.model.name,
    )
    figure.update_layout(hovermode="closest")
    figure.update_xaxes(title_text=f"true {report.target}")
    return Plot(figure, [Key(report.model.name, hue(0)), right])


def levels_plot(report: RegressionReport) -> Plot:
    """Draw the fraction of truths below each quantile against its level."""
    figure = go.Figure(layout=base_layout())
    stated = Key("as stated", BASELINE, "dot")
    figure.add_scatter(x=[0, 1], y=[0, 1], mode="lines", line=stated.line, hoverinfo="skip", name=stated.name)
    figure.add_scatter(
        x=list(report.below),
        y=list(report.below.values()),
        mode="lines+markers",
        line={"color": hue(0), "width": 2.5},
        marker={"size": 9},
        hovertemplate="%{y:.0%}",
        name=report.model.name,
    )
    figure.update_xaxes(title_text="level of the quantile", tickformat=".0%", range=[0, 1])
    figure.update_yaxes(tickformat=".0%", range=[0, 1])
    return Plot(figure, [Key(report.model.name, hue(0)), stated])
