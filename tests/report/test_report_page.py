"""The report as a reader sees it: every plot drawn, nothing asked of the network, fit for a phone."""

from __future__ import annotations

import dataclasses
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from report_views import look

from gruvy.errors import ArgumentError
from gruvy.report import Comparison, write_report
from gruvy.report.forecasting import ForecastReport, forecast_columns, forecast_row

PLOTS = {"stretch": 3, "sample-0": 3, "sample-1": 3, "sample-2": 3, "steps": 6, "losses": 9, "gates": 3}


@pytest.fixture(scope="module")
def page(report: ForecastReport, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_report(report, tmp_path_factory.mktemp("report") / "report.html")


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_everything_is_drawn_and_nothing_complains(chromium, report, tmp_path, width, dark):
    assert look(chromium, report, tmp_path / "forecast.html", width=width, dark=dark) == PLOTS


def test_the_browser_would_notice_a_fault(chromium, page, tmp_path):
    broken = page.read_text(encoding="utf-8").replace(
        "</body>",
        "<script>undefinedFunction()</script><img src='https://example.org/a.png'>"
        "<div style='width:2000px'>wide</div></body>",
    )
    fault = tmp_path / "fault.html"
    fault.write_text(broken, encoding="utf-8")
    chromium.open(fault, width=390, dark=False)
    complaints = "\n".join(chromium.complaints())
    assert "undefinedFunction is not defined" in complaints
    assert "Content Security Policy" in complaints
    assert chromium.evaluate("document.documentElement.scrollWidth") > 390


def test_plots_follow_the_theme(chromium, page):
    chromium.open(page, width=1280, dark=False)
    colour = "getComputedStyle(document.querySelector('#steps .scatterlayer .js-line')).stroke"
    light = chromium.evaluate(colour)
    chromium.prefer(dark=True)
    chromium.wait_for("dark")
    assert light == "rgb(0, 114, 178)"
    assert chromium.evaluate(colour) == "rgb(86, 180, 233)"


def test_it_can_be_read_without_eyes(page):
    tags = _Tags(page)
    plots = [attributes for name, attributes in tags.opened if "plot" in attributes.get("class", "").split()]
    assert {plot["id"] for plot in plots} == set(PLOTS)
    for plot in plots:
        assert plot["role"] == "img"
        assert len(plot["aria-label"]) > 40
    assert [a["scope"] for name, a in tags.opened if name == "th"] == ["col"] * 9 + ["row"] * 6
    names = [name for name, _ in tags.opened]
    assert names.count("caption") == 1
    assert names.count("figcaption") == names.count("figure") == len(PLOTS)
    assert names.count("h1") == 1
    assert ("html", {"lang": "en"}) in tags.opened


def test_names_from_the_data_cannot_break_the_page(report, tmp_path):
    name = "</script><script>alert(1)</script>"
    page = write_report(dataclasses.replace(report, target=name, title=name), tmp_path / "r.html")
    assert name not in page.read_text(encoding="utf-8")


def test_a_report_of_one_model_without_gates_or_samples_is_complete(chromium, report, tmp_path):
    alone = dataclasses.replace(
        report,
        comparison=dataclasses.replace(
            report.comparison,
            rows=[row for row in report.comparison.rows if row.kind == "baseline" or row.name == "LSTM"],
        ),
        losses=report.losses[1:2],
        samples=[],
        stretch=None,
        gates=None,
        unit="",
        time_zone="",
        description="",
    )
    drawn = look(chromium, alone, tmp_path / "forecast-alone.html", width=390, dark=False)
    assert drawn == {"steps": 4, "losses": 3}


def test_what_does_not_fit_is_named_together(report):
    sample = dataclasses.replace(report.samples[0], truth=np.zeros(3))
    with pytest.raises(ArgumentError) as caught:
        dataclasses.replace(report, comparison=Comparison((), report.comparison.of_kind("baseline")), samples=[sample])
    assert "no row is of kind 'model'" in str(caught.value)
    assert re.search(r"sample 'An easy day' needs arrays of one length, not .*'truth': 3", str(caught.value))


class _Tags(HTMLParser):
    def __init__(self, page: Path):
        super().__init__()
        self.opened: list[tuple[str, dict[str, str]]] = []
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        self.opened.append((tag, {name: value or "" for name, value in attributes}))


def test_one_step_ahead_has_no_plot_by_step(report, tmp_path):
    rows = [
        forecast_row(row.name, row.kind, {**row.values, "mae_by_step": row["mae_by_step"][:1]})
        for row in report.comparison.rows
    ]
    one = dataclasses.replace(report, comparison=Comparison(forecast_columns(1), rows))
    page = write_report(one, tmp_path / "one.html").read_text(encoding="utf-8")
    assert "Error by step ahead" not in page
    assert 'id="steps"' not in page
