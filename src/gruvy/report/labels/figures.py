"""The plots of labels, whatever they are of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from gruvy.report.figures import Plot, base_layout
from gruvy.report.labels.values import LabelReport
from gruvy.report.palette import BASELINE, GATE_SCALE, Key, hue

# More classes than this leave no room for a number in each cell, and more for gaps between the cells.
_MOST_LABELLED = 12
_MOST_WITH_GAPS = 30
# Characters of a name on an axis, and marks on each axis: a phone has no room for more.
_LONGEST = 14
_MOST_COLUMNS = 8
_MOST_LINES = 20


def confusion_figure(report: LabelReport) -> go.Figure:
    """Draw how the sequences of each true class (a line) were called; colours are fractions of the line."""
    counts = report.confusion
    fractions = counts / counts.sum(axis=1, keepdims=True).clip(min=1)
    gap = 2 if len(report.classes) <= _MOST_WITH_GAPS else 0
    figure = go.Figure(layout=base_layout())
    figure.add_heatmap(
        z=np.round(100 * fractions).astype(np.uint8),  # a byte each
        x=list(report.classes),
        y=list(report.classes),
        text=counts.tolist(),
        texttemplate="%{text}" if len(report.classes) <= _MOST_LABELLED else None,
        colorscale=GATE_SCALE,
        zmin=0,
        zmax=100,
        xgap=gap,
        ygap=gap,
        showscale=False,
        hovertemplate="true %{y}, called %{x}: %{text} (%{z}%)<extra></extra>",
    )
    columns, lines = _labels(report.classes)
    figure.update_layout(hovermode="closest")
    figure.update_xaxes(type="category", title_text="called", showgrid=False, **columns)
    figure.update_yaxes(type="category", title_text="true", autorange="reversed", showgrid=False, **lines)
    return figure


def _labels(classes: Sequence[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The marks of the two axes: names where these are few and short, else numbers, and names at the lines alone."""
    if len(classes) <= _MOST_LABELLED and max(map(len, classes)) <= _LONGEST:
        return {}, {}
    numbers = [str(number) for number in range(1, len(classes) + 1)]
    short = [name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…" for name in classes]
    lines = [f"{name} {number}" for name, number in zip(short, numbers, strict=True)]
    return _marks(classes, numbers, _MOST_COLUMNS) | {"tickangle": 0}, _marks(classes, lines, _MOST_LINES)


def _marks(places: Sequence[str], text: Sequence[str], most: int) -> dict[str, Any]:
    step = -(-len(places) // most)
    return {"tickvals": list(places)[::step], "ticktext": list(text)[::step]}


def reliability_plot(report: LabelReport) -> Plot:
    """Draw how often the model was right against how sure it was; on the diagonal it was as right as it said."""
    figure = go.Figure(layout=base_layout())
    stated = Key("as right as it says", BASELINE, "dot")
    least = 1 / len(report.classes)
    figure.add_scatter(
        x=[least, 1],
        y=[least, 1],
        mode="lines",
        line=stated.line,
        hoverinfo="skip",
        name=stated.name,
    )
    figure.add_scatter(
        x=[row["confidence"] for row in report.reliability],
        y=[row["accuracy"] for row in report.reliability],
        customdata=[row["count"] for row in report.reliability],
        mode="lines+markers",
        line={"color": hue(0), "width": 2.5},
        marker={"size": 9},
        hovertemplate="says %{x:.0%}, right %{y:.0%} of %{customdata}<extra></extra>",
        name="model",
    )
    figure.update_layout(hovermode="closest")
    figure.update_xaxes(title_text="how sure the model is", tickformat=".0%")
    figure.update_yaxes(tickformat=".0%")
    return Plot(figure, [Key(report.model.name, hue(0)), stated])
