"""Puts sentences, plots and styles together into one HTML file that asks the network for nothing."""

from __future__ import annotations

import json
from dataclasses import asdict
from importlib import resources
from os import PathLike
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from gruvy.report import text
from gruvy.report.figures import figures, line_styles
from gruvy.report.forecasting.values import ForecastReport
from gruvy.report.palette import DARK, LIGHT


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
    environment = Environment(
        loader=PackageLoader("gruvy.report", "assets"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    html = environment.get_template("forecast.html.j2").render(
        report=report,
        text=text,
        rows=_table(report),
        legends=_legends(report),
        band=f"{report.levels[1] - report.levels[0]:.0%}",
        light=asdict(LIGHT),
        dark=asdict(DARK),
        css=_asset("page.css"),
        script=_asset("page.js"),
        plotly=Markup(get_plotlyjs()),
        plots=_json({"light": _plots(report, dark=False), "dark": _plots(report, dark=True)}),
    )
    target = Path(path)
    target.write_text(html, encoding="utf-8")
    return target


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
        _key(row.name, light["color"], dark["color"], light["dash"])
        for row, (light, dark) in zip(report.rows, styles, strict=True)
    ]
    forecast = [
        _key("truth", LIGHT.ink, DARK.ink),
        _key("median forecast", LIGHT.model(0), DARK.model(0)),
        _key(f"{low:.0%} to {high:.0%} quantile", LIGHT.band(0), DARK.band(0), "band"),
    ]
    losses = [_key(c.name, LIGHT.model(i), DARK.model(i)) for i, c in enumerate(report.losses)]
    losses += [_key("validation", LIGHT.soft, DARK.soft), _key("training", LIGHT.soft, DARK.soft, "dot")]
    return {"forecast": forecast, "steps": rows, "losses": losses}


def _key(name: str, light: str, dark: str, dash: str = "solid") -> dict[str, str]:
    """Return one key; a band is a line as thick as its swatch."""
    return {
        "name": name,
        "light": light,
        "dark": dark,
        "width": "10" if dash == "band" else "2.5",
        "dashes": {"dot": "2.5 2.5", "dash": "7 4", "dashdot": "8 3 2.5 3", "longdash": "11 4"}.get(dash, "none"),
    }


def _plots(report: ForecastReport, *, dark: bool) -> dict[str, Any]:
    drawn = figures(report, DARK if dark else LIGHT)
    return {name: json.loads(figure.to_json()) for name, figure in drawn.items()}


def _json(value: Any) -> Markup:
    """Return JSON that can stand inside a script element, whatever the names in it."""
    return Markup(json.dumps(value, separators=(",", ":")).replace("<", "\\u003c"))


def _asset(name: str) -> Markup:
    return Markup(resources.files("gruvy.report").joinpath("assets", name).read_text(encoding="utf-8"))
