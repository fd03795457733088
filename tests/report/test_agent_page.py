"""The page of a report of agents as a reader sees it."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from report_views import VIEWS, compared, look

from gruvy.errors import ArgumentError
from gruvy.report import Comparison, scores_table, write_report
from gruvy.report.agent import RETURN_COLUMNS, AgentReport, EnvironmentPart, Episode, ReturnCurve


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
    comparison = compared(
        RETURN_COLUMNS,
        ("GRU", "model", 0.98, (0.97, 0.99), 199.0, 200, 33000, 40960, 9000.0),
        ("no memory", "model", 0.2, (0.19, 0.21), 40.0, 200, 33000, 40960, 9000.0),
        ("random actions", "baseline", 0.1, (0.09, 0.11), 20.0, 200),
        what="Pole<b>",
    )
    part = EnvironmentPart("Pole<b>", "Balance it.", comparison, curves, episode)
    return AgentReport(
        title="A memory",
        environments=[part, part],
        provenance={"Seed": "0"},
        band="a range",
        description="Two environments.",
    )


# Two lines with a band each; two lines seen, one done, the reward, two maps.
@VIEWS
def test_everything_is_drawn_and_nothing_complains(chromium, report, tmp_path, width, dark):
    drawn = look(chromium, report, tmp_path / "agent.html", width=width, dark=dark)
    assert drawn == {"curves-0": 4, "episode-0": 6, "curves-1": 4, "episode-1": 6}


def test_words_and_figures(report, tmp_path):
    page = write_report(report, tmp_path / "r.html").read_text(encoding="utf-8")
    sentence = "reaches a mean return of 0.980 (0.970 to 0.990), beside 0.200 by no memory and 0.100 by random actions."
    assert report.headline.count(sentence) == 2
    assert sentence in page
    assert "Pole&lt;b&gt;" in page
    assert "whose return is 3.000" in page
    assert "The band is a range." in page


def test_the_table():
    row = {"name": "GRU", "mean_return": 0.5, "low": 0.25, "high": 0.75, "mean_length": 3.0, "episodes": 1000}
    table = scores_table(RETURN_COLUMNS, [row], what="Pole")
    assert table.cells(table.rows[0]) == ["0.500", "0.250 to 0.750", "3.0", "1,000"]


def test_what_is_missing_is_named(report):
    part = report.environments[0]
    with pytest.raises(ArgumentError, match="no row is of kind 'model'"):
        dataclasses.replace(part, comparison=Comparison(RETURN_COLUMNS, part.comparison.rows[2:]))
    with pytest.raises(ArgumentError, match="it has no environment"):
        dataclasses.replace(report, environments=[])
