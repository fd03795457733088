"""The plots of a report of agents."""

from __future__ import annotations

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from gruvy.report.agent.values import AgentReport, EnvironmentPart, Episode
from gruvy.report.figures import Plot, base_layout, without_nan
from gruvy.report.gates import TITLES, add_gate_maps
from gruvy.report.palette import DASHES, INK, SOFT, band, hue, row_keys


def figures(report: AgentReport) -> dict[str, Plot]:
    """Return every plot of the report under the id of its place in the page."""
    drawn = {}
    for number, part in enumerate(report.environments):
        drawn[f"curves-{number}"] = curves_plot(part)
        drawn[f"episode-{number}"] = Plot(episode_figure(part.episode))
    return drawn


def curves_plot(part: EnvironmentPart) -> Plot:
    """Draw the mean return of each trained agent by the steps of its training, and what needs none as a line."""
    figure = go.Figure(layout=base_layout())
    for number, curve in enumerate(part.curves):
        steps = curve.steps.tolist()
        figure.add_scatter(
            x=[*steps, *steps[::-1]],
            y=without_nan([*curve.high, *curve.low[::-1]]),
            mode="lines",
            fill="toself",
            fillcolor=band(number),
            line={"width": 0},
            hoverinfo="skip",
            name=f"{curve.name}, band",
        )
        figure.add_scatter(
            x=steps,
            y=without_nan(curve.mean),
            mode="lines" if len(steps) > 1 else "markers",
            line={"color": hue(number), "width": 2.5},
            hovertemplate="%{y:.3f}",
            name=curve.name,
        )
    keys = row_keys(part.comparison.rows)
    for row, key in zip(part.comparison.rows, keys, strict=True):
        if row.kind != "model":
            figure.add_hline(y=row["mean_return"], line=key.line)
    figure.update_xaxes(title_text="steps in the environment", nticks=7)
    return Plot(figure, keys)


def episode_figure(episode: Episode) -> go.Figure:
    """Draw what was seen, what was done and what it brought, above the gates, one line of the maps per hidden unit."""
    titles = (
        "seen: " + ", ".join(episode.observations),
        "done: " + ", ".join(episode.actions),
        "reward",
        *TITLES,
    )
    figure = make_subplots(
        rows=5,
        shared_xaxes=True,
        row_heights=[0.16, 0.11, 0.11, 0.31, 0.31],
        vertical_spacing=0.055,
        subplot_titles=titles,
    )
    figure.update_layout(base_layout(), hovermode="closest", margin_t=28)
    figure.update_layout(coloraxis_showscale=False)
    steps = list(range(1, len(episode.rewards) + 1))
    lines = (episode.observations, episode.actions, {"reward": episode.rewards})
    for row, values in enumerate(lines, start=1):
        for number, (name, line) in enumerate(values.items()):
            figure.add_scatter(
                x=steps,
                y=without_nan(line),
                mode="lines",
                line={
                    "color": INK,
                    "width": 1.75,
                    "shape": "hv",
                    "dash": ("solid", *DASHES)[number % (1 + len(DASHES))],
                },
                hovertemplate=f"step %{{x}}: {name} %{{y:.3g}}<extra></extra>",
                name=name,
                row=row,
                col=1,
            )
        figure.update_yaxes(nticks=4, row=row, col=1)
    add_gate_maps(figure, steps, episode.update, episode.reset, row=4, at="step %{x}")
    figure.update_xaxes(title_text="step", row=5, col=1)
    figure.update_annotations(x=0, xanchor="left", font={"size": 13, "color": SOFT})
    return figure
