"""The plots of a translation report."""

from __future__ import annotations

import plotly.graph_objects as go

from gruvy.report.figures import Plot, base_layout
from gruvy.report.palette import GATE_SCALE, Key, hue
from gruvy.report.translation.values import AttentionMap, Lengths, TranslationReport


def figures(report: TranslationReport) -> dict[str, Plot]:
    """Return every plot of the report under the id of its place in the page."""
    drawn = {f"map-{number}": Plot(map_figure(one)) for number, one in enumerate(report.maps)}
    return drawn | {"lengths": lengths_plot(report.lengths)}


def lengths_plot(lengths: Lengths) -> Plot:
    """Draw the BLEU of each model by the length of the sentences."""
    figure = go.Figure(layout=base_layout())
    for number, (name, values) in enumerate(lengths.bleu.items()):
        figure.add_scatter(
            x=list(lengths.names),
            y=list(values),
            customdata=list(lengths.counts),
            mode="lines+markers",
            line={"color": hue(number), "width": 2.5},
            marker={"size": 9},
            hovertemplate="%{y:.1f} on %{customdata} sentences",
            name=name,
        )
    figure.update_xaxes(type="category", title_text="words of the source")
    figure.update_yaxes(rangemode="tozero")
    return Plot(figure, [Key(name, hue(number)) for number, name in enumerate(lengths.bleu)])


def map_figure(attention: AttentionMap) -> go.Figure:
    """Draw where the decoder looked (across) while it wrote each sub-word (down)."""
    figure = go.Figure(layout=base_layout())
    source, target = ([token.replace("▁", " ") for token in one] for one in (attention.source, attention.target))
    # Sub-words come more than once: the axes count, and the names are written at their numbers.
    figure.add_heatmap(
        z=[[round(float(weight), 4) for weight in row] for row in attention.weights],
        customdata=[[f"{written} ← {read}" for read in source] for written in target],
        colorscale=GATE_SCALE,
        zmin=0,
        zmax=1,
        xgap=1,
        ygap=1,
        showscale=False,
        hovertemplate="%{customdata}: %{z:.0%}<extra></extra>",
    )
    figure.update_layout(hovermode="closest", margin={"t": 84, "l": 92})
    labels = {"tickmode": "array", "showgrid": False, "zeroline": False}
    figure.update_xaxes(**labels, tickvals=list(range(len(source))), ticktext=source, side="top", tickangle=-60)
    figure.update_yaxes(**labels, tickvals=list(range(len(target))), ticktext=target, autorange="reversed")
    return figure
