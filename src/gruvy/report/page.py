"""A report as a page: one HTML file that asks the network for nothing."""

from __future__ import annotations

import importlib
import importlib.util
import json
from importlib import resources
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gruvy.report import text
from gruvy.report.base import Report
from gruvy.report.palette import DARK, LIGHT, row_keys

if TYPE_CHECKING:
    from markupsafe import Markup


def write_report(report: Report, path: str | PathLike[str]) -> Path:
    """Write a report as one self-contained HTML file; 1.5 MB of it are plotly.js.

    Args:
        report: of any kind.
        path: the file to write; an existing one is replaced.

    Returns:
        The path of the written file.

    Example:
        >>> write_report(report, "report.html")  # doctest: +SKIP
        PosixPath('report.html')
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined  # with plotly half a second, which most do not need

    figures = importlib.import_module("gruvy.report.figures")
    drawn = importlib.import_module(f"{report.folder}.figures").figures(report)
    if report.losses:
        drawn.setdefault("losses", figures.losses_plot(report.losses))
    own = f"{report.folder}.text"
    environment = Environment(
        loader=PackageLoader("gruvy.report", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(asset=_asset, keys=row_keys, words=text, zip=zip)
    template = environment.get_template(f"{report.folder.removeprefix('gruvy.report.')}/page.html.j2")
    html = template.render(
        report=report,
        legends={name: plot.keys for name, plot in drawn.items()},
        text=importlib.import_module(own) if importlib.util.find_spec(own) else None,
        light=LIGHT.variables(),
        dark=DARK.variables(),
        plots=_json({name: json.loads(plot.figure.to_json()) for name, plot in drawn.items()}),
    )
    target = Path(path)
    target.write_text(html, encoding="utf-8")
    return target


def _json(value: Any) -> Markup:
    """Return JSON that can stand inside a script element, whatever the names in it."""
    from markupsafe import Markup

    return Markup(json.dumps(value, separators=(",", ":")).replace("<", "\\u003c"))


def _asset(name: str) -> Markup:
    from markupsafe import Markup

    return Markup(resources.files("gruvy.report").joinpath("assets", *name.split("/")).read_text(encoding="utf-8"))
