"""The plots of a classification report."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from gruvy.report.classification.values import ClassificationReport, Course
from gruvy.report.figures import base_layout, losses_figure
from gruvy.report.palette import GATE_SCALE, Palette

# More classes than this leave no room for a number in each cell.
_MOST_LABELLED = 12


def figures(report: ClassificationReport, palette: Palette) -> dict[str, go.Figure]:
    """Return every plot of the report under the id of its place in the page."""
    drawn = {
        "confusion": confusion_figure(report, palette),
        "reliability": reliability_figure(report, palette),
        "losses": losses_figure(report.losses, palette),
    }
    if report.course is not None:
        drawn["course"] = course_figure(report.course, report.classes, palette)
        if report.course.parts is not None:
            drawn["parts"] = parts_figure(report.course, report.classes, palette)
    return drawn


def confusion_figure(report: ClassificationReport, palette: Palette) -> go.Figure:
    """Draw how the sequences of each true class (a line) were called; colours are shares of the line."""
    counts = report.confusion
    shares = counts / counts.sum(axis=1, keepdims=True).clip(min=1)
    figure = go.Figure(layout=base_layout(palette))
    figure.add_heatmap(
        z=shares.tolist(),
        x=list(report.classes),
        y=list(report.classes),
        text=counts.tolist(),
        texttemplate="%{text}" if len(report.classes) <= _MOST_LABELLED else None,
        colorscale=GATE_SCALE,
        zmin=0,
        zmax=1,
        xgap=2,
        ygap=2,
        showscale=False,
        hovertemplate="true %{y}, called %{x}: %{text} (%{z:.0%})<extra></extra>",
    )
    figure.update_layout(hovermode="closest")
    figure.update_xaxes(type="category", title_text="called", showgrid=False)
    figure.update_yaxes(type="category", title_text="true", autorange="reversed", showgrid=False)
    return figure


def reliability_figure(report: ClassificationReport, palette: Palette) -> go.Figure:
    """Draw how often the model was right against how sure it was; on the diagonal it was as right as it said."""
    figure = go.Figure(layout=base_layout(palette))
    least = 1 / len(report.classes)
    figure.add_scatter(
        x=[least, 1],
        y=[least, 1],
        mode="lines",
        line={"color": palette.baseline, "width": 2, "dash": "dot"},
        hoverinfo="skip",
        name="as right as it says",
    )
    figure.add_scatter(
        x=[row["confidence"] for row in report.reliability],
        y=[row["accuracy"] for row in report.reliability],
        customdata=[row["count"] for row in report.reliability],
        mode="lines+markers",
        line={"color": palette.model(0), "width": 2.5},
        marker={"size": 9},
        hovertemplate="says %{x:.0%}, right %{y:.0%} of %{customdata}<extra></extra>",
        name="model",
    )
    figure.update_layout(hovermode="closest")
    figure.update_xaxes(title_text="how sure the model is", tickformat=".0%")
    figure.update_yaxes(tickformat=".0%")
    return figure


def course_figure(course: Course, classes: Sequence[str], palette: Palette) -> go.Figure:
    """Draw for each class the mean sequence above the mean attention."""
    figure = make_subplots(
        rows=2,
        shared_xaxes=True,
        vertical_spacing=0.12,
        subplot_titles=("mean of the first channel", "mean attention"),
    )
    figure.update_layout(base_layout(palette), margin_t=28)
    dashes = ("solid", "dash", "dot", "dashdot", "longdash")
    for number, name in enumerate(classes):
        for row, values in enumerate((course.values[number], course.weights[number]), start=1):
            figure.add_scatter(
                x=list(course.steps),
                y=[float(f"{value:.6g}") for value in values],
                mode="lines",
                line={"color": palette.model(number), "width": 2, "dash": dashes[number // 3 % len(dashes)]},
                hovertemplate="%{y:.3g}",
                name=name,
                row=row,
                col=1,
            )
    figure.update_xaxes(type="category", nticks=12)
    for place, (one, other) in enumerate(pairwise(course.parts or ())):
        if one != other:
            figure.add_vline(place + 0.5, line={"color": palette.soft, "width": 1, "dash": "dot"})
    figure.update_annotations(x=0, xanchor="left", font={"size": 13, "color": palette.soft})
    return figure


def parts_figure(course: Course, classes: Sequence[str], palette: Palette) -> go.Figure:
    """Draw for each part its share of each class' attention, and a mark at its share of the steps."""
    shares = course.shares()
    figure = go.Figure(layout=base_layout(palette))
    for number, name in enumerate(classes):
        figure.add_bar(
            x=list(shares),
            y=[float(f"{share.attention[number]:.6g}") for share in shares.values()],
            marker={"color": palette.model(number), "opacity": (1, 0.6, 0.35)[number // 3 % 3]},
            hovertemplate="%{y:.1%}",
            name=name,
        )
    figure.add_scatter(
        x=list(shares),
        y=[float(f"{share.steps:.6g}") for share in shares.values()],
        mode="markers",
        marker={"symbol": "line-ew", "size": 36, "line": {"color": palette.ink, "width": 2}},
        hovertemplate="%{y:.1%}",
        name="share of the steps",
    )
    figure.update_xaxes(type="category", showgrid=False)
    figure.update_yaxes(tickformat=".0%", rangemode="tozero")
    return figure
