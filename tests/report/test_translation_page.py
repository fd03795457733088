"""The page of a translation report as a reader sees it."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from report_views import VIEWS, compared, look

from gruvy.errors import ArgumentError
from gruvy.report import Comparison, LossCurve, scores_table, write_report
from gruvy.report.translation import (
    AttentionMap,
    Lengths,
    TranslationExample,
    TranslationReport,
    translation_columns,
)

TICKS = "[...document.querySelectorAll('#map-0 .ytick text')].map(tick => tick.textContent.trim())"


@pytest.fixture(scope="module")
def report() -> TranslationReport:
    return TranslationReport(
        title="Spanish to English",
        comparison=compared(
            translation_columns(20),
            ("GRU with attention", "model", 15.04, 14.2, 38.0, 21.5, 123456, 90.0),
            ("GRU without", "model", 9.0, 5.25, 30.0, 30.0, 120000, 80.0),
            ("the source, copied", "baseline", 0.5, 0.4, 16.0, None),
            ("sub-word frequencies", "baseline", None, None, None, 330.0),
        ),
        lengths=Lengths(
            ["1 to 10", "over 10"], [12, 3], {"GRU with attention": [16.0, None], "GRU without": [9.0, 7.0]}
        ),
        losses=[
            LossCurve("GRU with attention", [5, 4, 3], [5, 4, 3.5], 3),
            LossCurve("GRU without", [5, 4], [5, 4.2], 2),
        ],
        examples=[
            TranslationExample(
                "Typical", "el <b>rey</b>", "the king", {"GRU with attention": "the kin", "GRU without": ""}
            )
        ],
        maps=[
            AttentionMap(
                "A good one",
                ["▁el", "▁rey"],
                ["▁the", "▁the", "<end>"],
                np.array([[0.9, 0.1], [0.2, 0.8], [0.5, 0.5]]),
            )
        ],
        provenance={"Seed": "0"},
        long_words=20,
        description="Verses.",
    )


@VIEWS
def test_everything_is_drawn_and_nothing_complains(chromium, report, tmp_path, width, dark):
    drawn = look(chromium, report, tmp_path / "translation.html", width=width, dark=dark)
    assert drawn == {"lengths": 2, "map-0": 1, "losses": 6}


def test_words_and_figures(report, tmp_path):
    page = write_report(report, tmp_path / "r.html").read_text(encoding="utf-8")
    assert report.headline == (
        "The GRU with attention reaches a BLEU of 15.0 on sentences that it had never seen, and the GRU without 9.0. "
        "On those of more than 20 words: 14.2 and 5.2."
    )
    assert report.headline in page
    assert "el &lt;b&gt;rey&lt;/b&gt;" in page
    assert "12 of 1 to 10 and 3 of over 10" in page
    without = write_report(dataclasses.replace(report, maps=()), tmp_path / "r.html")
    assert "Where it looks" not in without.read_text(encoding="utf-8")


def test_the_table(report):
    table = report.comparison
    assert table.cells(table.rows[0]) == ["15.0", "14.2", "38.0", "21.5"]
    assert table.cells(table.rows[3]) == ["–", "–", "–", "330.0"]
    assert (
        len(scores_table(translation_columns(), [{"name": "gru", "bleu": 1, "chrf": 2, "perplexity": 3}]).shown()) == 3
    )


def test_what_comes_twice_is_there_twice(chromium, report, tmp_path):
    chromium.open(write_report(report, tmp_path / "report.html"), width=390, dark=False)
    assert chromium.evaluate(TICKS) == ["the", "the", "<end>"]


def test_a_report_is_about_a_model(report):
    with pytest.raises(ArgumentError, match="no row is of kind 'model'"):
        dataclasses.replace(report, comparison=Comparison(translation_columns(), report.comparison.rows[2:]))
