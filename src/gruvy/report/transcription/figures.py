"""The plots of a transcription report."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from gruvy.report.figures import Plot, base_layout
from gruvy.report.palette import GATE_SCALE, INK, SOFT, hue
from gruvy.report.transcription.values import Heard, TranscriptionReport

# Decibels below the loudest at which the spectrogram ends.
_RANGE = 60


def figures(report: TranscriptionReport) -> dict[str, Plot]:
    """Return every plot of the report under the id of its place in the page."""
    drawn = {f"heard-{number}": Plot(heard_figure(one)) for number, one in enumerate(report.heard)}
    return drawn | {"length": Plot(length_figure(report))}


def heard_figure(heard: Heard) -> go.Figure:
    """Draw the spectrogram above the network's probabilities, and what is said between them."""
    figure = make_subplots(rows=2, shared_xaxes=True, row_heights=[0.42, 0.58], vertical_spacing=0.1)
    figure.update_layout(base_layout(), hovermode="closest", margin_t=8)
    figure.add_heatmap(
        x=_rounded(heard.seconds),
        y=list(range(len(heard.bands))),
        customdata=np.broadcast_to(np.round(heard.bands)[:, None], heard.spectrum.T.shape).astype(np.int32),
        z=np.round(heard.spectrum.T.astype(float), 1).tolist(),
        colorscale=GATE_SCALE,
        zmin=-_RANGE,
        zmax=0,
        showscale=False,
        hovertemplate="%{x:.2f} s, %{customdata} Hz: %{z:.0f} dB<extra></extra>",
        row=1,
        col=1,
    )
    figure.add_heatmap(
        x=_rounded(heard.step_seconds),
        y=[_shown(name) for name in heard.classes],
        z=np.round(heard.probabilities.T.astype(float), 3).tolist(),
        colorscale=GATE_SCALE,
        zmin=0,
        zmax=1,
        showscale=False,
        hovertemplate="%{x:.2f} s: %{y} %{z:.0%}<extra></extra>",
        row=2,
        col=1,
    )
    places = np.linspace(0, len(heard.bands) - 1, 4).round().astype(int)
    figure.update_yaxes(
        tickvals=places.tolist(), ticktext=[_hertz(heard.bands[place]) for place in places], showgrid=False, row=1
    )
    figure.update_yaxes(type="category", autorange="reversed", showgrid=False, row=2, tickfont_size=11, dtick=1)
    figure.update_xaxes(title_text="seconds", showgrid=False, row=2)
    for character, second in zip(heard.truth, heard.places, strict=True):
        figure.add_annotation(
            x=float(second),
            y=0.55,
            xref="x2",
            yref="paper",
            text=_shown(character),
            showarrow=False,
            yanchor="bottom",
            font={"size": 12, "color": INK},
        )
    return figure


def length_figure(report: TranscriptionReport) -> go.Figure:
    """Draw the character error rate by the length of the recordings."""
    figure = go.Figure(layout=base_layout())
    figure.add_bar(
        x=[group.name for group in report.by_length],
        y=[group.cer for group in report.by_length],
        text=[f"{group.count} recordings" for group in report.by_length],
        textposition="outside",
        textfont={"color": SOFT},
        cliponaxis=False,
        marker={"color": hue(0)},
        hovertemplate="%{x}: %{y:.1%} of the characters, %{text}<extra></extra>",
    )
    figure.update_layout(hovermode="closest", margin_t=24)
    figure.update_yaxes(tickformat=".0%", rangemode="tozero")
    figure.update_xaxes(type="category", showgrid=False)
    return figure


def _rounded(seconds: object) -> list[float]:
    return np.round(np.asarray(seconds, dtype=float), 3).tolist()  # type: ignore[no-any-return]


def _shown(character: str) -> str:
    """A character that can be seen."""
    return {" ": "␣", "": "∅"}.get(character, character)


def _hertz(frequency: float) -> str:
    return f"{frequency / 1000:.1f} kHz"
