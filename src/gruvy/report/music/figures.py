"""The plots of a report on music."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from gruvy.report.figures import Plot, base_layout
from gruvy.report.music.text import note_runs
from gruvy.report.music.values import MOST_FRAMES, MusicReport
from gruvy.report.palette import GATE_SCALE, SURFACE, hue

_NAMES = ("C", "C♯", "D", "E♭", "E", "F", "F♯", "G", "G♯", "A", "B♭", "B")
# Keys that are shown beside those that sound.
_MARGIN = 2


def figures(report: MusicReport) -> dict[str, Plot]:
    """Return every plot of the report under the id of its place in the page."""
    return {"foreseen": Plot(foreseen_figure(report)), "drawn": Plot(drawn_figure(report))}


def foreseen_figure(report: MusicReport) -> go.Figure:
    """Draw how likely each note was, and a line where it sounded."""
    roll, probabilities = (values[:MOST_FRAMES] for values in (report.piece.roll, report.piece.probabilities))
    keys, lowest = _range(roll), report.lowest or 0
    figure = _empty(report, roll)
    figure.add_heatmap(
        z=np.round(probabilities[:, keys].T, 3).tolist(),
        x=list(range(1, len(roll) + 1)),
        y=[key + lowest for key in keys],
        customdata=[[note_name(key, report.lowest)] * len(roll) for key in keys],
        colorscale=GATE_SCALE,
        zmin=0,
        zmax=1,
        showscale=False,
        hovertemplate=f"{report.step} %{{x}}: %{{customdata}} %{{z:.0%}}<extra></extra>",
        name="probability",
    )
    x: list[float | None] = []
    y: list[float | None] = []
    for key, first, last in note_runs(roll):
        x += [first + 0.6, last + 0.4, None]
        y += [key + lowest, key + lowest, None]
    # Thinner than the cells, so that the brightness is seen around them; on a rim of the other lightness.
    for colour, width in (("#16181D", 4), ("#FFFFFF", 2)):
        line = {"color": colour, "width": width}
        figure.add_scatter(x=x, y=y, mode="lines", line=line, hoverinfo="skip", name="sounded")
    return figure


def drawn_figure(report: MusicReport) -> go.Figure:
    """Draw a piece that the model drew: a bar for each note, as long as it is held."""
    runs = note_runs(report.drawn)
    figure = _empty(report, report.drawn)
    figure.add_bar(
        base=[first + 0.5 for _, first, _ in runs],
        x=[last - first for _, first, last in runs],
        y=[key + (report.lowest or 0) for key, _, _ in runs],
        customdata=[[note_name(key, report.lowest), first + 1] for key, first, _ in runs],
        orientation="h",
        width=0.8,
        marker={"color": hue(0), "line": {"color": SURFACE, "width": 1}},
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


def _empty(report: MusicReport, roll: NDArray[Any]) -> go.Figure:
    """The empty plot: time to the right, pitch upwards."""
    figure = go.Figure(layout=base_layout())
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
