"""The page of a classification report as a reader sees it."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from gruvy.errors import ArgumentError
from gruvy.report import ClassificationReport, Course, Example, LossCurve, ScoreRow, write_classification_report
from gruvy.report.classification.page import headline

DRAWN = """Object.fromEntries([...document.querySelectorAll('.plot')].map(plot => [plot.id,
    plot.querySelectorAll('.scatterlayer .trace, .heatmaplayer .hm image[*|href^="data:image"]').length]))"""
MARKS = "[...document.querySelectorAll('.tokens span')].map(span => getComputedStyle(span).backgroundColor)"


@pytest.fixture(scope="module")
def report() -> ClassificationReport:
    return ClassificationReport(
        title="Is a review positive?",
        rows=[
            ScoreRow("GRU", "model", 0.78, 0.779, 0.778, 0.481, 0.021, 123456, 1.5),
            ScoreRow("TF-IDF + logistic regression", "baseline", 0.765, 0.765, 0.764, 0.5, 0.03),
            ScoreRow("lexicon", "baseline", 0.567, 0.57, 0.6),
        ],
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


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_everything_is_drawn_and_nothing_complains(chromium, report, tmp_path, width, dark):
    page = write_classification_report(report, tmp_path / "report.html")
    chromium.open(page, width=width, dark=dark)
    assert chromium.evaluate(DRAWN) == {"confusion": 1, "reliability": 2, "losses": 3}
    assert chromium.complaints() == []
    assert chromium.requests() == [page.as_uri()]
    assert chromium.evaluate("document.documentElement.scrollWidth") <= width
    strong, weak = chromium.evaluate(MARKS)
    assert strong != weak
    chromium.screenshot(f"classification-{width}-{'dark' if dark else 'light'}.png")


def test_the_course_of_numeric_sequences_is_drawn(chromium, report, tmp_path):
    course = Course(["a", "b", "c"], np.array([[0.2, 0.3, 0.5], [np.nan] * 3]), np.array([[1.0, 2, 3], [np.nan] * 3]))
    page = write_classification_report(dataclasses.replace(report, examples=(), course=course), tmp_path / "r.html")
    chromium.open(page, width=390, dark=False)
    assert chromium.evaluate(DRAWN)["course"] == 4
    assert chromium.complaints() == []


def test_words_and_figures(report, tmp_path):
    page = write_classification_report(report, tmp_path / "r.html").read_text(encoding="utf-8")
    expected = "The GRU is right about 78.0% of what it had never seen, beside 76.5% by TF-IDF + logistic regression"
    assert headline(report) == f"{expected} and 56.7% by lexicon."
    assert expected in page
    assert (
        "Of 100 sequences, 78 lie on the diagonal. Of class negative the model finds 80%, of class positive 76%."
        in page
    )
    assert "called negative (80%), is positive" in page
    assert "&lt;b&gt;bad&lt;/b&gt;" in page
    assert 'style="--mark: 33%"' in page


def test_what_does_not_fit_is_named_together(report):
    with pytest.raises(ArgumentError, match=r"no row is of kind 'model'.*confusion is \(3, 3\), beside 2 classes"):
        dataclasses.replace(report, rows=report.rows[1:], confusion=np.eye(3, dtype=int))


def test_the_parts_of_a_course_are_added_up_and_drawn(chromium, report, tmp_path):
    weights = np.array([[0.1, 0.2, 0.7], [0.5, 0.4, 0.1], [np.nan] * 3])
    course = Course(["heat 0", "heat 9", "cold 0"], weights, np.ones((3, 3)), ["heat", "heat", "cold"])
    shares = course.shares()
    assert list(shares) == ["heat", "cold"]
    np.testing.assert_allclose(shares["heat"].attention, [0.3, 0.9, np.nan])
    assert shares["cold"].steps == pytest.approx(1 / 3)
    shown = dataclasses.replace(
        report, examples=(), course=course, classes=["negative", "positive", "mixed"], confusion=np.eye(3, dtype=int)
    )
    page = write_classification_report(shown, tmp_path / "r.html")
    chromium.open(page, width=390, dark=False)
    assert chromium.complaints() == []
    assert chromium.evaluate("document.querySelectorAll('#parts .barlayer .trace').length") >= 2
    sentence = "negative: cold (70% of the attention, 33% of the steps), positive: heat (90% of"
    assert sentence in page.read_text(encoding="utf-8")
    assert "Measured on a tenth." in page.read_text(encoding="utf-8")
