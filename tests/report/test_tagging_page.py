"""The page of a tagging report as a reader sees it."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from report_views import VIEWS, compared, look

from gruvy.report import Comparison, LossCurve, Row, write_report
from gruvy.report.labels import LABEL_COLUMNS
from gruvy.report.tagging import CLASS_COLUMNS, TaggedExample, TaggingReport
from gruvy.report.tagging.text import lengths_aid

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
        comparison=compared(
            LABEL_COLUMNS,
            ("GRU", "model", 0.81, None, 0.8, 0.79, 0.481, 0.021, 123456, 1.5),
            ("window logistic regression", "baseline", 0.765, None, 0.765, 0.764, 0.5, 0.03),
        ),
        classes=["C", "E", "H"],
        confusion=np.array([[40, 10, 5], [12, 38, 1], [3, 2, 60]]),
        reliability=[
            {"confidence": 0.55, "accuracy": 0.5, "count": 20},
            {"confidence": 0.95, "accuracy": 0.9, "count": 80},
        ],
        losses=[LossCurve("GRU", [0.7, 0.5, 0.3], [0.6, 0.5, 0.55], 2)],
        provenance={"Seed": "0"},
        temperature=1.2,
        tested="All figures are of the held-out test part.",
        by_class=Comparison(
            CLASS_COLUMNS,
            [
                Row("C", values=dict(zip(["precision", "recall", "f1", "count"], [0.7, 0.8, 0.75, 55], strict=True))),
                Row("E", values=dict(zip(["precision", "recall", "f1", "count"], [0.61, 0.52, 0.56, 51], strict=True))),
                Row("H", values=dict(zip(["precision", "recall", "f1", "count"], [0.9, 0.85, 0.87, 65], strict=True))),
            ],
            "class",
        ),
        tagged=[TaggedExample("Typical", 0.8, "MKV" * 30, [0] * 30 + [2] * 60, [0] * 20 + [1] * 20 + [2] * 50)],
        lengths=random.integers(40, 300, 100).tolist(),
        accuracies=random.uniform(0.6, 0.9, 100).tolist(),
        along=[0.7, 0.8, float("nan"), 0.75],
        rest="C",
    )


@VIEWS
def test_everything_is_drawn_and_nothing_complains(chromium, report, tmp_path, width, dark):
    drawn = look(chromium, report, tmp_path / "tagging.html", width=width, dark=dark)
    assert drawn == {"confusion": 1, "lengths": 2, "along": 1, "reliability": 2, "losses": 3}


def test_truth_and_prediction_stand_under_each_other_in_their_colours(chromium, report, tmp_path):
    chromium.open(write_report(report, tmp_path / "r.html"), width=1280, dark=False)
    tags = chromium.evaluate(TAGS)
    assert [text for text, _ in tags] == ["C" * 30, "H" * 30, "C" * 20, "E" * 20, "H" * 20, "H" * 30, "H" * 30]
    colours = {text[0]: {colour for other, colour in tags if other[0] == text[0]} for text, _ in tags}
    assert all(len(found) == 1 for found in colours.values())
    assert len(set.union(*colours.values())) == 3
    characters, truth, prediction = chromium.evaluate(COLUMNS)
    assert characters[:2] == truth[:2] == prediction[:2]
    assert characters[2] < truth[2] < prediction[2] < characters[2] + 60


def test_words_and_figures(report, tmp_path):
    page = write_report(report, tmp_path / "r.html").read_text(encoding="utf-8")
    expected = "The GRU labels 81.0% of all steps right in sequences that it had never seen, beside 76.5% by window"
    assert report.headline == f"{expected} logistic regression."
    assert expected in page
    assert "Of 171 steps, 138 lie on the diagonal. Hardest is E: 52% of it are found, and 61% of what is called" in page
    assert "80% of 90 steps are right" in page
    assert "C is" not in page


def test_long_names_get_letters(report, tmp_path):
    long = dataclasses.replace(report, classes=["coil", "strand", "<b>helix</b>"], rest="coil")
    page = write_report(long, tmp_path / "r.html").read_text(encoding="utf-8")
    assert "A is coil, B is strand and C is &lt;b&gt;helix&lt;/b&gt;." in page


def test_no_sequence_has_more_than_all_of_its_steps_right(report):
    perfect = dataclasses.replace(report, accuracies=[0.5] * 10 + [1.0] * 90)
    assert lengths_aid(perfect).endswith("the worst tenth at most 95%, the best tenth at least 100%.")
    few = dataclasses.replace(report, accuracies=[0.5, 1.0])
    assert lengths_aid(few) == "From 50% to 100% of a sequence's steps are right."


def test_every_class_has_a_colour_and_a_sign_of_its_own(chromium, report, tmp_path):
    names = [f"state {number}" for number in range(40)]
    by_class = Comparison(CLASS_COLUMNS, [Row(name, values=report.by_class.rows[0].values) for name in names], "class")
    example = TaggedExample("All", 1.0, "", list(range(40)), list(range(40)))
    many = dataclasses.replace(
        report, classes=names, confusion=np.eye(40, dtype=int), by_class=by_class, tagged=[example], rest="state 3"
    )
    chromium.open(write_report(many, tmp_path / "r.html"), width=1280, dark=False)
    tags = chromium.evaluate(TAGS)
    assert len({text for text, _ in tags}) == 40
    assert len({colour for _, colour in tags}) == 11  # ten hues and the grey of the rest
    assert chromium.complaints() == []
