"""The plots of a tagging report."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from gruvy.report.classification.figures import confusion_figure, reliability_figure
from gruvy.report.figures import base_layout, losses_figure
from gruvy.report.palette import Palette
from gruvy.report.tagging.values import TaggingReport

# Sequences in a group of like length.
_LEAST_IN_GROUP = 20
_GROUPS = 8


def figures(report: TaggingReport, palette: Palette) -> dict[str, go.Figure]:
    """Return every plot of the report under the id of its place in the page."""
    return {
        "confusion": confusion_figure(report, palette),
        "lengths": lengths_figure(report, palette),
        "along": along_figure(report, palette),
        "reliability": reliability_figure(report, palette),
        "losses": losses_figure(report.losses, palette),
    }


def lengths_figure(report: TaggingReport, palette: Palette) -> go.Figure:
    """Draw each sequence by its length and accuracy, and the mean of groups of like length."""
    figure = go.Figure(layout=base_layout(palette))
    figure.add_scatter(
        x=list(report.lengths),
        y=[round(one, 4) for one in report.accuracies],
        mode="markers",
        marker={"color": palette.baseline, "size": 6, "opacity": 0.55},
        hovertemplate="%{x} steps, %{y:.1%} right<extra></extra>",
        name="a sequence",
    )
    order = np.argsort(report.lengths, kind="stable")
    count = min(_GROUPS, len(order) // _LEAST_IN_GROUP)
    if count > 1:
        groups = np.array_split(order, count)
        lengths, accuracies = np.asarray(report.lengths), np.asarray(report.accuracies)
        figure.add_scatter(
            x=[float(np.median(lengths[group])) for group in groups],
            y=[float(accuracies[group].mean()) for group in groups],
            mode="lines+markers",
            line={"color": palette.model(0), "width": 2.5},
            marker={"size": 9},
            hovertemplate="about %{x:.0f} steps: %{y:.1%} on average<extra></extra>",
            name="mean of like lengths",
        )
    figure.update_layout(hovermode="closest")
    figure.update_xaxes(title_text="steps of the sequence", type="log" if _wide(report) else "linear")
    figure.update_yaxes(tickformat=".0%")
    return figure


def along_figure(report: TaggingReport, palette: Palette) -> go.Figure:
    """Draw the accuracy from the beginning of the sequences to their end."""
    figure = go.Figure(layout=base_layout(palette))
    parts = len(report.along)
    figure.add_scatter(
        x=[(part + 0.5) / parts for part in range(parts)],
        y=[float(f"{one:.4g}") if np.isfinite(one) else None for one in report.along],
        mode="lines+markers",
        line={"color": palette.model(0), "width": 2.5},
        hovertemplate="%{y:.1%} right<extra></extra>",
        name="accuracy",
    )
    figure.update_xaxes(title_text="from the beginning to the end", tickformat=".0%", range=[0, 1])
    figure.update_yaxes(tickformat=".0%")
    return figure


def _wide(report: TaggingReport) -> bool:
    return max(report.lengths) > 20 * min(report.lengths)
