"""The page of a forecast report."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Any

from gruvy.report import text
from gruvy.report.forecasting import text as sentences
from gruvy.report.forecasting.figures import figures, line_styles
from gruvy.report.forecasting.values import ForecastReport
from gruvy.report.palette import DARK, LIGHT
from gruvy.report.rendering import legend_key, render


def write_report(report: ForecastReport, path: str | PathLike[str]) -> Path:
    """Write the report as one self-contained HTML file of about 5 MB, most of it plotly.js.

    Args:
        report: what is shown.
        path: the file to write; an existing one is replaced.

    Returns:
        The path of the written file.

    Example:
        >>> write_report(report, "report.html")  # doctest: +SKIP
        PosixPath('report.html')
    """
    return render(
        path,
        "forecast.html.j2",
        {"light": figures(report, LIGHT), "dark": figures(report, DARK)},
        sentences.headline(report),
        report=report,
        text=sentences,
        losses_aid=text.losses_aid(report.losses),
        rows=_table(report),
        legends=_legends(report),
        band=f"{report.levels[1] - report.levels[0]:.0%}",
    )


def _table(report: ForecastReport) -> list[dict[str, Any]]:
    """Return the table's cells as text; each column has as many decimals as its smallest value needs."""
    places = {name: text.decimals([getattr(row, name) for row in report.rows]) for name in ("mae", "rmse", "pinball")}
    last_places = text.decimals([row.mae_by_step[-1] for row in report.rows])
    return [
        {
            "name": row.name,
            "kind": row.kind,
            "key": key,
            "width": f"{100 * row.mae / max(other.mae for other in report.rows):.1f}%",
            "hidden_size": row.hidden_size,
            "parameters": text.fixed(row.parameters, 0),
            "seconds": text.seconds(row.seconds_per_epoch),
            "memory": text.memory(row.peak_memory_bytes),
            "mae": text.fixed(row.mae, places["mae"]),
            "rmse": text.fixed(row.rmse, places["rmse"]),
            "last": text.fixed(row.mae_by_step[-1], last_places),
            "pinball": text.fixed(row.pinball, places["pinball"]),
            "coverage": "–" if row.coverage is None else f"{row.coverage:.0%}",
        }
        for row, key in zip(report.rows, _legends(report)["steps"], strict=True)
    ]


def _legends(report: ForecastReport) -> dict[str, list[dict[str, str]]]:
    """Return the keys of each plot: a name, a colour per theme and the line's dashes as SVG writes them."""
    low, high = report.levels
    styles = zip(line_styles(report.rows, LIGHT), line_styles(report.rows, DARK), strict=True)
    rows = [
        legend_key(row.name, light["color"], dark["color"], light["dash"])
        for row, (light, dark) in zip(report.rows, styles, strict=True)
    ]
    forecast = [
        legend_key("truth", LIGHT.ink, DARK.ink),
        legend_key("median forecast", LIGHT.model(0), DARK.model(0)),
        legend_key(f"{low:.0%} to {high:.0%} quantile", LIGHT.band(0), DARK.band(0), "band"),
    ]
    losses = [legend_key(c.name, LIGHT.model(i), DARK.model(i)) for i, c in enumerate(report.losses)]
    losses += [legend_key("validation", LIGHT.soft, DARK.soft), legend_key("training", LIGHT.soft, DARK.soft, "dot")]
    return {"forecast": forecast, "steps": rows, "losses": losses}
