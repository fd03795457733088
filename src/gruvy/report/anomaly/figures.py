"""The plots of an anomaly report."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from gruvy.report.anomaly.text import MOST_COLUMNS
from gruvy.report.anomaly.values import AnomalyReport
from gruvy.report.figures import Plot, base_layout, log_axis, thinned, without_nan
from gruvy.report.palette import BASELINE, INK, SOFT, Key, hue

_SMALLEST_SCORE = 0.01
# Points of a line, at most: two for each pixel of a wide page would be more than can be seen.
_MOST_POINTS = 1200


def figures(report: AnomalyReport) -> dict[str, Plot]:
    """Return every plot of the report under the id of its place in the page."""
    return {"series": series_plot(report), "calibration": calibration_plot(report)}


def series_plot(report: AnomalyReport) -> Plot:
    """Draw the columns above the score; bands over all of them mark labelled events, over the score those found."""
    names = list(report.series)[:MOST_COLUMNS]
    figure = make_subplots(
        rows=len(names) + 1,
        shared_xaxes=True,
        vertical_spacing=0.035,
        subplot_titles=[*names, "score (logarithmic), an alarm above 1"],
        row_heights=[*[1.0] * len(names), 1.6],
    )
    figure.update_layout(base_layout(), margin_t=28, hovermode="closest")
    x = _axis(report.index)
    last = len(names) + 1
    scores = np.maximum(report.scores, _SMALLEST_SCORE)
    lines = [*((name, report.series[name], INK, ".4g") for name in names), ("score", scores, hue(0), ".3g")]
    for row, (name, values, colour, style) in enumerate(lines, 1):
        places = thinned(values, _MOST_POINTS)
        figure.add_scatter(
            x=[x[place] for place in places],
            y=without_nan(values[places]),
            mode="lines",
            line={"color": colour, "width": 1},
            hovertemplate=f"%{{x}}: %{{y:{style}}}<extra></extra>",
            name=name,
            row=row,
            col=1,
        )
        figure.update_yaxes(nticks=4, row=row, col=1)
    known = scores[np.isfinite(scores)]
    lowest, highest = (known.min(), known.max()) if len(known) else (1.0, 1.0)
    figure.update_yaxes(log_axis(min(0.1, float(lowest)), max(2.0, 1.2 * float(highest))), row=last, col=1)
    figure.add_hline(y=1, line={"color": hue(1), "width": 1.5, "dash": "dash"}, row=last, col=1)
    for start, stop in report.labelled or ():
        figure.add_shape(
            type="rect",
            x0=x[start],
            x1=x[min(stop, len(x) - 1)],
            y0=0,
            y1=1,
            xref="x",
            yref="paper",
            fillcolor=BASELINE,
            opacity=0.3,
            line_width=0,
            layer="below",
        )
    for event in report.events:
        figure.add_shape(
            type="rect",
            x0=x[event.first],
            x1=x[min(event.last + 1, len(x) - 1)],
            y0=0,
            y1=1,
            xref=f"x{last}",
            yref=f"y{last} domain",
            fillcolor=hue(1),
            opacity=0.4,
            line_width=0,
            layer="below",
        )
    figure.update_annotations(x=0, xanchor="left", font={"size": 13, "color": SOFT})
    labelled = [] if report.labelled is None else [Key("labelled", BASELINE, "band")]
    return Plot(figure, [Key("found", hue(1), "band"), *labelled])


def calibration_plot(report: AnomalyReport) -> Plot:
    """Draw the fraction of rows above the threshold against the rate that was asked for, for all thresholds."""
    figure = go.Figure(layout=base_layout())
    rates = np.geomspace(1 / len(report.calibration), 0.5, 60)
    stated = Key("as stated", BASELINE, "dot")
    figure.add_scatter(
        x=without_nan(rates), y=without_nan(rates), mode="lines", line=stated.line, hoverinfo="skip", name=stated.name
    )
    known = report.normal is not None
    rows = report.scores if report.normal is None else report.normal
    rows = rows[~np.isnan(rows)]
    measured = Key("normal rows of this table" if known else "all rows of this table", hue(0))
    keys = [stated]
    lowest = float(rates[0])
    if len(rows):
        fractions = np.array([(rows > limit).mean() for limit in np.quantile(report.calibration, 1 - rates)])
        # A logarithmic axis has no 0: none of the rows is drawn as half a row, at its lower end.
        drawn = np.maximum(fractions, 0.5 / len(rows))
        lowest = min(lowest, float(drawn.min()))
        figure.add_scatter(
            x=without_nan(rates),
            y=without_nan(drawn),
            customdata=without_nan(fractions),
            mode="lines",
            line=measured.line,
            hovertemplate="asked for %{x:.3%}, found %{customdata:.3%}<extra></extra>",
            name=measured.name,
        )
        keys.append(measured)
    in_use = Key("the rate in use", hue(1), "dash")
    figure.add_vline(x=report.rate, line={**in_use.line, "width": 1.5})
    figure.update_layout(hovermode="closest")
    figure.update_xaxes(
        log_axis(min(float(rates[0]), report.rate), 0.5, "percent"), title_text="false alarm rate asked for, of rows"
    )
    figure.update_yaxes(log_axis(lowest * 0.9, 1, "percent"))
    return Plot(figure, [*keys, in_use])


def _axis(index: np.ndarray) -> list[str] | list[int]:
    if np.issubdtype(index.dtype, np.datetime64):
        return [str(time) for time in index.astype("datetime64[s]")]
    return [int(row) for row in index]
