"""The plots of a forecaster's report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from gruvy.report.figures import Plot, base_layout, count_axis, without_nan
from gruvy.report.forecasting.values import ForecastReport, Gates, Sample
from gruvy.report.gates import TITLES, add_gate_maps
from gruvy.report.palette import INK, SOFT, Key, band, hue, row_keys


def figures(report: ForecastReport) -> dict[str, Plot]:
    """Return every plot of the report under the id of its place in the page."""
    low, high = report.levels
    keys = [
        Key("truth", INK),
        Key("median forecast", hue(0)),
        Key(f"{low:.0%} to {high:.0%} quantile", band(0), "band"),
    ]
    drawn = {
        f"sample-{number}": Plot(forecast_figure(report, sample), () if report.stretch else keys)
        for number, sample in enumerate(report.samples)
    }
    if report.stretch is not None:
        drawn["stretch"] = Plot(forecast_figure(report, report.stretch), keys)
    if report.horizon > 1:
        drawn["steps"] = steps_plot(report)
    if report.gates is not None:
        drawn["gates"] = Plot(gates_figure(report, report.gates))
    return drawn


def forecast_figure(report: ForecastReport, sample: Sample) -> go.Figure:
    """Draw the truth, the median forecast and the band between the outer quantiles."""
    low, high = report.levels
    unit = f" {report.unit}" if report.unit else ""
    figure = go.Figure(layout=base_layout())
    band_times, outline = _band(sample)
    figure.add_scatter(
        x=band_times,
        y=without_nan(outline),
        mode="lines",
        fill="toself",
        fillcolor=band(0),
        line={"width": 0},
        hoverinfo="skip",
        name=f"{low:.0%} to {high:.0%} quantile",
    )
    truth_times, truth = sample.times, sample.truth
    if sample.history is not None and sample.history_times is not None:
        truth_times = np.concatenate([sample.history_times, truth_times])
        truth = np.concatenate([sample.history, truth])
        figure.add_vline(x=_times(sample.times)[0], line={"color": SOFT, "width": 1, "dash": "dot"})
    figure.add_scatter(
        x=_times(truth_times),
        y=without_nan(truth),
        mode="lines",
        line={"color": INK, "width": 1.75},
        hovertemplate=f"%{{y:.4g}}{unit}",
        name="truth",
    )
    median_times, median = _broken(_times(sample.times), sample.median, sample.starts)
    figure.add_scatter(
        x=median_times,
        y=without_nan(median),
        mode="lines" if report.horizon > 1 or len(sample.times) > 1 else "markers",
        line={"color": hue(0), "width": 2.5},
        hovertemplate=f"%{{y:.4g}}{unit}",
        name="median forecast",
    )
    return figure


def steps_plot(report: ForecastReport) -> Plot:
    """Draw every row's mean absolute error against the number of steps ahead."""
    unit = f" {report.unit}" if report.unit else ""
    figure = go.Figure(layout=base_layout())
    keys = row_keys(report.comparison.rows)
    for row, key in zip(report.comparison.rows, keys, strict=True):
        figure.add_scatter(
            x=list(range(1, report.horizon + 1)),
            y=without_nan(row["mae_by_step"]),
            mode="lines",
            line=key.line,
            hovertemplate=f"%{{y:.3g}}{unit}",
            name=row.name,
        )
    figure.update_yaxes(rangemode="tozero")
    figure.update_xaxes(
        count_axis(report.horizon), title_text=f"{report.step}s ahead", range=[0.5, report.horizon + 0.5]
    )
    return Plot(figure, keys)


def gates_figure(report: ForecastReport, gates: Gates) -> go.Figure:
    """Draw the window's input above its update and reset gates."""
    times = _times(gates.times)
    figure = make_subplots(
        rows=3,
        shared_xaxes=True,
        row_heights=[0.2, 0.4, 0.4],
        vertical_spacing=0.075,
        subplot_titles=(_label(report.target, report.unit), *TITLES),
    )
    figure.update_layout(base_layout(), hovermode="closest", margin_t=28)
    figure.update_layout(
        coloraxis={
            "colorbar": {
                "orientation": "h",
                "thickness": 10,
                "y": -0.09,
                "yanchor": "top",
                "outlinewidth": 0,
                "tickvals": [0, 25, 50, 75, 100],
                "ticksuffix": "%",
                "tickfont": {"color": SOFT},
            },
        }
    )
    unit = f" {report.unit}" if report.unit else ""
    figure.add_scatter(
        x=times,
        y=without_nan(gates.values),
        mode="lines",
        line={"color": INK, "width": 1.75},
        hovertemplate=f"%{{x}}: %{{y:.4g}}{unit}<extra></extra>",
        name=report.target,
        row=1,
        col=1,
    )
    add_gate_maps(figure, times, gates.update, gates.reset, row=2, at="%{x}")
    figure.update_yaxes(nticks=4, row=1, col=1)
    figure.update_annotations(x=0, xanchor="left", font={"size": 13, "color": SOFT})
    return figure


def _label(name: str, unit: str) -> str:
    return f"{name} ({unit})" if unit else name


def _times(times: NDArray[Any]) -> list[Any]:
    """Dates as text, or the numbers of steps."""
    if np.asarray(times).dtype.kind != "M":
        return list(np.asarray(times).tolist())
    return [str(time) for time in np.asarray(times).astype("datetime64[s]")]


def _broken(times: list[Any], values: Any, starts: Sequence[int]) -> tuple[list[Any], list[Any]]:
    """Lift the pen where a new forecast begins."""
    pieces = list(zip(starts, [*starts[1:], len(times)], strict=True))
    broken_times: list[Any] = []
    broken: list[Any] = []
    for first, last in pieces:
        broken_times += [*times[first:last], None]
        broken += [*values[first:last], None]
    return broken_times[:-1], broken[:-1]


def _band(sample: Sample) -> tuple[list[Any], list[Any]]:
    """Return the outline of the band, one closed polygon per forecast."""
    times = _times(sample.times)
    outline_times: list[Any] = []
    outline: list[Any] = []
    for first, last in zip(sample.starts, [*sample.starts[1:], len(times)], strict=True):
        outline_times += [*times[first:last], *times[first:last][::-1], None]
        outline += [*sample.upper[first:last], *sample.lower[first:last][::-1], None]
    return outline_times[:-1], outline[:-1]
