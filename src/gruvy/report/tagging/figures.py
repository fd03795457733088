"""The plots of a tagging report."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from gruvy.report.figures import Plot, base_layout, log_axis
from gruvy.report.labels.figures import confusion_figure, reliability_plot
from gruvy.report.palette import BASELINE, Key, hue
from gruvy.report.tagging.values import TaggingReport

# Sequences in a group of like length.
_LEAST_IN_GROUP = 20
_GROUPS = 8
# How many times the shortest sequence the longest one is before the axis becomes logarithmic.
_WIDE = 20


def figures(report: TaggingReport) -> dict[str, Plot]:
    """Return every plot of the report under the id of its place in the page."""
    return {
        "confusion": Plot(confusion_figure(report)),
        "lengths": lengths_plot(report),
        "along": Plot(along_figure(report)),
        "reliability": reliability_plot(report),
    }


def lengths_plot(report: TaggingReport) -> Plot:
    """Draw each sequence by its length and accuracy, and the mean of groups of like length."""
    figure = go.Figure(layout=base_layout())
    keys = [Key("a sequence", BASELINE, "dot")]
    figure.add_scatter(
        x=list(report.lengths),
        y=[round(one, 4) for one in report.accuracies],
        mode="markers",
        marker={"color": BASELINE, "size": 6, "opacity": 0.55},
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
            line={"color": hue(0), "width": 2.5},
            marker={"size": 9},
            hovertemplate="about %{x:.0f} steps: %{y:.1%} on average<extra></extra>",
            name="mean of like lengths",
        )
        keys.append(Key("mean of like lengths", hue(0)))
    figure.update_layout(hovermode="closest")
    figure.update_xaxes(title_text="steps of the sequence")
    shortest, longest = max(1, min(report.lengths)), max(report.lengths)
    if longest > _WIDE * shortest:
        figure.update_xaxes(log_axis(shortest * 0.9, longest * 1.1, ",.0f"))
    figure.update_yaxes(tickformat=".0%")
    return Plot(figure, keys)


def along_figure(report: TaggingReport) -> go.Figure:
    """Draw the accuracy from the beginning of the sequences to their end."""
    figure = go.Figure(layout=base_layout())
    parts = len(report.along)
    figure.add_scatter(
        x=[(part + 0.5) / parts for part in range(parts)],
        y=[float(f"{one:.4g}") if np.isfinite(one) else None for one in report.along],
        mode="lines+markers",
        line={"color": hue(0), "width": 2.5},
        hovertemplate="%{y:.1%} right<extra></extra>",
        name="accuracy",
    )
    figure.update_xaxes(title_text="from the beginning to the end", tickformat=".0%", range=[0, 1])
    figure.update_yaxes(tickformat=".0%")
    return figure
