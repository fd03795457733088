"""The page of a classification report as a reader sees it."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from report_views import VIEWS, compared, look

from gruvy.errors import ArgumentError
from gruvy.report import Comparison, LossCurve, write_report
from gruvy.report.classification import ClassificationReport, Course, Example
from gruvy.report.classification.figures import figures
from gruvy.report.labels import LABEL_COLUMNS

DRAWN = """Object.fromEntries([...document.querySelectorAll('.plot')].map(plot => [plot.id,
    plot.querySelectorAll('.scatterlayer .trace, .heatmaplayer .hm image[*|href^="data:image"]').length]))"""
MARKS = "[...document.querySelectorAll('.tokens span')].map(span => getComputedStyle(span).backgroundColor)"


@pytest.fixture(scope="module")
def report() -> ClassificationReport:
    return ClassificationReport(
        title="Is a review positive?",
        comparison=compared(
            LABEL_COLUMNS,
            ("GRU", "model", 0.78, None, 0.779, 0.778, 0.481, 0.021, 123456, 1.5),
            ("TF-IDF + logistic regression", "baseline", 0.765, None, 0.765, 0.764, 0.5, 0.03),
            ("lexicon", "baseline", 0.567, None, 0.57, 0.6),
        ),
        classes=["negative", "positive"],
        confusion=np.array([[40, 10], [12, 38]]),
        reliability=[
            {"confidence": 0.55, "accuracy": 0.5, "count": 20},
            {"confidence": 0.95, "accuracy": 0.9, "count": 80},
        ],
        losses=[LossCurve("GRU", [0.7, 0.5, 0.3], [0.6, 0.5, 0.55], 2)],
        provenance={"Seed": "0"},
        temperature=1.2,
        tested="Measured on a tenth.",
        description="Snippets of reviews.",
        examples=[Example("Typical", "positive", "negative", 0.8, ["not", "<b>bad</b>"], [0.75, 0.25])],
    )


@VIEWS
def test_everything_is_drawn_and_nothing_complains(chromium, report, tmp_path, width, dark):
    drawn = look(chromium, report, tmp_path / "classification.html", width=width, dark=dark)
    assert drawn == {"confusion": 1, "reliability": 2, "losses": 3}
    counts = "[...document.querySelectorAll('#confusion .heatmap-label text')].map(one => one.textContent)"
    assert chromium.evaluate(counts) == ["40", "10", "12", "38"]
    strong, weak = chromium.evaluate(MARKS)
    assert strong != weak


def test_the_course_of_numeric_sequences_is_drawn(chromium, report, tmp_path):
    course = Course(["a", "b", "c"], np.array([[0.2, 0.3, 0.5], [np.nan] * 3]), np.array([[1.0, 2, 3], [np.nan] * 3]))
    page = write_report(dataclasses.replace(report, examples=(), course=course), tmp_path / "r.html")
    chromium.open(page, width=390, dark=False)
    assert chromium.evaluate(DRAWN)["course"] == 4
    assert chromium.complaints() == []


def test_words_and_figures(report, tmp_path):
    page = write_report(report, tmp_path / "r.html").read_text(encoding="utf-8")
    expected = "The GRU is right about 78.0% of what it had never seen, beside 76.5% by TF-IDF + logistic regression"
    assert report.headline == f"{expected} and 56.7% by lexicon."
    assert expected in page
    assert (
        "Of 100 sequences, 78 lie on the diagonal. Of class “negative” the model finds 80%, of class “positive” 76%."
        in page
    )
    assert "called negative (80%), is positive" in page
    assert "&lt;b&gt;bad&lt;/b&gt;" in page
    assert 'style="--mark: 33%"' in page


def test_what_does_not_fit_is_named_together(report):
    with pytest.raises(ArgumentError, match=r"no row is of kind 'model'.*confusion is \(3, 3\), beside 2 classes"):
        dataclasses.replace(
            report, comparison=Comparison(LABEL_COLUMNS, report.comparison.rows[1:]), confusion=np.eye(3, dtype=int)
        )


def test_the_parts_of_a_course_are_added_up_and_drawn(chromium, report, tmp_path):
    weights = np.array([[0.1, 0.2, 0.7], [0.5, 0.4, 0.1], [np.nan] * 3])
    course = Course(["heat 0", "heat 9", "cold 0"], weights, np.ones((3, 3)), ["heat", "heat", "cold"])
    parts = course.by_part()
    assert list(parts) == ["heat", "cold"]
    np.testing.assert_allclose(parts["heat"].attention, [0.3, 0.9, np.nan])
    assert parts["cold"].steps == pytest.approx(1 / 3)
    shown = dataclasses.replace(
        report, examples=(), course=course, classes=["negative", "positive", "mixed"], confusion=np.eye(3, dtype=int)
    )
    page = write_report(shown, tmp_path / "r.html")
    chromium.open(page, width=390, dark=False)
    assert chromium.complaints() == []
    assert chromium.evaluate("document.querySelectorAll('#parts .barlayer .trace').length") >= 2
    sentence = "negative: cold (70% of the attention, 33% of the steps), positive: heat (90% of"
    assert sentence in page.read_text(encoding="utf-8")
    assert "Measured on a tenth." in page.read_text(encoding="utf-8")


def test_more_classes_than_hues_are_not_drawn_in_one_colour(report):
    count = 24
    course = Course(["a", "b"], np.ones((count, 2)) / 2, np.ones((count, 2)))
    confusion = np.diag(np.arange(count))
    names = [f"class {number}" for number in range(count)]
    many = dataclasses.replace(report, examples=(), course=course, classes=names, confusion=confusion)
    keys = figures(many)["course"].keys
    assert [key.name for key in keys] == names[-10:]  # those with the most sequences
    assert len({(key.colour, key.dash) for key in keys}) == 10
