"""The plots of a report on music."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from gruvy.report.figures import base_layout, losses_figure
from gruvy.report.music.values import MusicReport
from gruvy.report.palette import GATE_SCALE, Palette

_NAMES = ("C", "C♯", "D", "E♭", "E", "F", "F♯", "G", "G♯", "A", "B♭", "B")
# Keys that are shown beside those that sound.
_MARGIN = 2


def figures(report: MusicReport, palette: Palette) -> dict[str, go.Figure]:
    """Return every plot of the report under the id of its place in the page."""
    return {
        "foreseen": foreseen_figure(report, palette),
        "drawn": drawn_figure(report, palette),
        "losses": losses_figure(report.losses, palette),
    }


def foreseen_figure(report: MusicReport, palette: Palette) -> go.Figure:
    """Draw how likely each note was, and a ring where it sounded."""
    piece = report.piece
    keys = _range(piece.roll)
    figure = _empty(report, piece.roll, palette)
    figure.add_heatmap(
        z=np.round(piece.probabilities[:, keys].T, 3).tolist(),
        x=list(range(1, len(piece.roll) + 1)),
        y=[key + (report.lowest or 0) for key in keys],
        customdata=[[note_name(key, report.lowest)] * len(piece.roll) for key in keys],
        colorscale=GATE_SCALE,
        zmin=0,
        zmax=1,
        showscale=False,
        hovertemplate=f"{report.step} %{{x}}: %{{customdata}} %{{z:.0%}}<extra></extra>",
        name="probability",
    )
    steps, sounding = np.nonzero(piece.roll)
    figure.add_scatter(
        x=(steps + 1).tolist(),
        y=(sounding + (report.lowest or 0)).tolist(),
        mode="markers",
        marker={"symbol": "circle-open", "size": 8, "color": "#FFFFFF", "line": {"width": 1.75}},
        hoverinfo="skip",
        name="sounded",
    )
    return figure


def drawn_figure(report: MusicReport, palette: Palette) -> go.Figure:
    """Draw a piece that the model drew: a bar for each note, as long as it is held."""
    roll = report.drawn
    figure = _empty(report, roll, palette)
    edges = np.diff((roll != 0).astype(np.int8), axis=0, prepend=0, append=0)
    starts, ends = np.argwhere(edges.T > 0), np.argwhere(edges.T < 0)  # by key, then by time: they pair up
    figure.add_bar(
        base=(starts[:, 1] + 0.5).tolist(),
        x=(ends[:, 1] - starts[:, 1]).tolist(),
        y=(starts[:, 0] + (report.lowest or 0)).tolist(),
        customdata=[[note_name(int(key), report.lowest), int(at) + 1] for key, at in starts],
        orientation="h",
        width=0.8,
        marker={"color": palette.model(0), "line": {"color": palette.surface, "width": 1}},
        hovertemplate=f"%{{customdata[0]}} from {report.step} %{{customdata[1]}} on<extra></extra>",
        name="drawn",
    )
    return figure


def note_name(key: int, lowest: int | None) -> str:
    """Return what a column is called: "C4" is middle C; of what is no piano roll its number."""
    if lowest is None:
        return f"column {key}"
    octave, place = divmod(key + lowest, 12)
    return f"{_NAMES[place]}{octave - 1}"


def _empty(report: MusicReport, roll: NDArray[Any], palette: Palette) -> go.Figure:
    """The empty plot: time to the right, pitch upwards."""
    figure = go.Figure(layout=base_layout(palette))
    figure.update_layout(hovermode="closest", barmode="overlay")
    figure.update_xaxes(title_text=f"{report.step}s", showgrid=False, range=[0.5, len(roll) + 0.5])
    keys, lowest = _range(roll), report.lowest or 0
    low, high = keys[0] + lowest, keys[-1] + lowest
    figure.update_yaxes(range=[low - 0.5, high + 0.5])
    if report.lowest is not None:
        octaves = [pitch for pitch in range(low, high + 1) if pitch % 12 == 0]
        figure.update_yaxes(tickvals=octaves, ticktext=[note_name(pitch - lowest, lowest) for pitch in octaves])
    return figure


def _range(roll: NDArray[Any]) -> list[int]:
    """The columns from the lowest to the highest that sound, and some beside them."""
    sounding = np.flatnonzero(np.asarray(roll).any(axis=0))
    if not len(sounding):
        return list(range(roll.shape[1]))
    low, high = int(sounding[0]) - _MARGIN, int(sounding[-1]) + _MARGIN
    return list(range(max(0, low), min(roll.shape[1], high + 1)))
