"""The report of a transcriber as a reader sees it."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from report_views import VIEWS, compared, look

from gruvy.errors import ArgumentError
from gruvy.report import Comparison, LossCurve, Row, write_report
from gruvy.report.transcription import ERROR_COLUMNS, Heard, LengthGroup, Transcript, TranscriptionReport


@pytest.fixture(scope="module")
def shown() -> TranscriptionReport:
    random = np.random.default_rng(0)
    heard = Heard(
        title="A typical recording",
        truth="a <b> c",
        predicted="a b",
        cer=0.5,
        seconds=np.arange(90) * 0.01,
        bands=np.linspace(60, 3900, 20),
        spectrum=-60 * random.random((90, 20)),
        step_seconds=np.arange(30) * 0.03,
        classes=["", " ", "a", "b"],
        probabilities=random.dirichlet(np.ones(4), 30),
        places=np.arange(7) * 0.12,
    )
    return TranscriptionReport(
        title="Prompts",
        comparison=compared(
            ERROR_COLUMNS,
            ("GRU", "model", 0.213, 0.456, 0.5, 812_345, 2.5),
            ("LSTM", "model", 0.25, 0.5, 0.4, 812_000, 3.5),
            ("nearest recording (DTW)", "baseline", 0.7, 0.9, 0.01),
            ("empty transcript", "baseline", 1.0, 1.0, 0.0),
        ),
        heard=[heard],
        worst=[Transcript("digits/9", 1.25, [("nine", "ten"), (" ", " "), ("", "<i>")])],
        best=[Transcript("thanks", 0.0, [("thank you", "thank you")])],
        by_length=[LengthGroup("below 1 s", 30, 0.4), LengthGroup("1 to 2 s", 12, 0.2)],
        losses=[LossCurve("GRU", [3.0, 2.0, 1.0], [2.9, 1.5, 1.2], 3), LossCurve("LSTM", [3.0, 2.5], [2.8, 2.0], 2)],
        provenance={"Seed": "0"},
        description="One speaker.",
    )


@VIEWS
def test_everything_is_drawn_and_nothing_complains(chromium, shown, tmp_path, width, dark):
    drawn = look(chromium, shown, tmp_path / "transcription.html", width=width, dark=dark)
    assert drawn == {"heard-0": 2, "length": 2, "losses": 6}


def test_what_is_said_stands_over_its_place(chromium, shown, tmp_path):
    chromium.open(write_report(shown, tmp_path / "report.html"), width=1280, dark=False)
    marks = "[...document.querySelectorAll('#heard-0 .annotation-text')].map(one => one.textContent)"
    assert "".join(chromium.evaluate(marks)) == "a␣<b>␣c"
    places = chromium.evaluate(
        "[...document.querySelectorAll('#heard-0 .annotation-text')].map(one => one.getBoundingClientRect().x)"
    )
    np.testing.assert_allclose(np.diff(places), np.mean(np.diff(places)), rtol=0.15)


def test_words_and_figures(shown, tmp_path):
    page = write_report(shown, tmp_path / "r.html").read_text(encoding="utf-8")
    headline = "The GRU gets 21.3% of the characters and 45.6% of the words wrong in what it had never heard"
    assert shown.headline == (
        f"{headline} (characters: 70.0% by nearest recording (DTW) and 100.0% by empty transcript)."
    )
    better = Row("GRU + language model", "model", {"cer": 0.19, "wer": 0.3})
    assert dataclasses.replace(
        shown, comparison=Comparison(ERROR_COLUMNS, [*shown.comparison.rows, better])
    ).headline.endswith("transcript). The GRU + language model: 19.0% and 30.0%.")
    assert headline in page
    assert "125% of the characters wrong" in page
    assert '<del title="said">nine</del><ins title="written">ten</ins> <ins title="written">&lt;i&gt;</ins>' in page
    assert "below 1 s 40% (30) and 1 to 2 s 20% (12)" in page
    assert page.count('role="rowheader"') == 4
    assert "812,345" in page


def test_the_table(shown):
    assert shown.comparison.cells(shown.model) == ["21.3%", "45.6%", "50.0%"]
    assert shown.comparison.cells(shown.model, page=True) == ["21.3%", "45.6%", "50.0%", "812,345", "2.5 s"]


def test_a_report_without_a_model(shown):
    with pytest.raises(ArgumentError, match="no row is of kind 'model'"):
        dataclasses.replace(shown, comparison=Comparison(ERROR_COLUMNS, shown.comparison.rows[2:]))
