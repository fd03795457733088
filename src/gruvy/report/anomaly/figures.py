"""The plots of an anomaly report."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from gruvy.report.anomaly.values import AnomalyReport
from gruvy.report.figures import base_layout, losses_figure
from gruvy.report.palette import Palette

# More than this do not fit on a page; the others are left out, which the page says.
MOST_COLUMNS = 6
_SMALLEST_SCORE = 0.01


def figures(report: AnomalyReport, palette: Palette) -> dict[str, go.Figure]:
    """Return every plot of the report under the id of its place in the page."""
    return {
        "series": series_figure(report, palette),
        "calibration": calibration_figure(report, palette),
        "losses": losses_figure(report.losses, palette),
    }


def series_figure(report: AnomalyReport, palette: Palette) -> go.Figure:
    """Draw the columns above the score; bands over all of them mark labelled events, over the score those found."""
    names = list(report.series)[:MOST_COLUMNS]
    figure = make_subplots(
        rows=len(names) + 1,
        shared_xaxes=True,
        vertical_spacing=0.035,
        subplot_titles=[*names, "score (logarithmic), an alarm above 1"],
        row_heights=[*[1.0] * len(names), 1.6],
    )
    figure.update_layout(base_layout(palette), margin_t=28, hovermode="closest")
    x = _axis(report.index)
    for row, name in enumerate(names, 1):
        figure.add_scatter(
            x=x,
            y=_short(report.series[name]),
            mode="lines",
            line={"color": palette.ink, "width": 1},
            hovertemplate="%{x}: %{y:.4g}<extra></extra>",
            name=name,
            row=row,
            col=1,
        )
        figure.update_yaxes(nticks=4, row=row, col=1)
    last = len(names) + 1
    figure.add_scatter(
        x=x,
        y=_short(np.maximum(report.scores, _SMALLEST_SCORE)),
        mode="lines",
        line={"color": palette.model(0), "width": 1},
        hovertemplate="%{x}: %{y:.3g}<extra></extra>",
        name="score",
        row=last,
        col=1,
    )
    figure.update_yaxes(type="log", row=last, col=1)
    figure.add_hline(y=1, line={"color": palette.model(1), "width": 1.5, "dash": "dash"}, row=last, col=1)
    for start, stop in report.labelled or ():
        figure.add_shape(
            type="rect",
            x0=x[start],
            x1=x[min(stop, len(x) - 1)],
            y0=0,
            y1=1,
            xref="x",
            yref="paper",
            fillcolor=palette.baseline,
            opacity=0.3,
            line_width=0,
            layer="below",
        )
    for event in report.events:
        figure.add_shape(
            type="rect",
            x0=x[event.first],
            x1=x[min(event.last + 1, len(x) - 1)],
            y0=0,
            y1=1,
            xref=f"x{last}",
            yref=f"y{last} domain",
            fillcolor=palette.model(1),
            opacity=0.4,
            line_width=0,
            layer="below",
        )
    figure.update_annotations(x=0, xanchor="left", font={"size": 13, "color": palette.soft})
    return figure


def calibration_figure(report: AnomalyReport, palette: Palette) -> go.Figure:
    """Draw the share of rows above the threshold against the rate that was asked for, for all thresholds."""
    figure = go.Figure(layout=base_layout(palette))
    rates = np.geomspace(1 / len(report.calibration), 0.5, 60)
    figure.add_scatter(
        x=_short(rates),
        y=_short(rates),
        mode="lines",
        line={"color": palette.baseline, "width": 1.5, "dash": "dot"},
        hoverinfo="skip",
        name="as stated",
    )
    if report.normal is not None:
        limits = np.quantile(report.calibration, 1 - rates)
        found = [float((report.normal > limit).mean()) for limit in limits]
        figure.add_scatter(
            x=_short(rates),
            # A logarithmic axis has no 0.
            y=[share or None for share in found],
            mode="lines",
            line={"color": palette.model(0), "width": 2.5},
            hovertemplate="asked for %{x:.3%}, found %{y:.3%}<extra></extra>",
            name="normal rows of this table",
        )
    figure.add_vline(x=report.rate, line={"color": palette.model(1), "width": 1.5, "dash": "dash"})
    figure.update_layout(hovermode="closest")
    figure.update_xaxes(type="log", tickformat=".1~%", title_text="false alarm rate asked for, of rows", nticks=6)
    figure.update_yaxes(type="log", tickformat=".1~%", nticks=6)
    return figure


def _axis(index: np.ndarray) -> list[str] | list[int]:
    if np.issubdtype(index.dtype, np.datetime64):
        return [str(time) for time in index.astype("datetime64[s]")]
    return [int(row) for row in index]


def _short(values: np.ndarray) -> list[float]:
    """Five significant digits keep the file small."""
    return [float(f"{value:.5g}") for value in values]
