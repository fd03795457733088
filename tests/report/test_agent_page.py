"""The page of a report of agents as a reader sees it."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from gruvy.errors import ArgumentError
from gruvy.report import AgentReport, AgentRow, EnvironmentPart, Episode, ReturnCurve, return_table, write_agent_report
from gruvy.report.agent.page import headline

DRAWN = """Object.fromEntries([...document.querySelectorAll('.plot')].map(plot => [plot.id,
    plot.querySelectorAll('.scatterlayer .trace, .heatmaplayer .hm image[*|href^="data:image"]').length]))"""


@pytest.fixture(scope="module")
def report() -> AgentReport:
    random = np.random.default_rng(0)
    steps = np.arange(1, 11) * 4096
    means = {"GRU": np.linspace(0, 1, 10), "no memory": np.linspace(0, 0.2, 10)}
    curves = [ReturnCurve(name, steps, mean, mean - 0.1, mean + 0.1) for name, mean in means.items()]
    episode = Episode(
        {"place": random.normal(size=30), "angle": random.normal(size=30)},
        {"push": random.integers(0, 2, 30)},
        np.full(30, 0.1),
        *random.random((2, 30, 8)),
    )
    rows = [
        AgentRow("GRU", "model", 0.98, 0.97, 0.99, 199.0, 200, 33000, 40960, 9000.0),
        AgentRow("no memory", "model", 0.2, 0.19, 0.21, 40.0, 200, 33000, 40960, 9000.0),
        AgentRow("random actions", "baseline", 0.1, 0.09, 0.11, 20.0, 200),
    ]
    part = EnvironmentPart("Pole<b>", "Balance it.", rows, curves, episode)
    return AgentReport("A memory", [part, part], {"Seed": "0"}, "a range", "Two environments.")


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_everything_is_drawn_and_nothing_complains(chromium, report, tmp_path, width, dark):
    page = write_agent_report(report, tmp_path / "report.html")
    chromium.open(page, width=width, dark=dark)
    # Two lines with a band each; two lines seen, one done, the reward, two maps.
    assert chromium.evaluate(DRAWN) == {"curves-0": 4, "episode-0": 6, "curves-1": 4, "episode-1": 6}
    assert chromium.complaints() == []
    assert chromium.requests() == [page.as_uri()]
    assert chromium.evaluate("document.documentElement.scrollWidth") <= width
    chromium.screenshot(f"agent-{width}-{'dark' if dark else 'light'}.png")


def test_words_and_figures(report, tmp_path):
    page = write_agent_report(report, tmp_path / "r.html").read_text(encoding="utf-8")
    sentence = "reaches a mean return of 0.980 (0.970 to 0.990), beside 0.200 by no memory and 0.100 by random actions."
    assert headline(report).count(sentence) == 2
    assert sentence in page
    assert "Pole&lt;b&gt;" in page
    assert "whose return is 3.000" in page
    assert "The band is a range." in page


def test_the_table():
    row = {"name": "GRU", "mean_return": 0.5, "low": 0.25, "high": 0.75, "mean_length": 3.0, "episodes": 1000}
    table = return_table([row], "Pole")
    assert table.columns[0] == "Pole"
    assert table.rows == [["GRU", "0.500", "0.250 to 0.750", "3.0", "1,000"]]


def test_what_is_missing_is_named(report):
    part = report.environments[0]
    with pytest.raises(ArgumentError, match="no row is of kind 'model'"):
        dataclasses.replace(part, rows=part.rows[2:])
    with pytest.raises(ArgumentError, match="it has no environment"):
        dataclasses.replace(report, environments=[])
