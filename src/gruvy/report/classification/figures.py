"""The plots of a classification report."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from gruvy.report.classification.values import ClassificationReport, Course
from gruvy.report.figures import Plot, base_layout
from gruvy.report.labels.figures import confusion_figure, reliability_plot
from gruvy.report.palette import INK, SOFT, Key, class_keys


def figures(report: ClassificationReport) -> dict[str, Plot]:
    """Return every plot of the report under the id of its place in the page."""
    drawn = {
        "confusion": Plot(confusion_figure(report)),
        "reliability": reliability_plot(report),
    }
    if report.course is not None:
        names = [report.classes[number] for number in report.drawn]
        keys = dict(zip(report.drawn, class_keys(names), strict=True))
        drawn["course"] = course_plot(report.course, keys)
        if report.course.parts is not None:
            drawn["parts"] = parts_plot(report.course, keys)
    return drawn


def course_plot(course: Course, keys: Mapping[int, Key]) -> Plot:
    """Draw for each of the given classes the mean sequence above the mean attention."""
    figure = make_subplots(
        rows=2,
        shared_xaxes=True,
        vertical_spacing=0.12,
        subplot_titles=("mean of the first channel", "mean attention"),
    )
    figure.update_layout(base_layout(), margin_t=28)
    for number, key in keys.items():
        for row, values in enumerate((course.values[number], course.weights[number]), start=1):
            figure.add_scatter(
                x=list(course.steps),
                y=[float(f"{value:.6g}") for value in values],
                mode="lines",
                line=key.line | {"width": 2},
                hovertemplate="%{y:.3g}",
                name=key.name,
                row=row,
                col=1,
            )
    figure.update_xaxes(type="category", nticks=12)
    for place, (one, other) in enumerate(pairwise(course.parts or ())):
        if one != other:
            figure.add_vline(place + 0.5, line={"color": SOFT, "width": 1, "dash": "dot"})
    figure.update_annotations(x=0, xanchor="left", font={"size": 13, "color": SOFT})
    return Plot(figure, list(keys.values()))


def parts_plot(course: Course, keys: Mapping[int, Key]) -> Plot:
    """Draw for each part its fraction of each class' attention, and a line at its fraction of the steps."""
    parts = course.by_part()
    figure = go.Figure(layout=base_layout())
    for number, key in keys.items():
        figure.add_bar(
            x=list(parts),
            y=[float(f"{part.attention[number]:.6g}") for part in parts.values()],
            marker={"color": key.colour},
            hovertemplate="%{y:.1%}",
            name=key.name,
        )
    for place, part in enumerate(parts.values()):
        ends = {"x0": place - 0.42, "x1": place + 0.42, "y0": part.steps, "y1": part.steps}
        figure.add_shape(type="line", **ends, line={"color": INK, "width": 2})
    figure.update_xaxes(type="category", showgrid=False)
    figure.update_yaxes(tickformat=".0%", rangemode="tozero")
    return Plot(figure, [*keys.values(), Key("fraction of the steps", INK)])
