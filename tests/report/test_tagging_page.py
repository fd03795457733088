"""The page of a tagging report as a reader sees it."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from gruvy.report import ClassRow, LossCurve, ScoreRow, TaggedExample, TaggingReport, write_tagging_report
from gruvy.report.tagging.page import headline

DRAWN = """Object.fromEntries([...document.querySelectorAll('.plot')].map(plot => [plot.id,
    plot.querySelectorAll('.scatterlayer .trace, .heatmaplayer .hm image[*|href^="data:image"]').length]))"""
TAGS = "[...document.querySelectorAll('.tag')].map(tag => [tag.textContent, getComputedStyle(tag).backgroundColor])"
# The places of the first line's characters, and of the truth and the prediction below them.
COLUMNS = """[...document.querySelector('.tag-line').querySelectorAll('.tag-row')].map(row => {
    const cells = [...row.children].slice(1).map(cell => cell.getBoundingClientRect());
    return [cells[0].left, cells.at(-1).right, cells[0].top].map(Math.round); })"""


@pytest.fixture(scope="module")
def report() -> TaggingReport:
    random = np.random.default_rng(0)
    return TaggingReport(
        title="Secondary structure",
        rows=[
            ScoreRow("GRU", "model", 0.81, 0.8, 0.79, 0.481, 0.021, 123456, 1.5),
            ScoreRow("window logistic regression", "baseline", 0.765, 0.765, 0.764, 0.5, 0.03),
        ],
        classes=["C", "E", "H"],
        confusion=np.array([[40, 10, 5], [12, 38, 1], [3, 2, 60]]),
        reliability=[
            {"confidence": 0.55, "accuracy": 0.5, "count": 20},
            {"confidence": 0.95, "accuracy": 0.9, "count": 80},
        ],
        losses=[LossCurve("GRU", [0.7, 0.5, 0.3], [0.6, 0.5, 0.55], 2)],
        provenance={"Seed": "0"},
        temperature=1.2,
        by_class=[
            ClassRow("C", 0.7, 0.8, 0.75, 55),
            ClassRow("E", 0.61, 0.52, 0.56, 51),
            ClassRow("H", 0.9, 0.85, 0.87, 65),
        ],
        tagged=[TaggedExample("Typical", 0.8, "MKV" * 30, [0] * 30 + [2] * 60, [0] * 20 + [1] * 20 + [2] * 50)],
        lengths=random.integers(40, 300, 100).tolist(),
        accuracies=random.uniform(0.6, 0.9, 100).tolist(),
        along=[0.7, 0.8, float("nan"), 0.75],
        rest="C",
    )


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_everything_is_drawn_and_nothing_complains(chromium, report, tmp_path, width, dark):
    page = write_tagging_report(report, tmp_path / "report.html")
    chromium.open(page, width=width, dark=dark)
    drawn = chromium.evaluate(DRAWN)
    assert drawn == {"confusion": 1, "lengths": 2, "along": 1, "reliability": 2, "losses": 3}
    assert chromium.complaints() == []
    assert chromium.requests() == [page.as_uri()]
    assert chromium.evaluate("document.documentElement.scrollWidth") <= width
    chromium.screenshot(f"tagging-{width}-{'dark' if dark else 'light'}.png")


def test_truth_and_prediction_stand_under_each_other_in_their_colours(chromium, report, tmp_path):
    chromium.open(write_tagging_report(report, tmp_path / "r.html"), width=1280, dark=False)
    tags = chromium.evaluate(TAGS)
    assert [text for text, _ in tags] == ["C" * 30, "H" * 30, "C" * 20, "E" * 20, "H" * 20, "H" * 30, "H" * 30]
    colours = {text[0]: {colour for other, colour in tags if other[0] == text[0]} for text, _ in tags}
    assert all(len(found) == 1 for found in colours.values())
    assert len(set.union(*colours.values())) == 3
    characters, truth, prediction = chromium.evaluate(COLUMNS)
    assert characters[:2] == truth[:2] == prediction[:2]
    assert characters[2] < truth[2] < prediction[2] < characters[2] + 60


def test_words_and_figures(report, tmp_path):
    page = write_tagging_report(report, tmp_path / "r.html").read_text(encoding="utf-8")
    expected = "The GRU labels 81.0% of all steps right in sequences that it had never seen, beside 76.5% by window"
    assert headline(report) == f"{expected} logistic regression."
    assert expected in page
    assert "Of 171 steps, 138 lie on the diagonal. Hardest is E: 52% of it are found, and 61% of what is called" in page
    assert "80% of 90 steps are right" in page
    assert "C is" not in page


def test_long_names_get_letters(report, tmp_path):
    long = dataclasses.replace(report, classes=["coil", "strand", "<b>helix</b>"], rest="coil")
    page = write_tagging_report(long, tmp_path / "r.html").read_text(encoding="utf-8")
    assert "A is coil, B is strand and C is &lt;b&gt;helix&lt;/b&gt;." in page
