"""The report of a transcriber as a reader sees it."""

from __future__ import annotations

import dataclasses
from dataclasses import replace

import numpy as np
import pytest

from gruvy.errors import ArgumentError
from gruvy.report import (
    Comparison,
    ErrorRow,
    Heard,
    LengthGroup,
    LossCurve,
    TranscriptionReport,
    transcript_table,
    transcription_headline,
    write_transcription_report,
)

DRAWN = """Object.fromEntries([...document.querySelectorAll('.plot')].map(plot => [plot.id, plot.querySelectorAll(
    '.scatterlayer .trace, .barlayer .point, .heatmaplayer .hm image[*|href^="data:image"]').length]))"""


@pytest.fixture(scope="module")
def shown() -> TranscriptionReport:
    random = np.random.default_rng(0)
    heard = Heard(
        title="A typical recording",
        truth="a <b> c",
        found="a b",
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
        rows=[
            ErrorRow("GRU", "model", 0.213, 0.456, 0.5, 812_345, 2.5),
            ErrorRow("LSTM", "model", 0.25, 0.5, 0.4, 812_000, 3.5),
            ErrorRow("nearest recording (DTW)", "baseline", 0.7, 0.9, 0.01),
            ErrorRow("empty transcript", "baseline", 1.0, 1.0, 0.0),
        ],
        heard=[heard],
        worst=[Comparison("digits/9", 1.25, [("nine", "ten"), (" ", " "), ("", "<i>")])],
        best=[Comparison("thanks", 0.0, [("thank you", "thank you")])],
        by_length=[LengthGroup("below 1 s", 30, 0.4), LengthGroup("1 to 2 s", 12, 0.2)],
        losses=[LossCurve("GRU", [3.0, 2.0, 1.0], [2.9, 1.5, 1.2], 3), LossCurve("LSTM", [3.0, 2.5], [2.8, 2.0], 2)],
        provenance={"Seed": "0"},
        description="One speaker.",
    )


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_everything_is_drawn_and_nothing_complains(chromium, shown, tmp_path, width, dark):
    page = write_transcription_report(shown, tmp_path / "report.html")
    chromium.open(page, width=width, dark=dark)
    assert chromium.evaluate(DRAWN) == {"heard-0": 2, "length": 2, "losses": 6}
    assert chromium.complaints() == []
    assert chromium.requests() == [page.as_uri()]
    assert chromium.evaluate("document.documentElement.scrollWidth") <= width
    chromium.screenshot(f"transcription-{width}-{'dark' if dark else 'light'}.png")


def test_what_is_said_stands_over_its_place(chromium, shown, tmp_path):
    chromium.open(write_transcription_report(shown, tmp_path / "report.html"), width=1280, dark=False)
    marks = "[...document.querySelectorAll('#heard-0 .annotation-text')].map(one => one.textContent)"
    assert "".join(chromium.evaluate(marks)) == "a␣<b>␣c"
    places = chromium.evaluate(
        "[...document.querySelectorAll('#heard-0 .annotation-text')].map(one => one.getBoundingClientRect().x)"
    )
    np.testing.assert_allclose(np.diff(places), np.mean(np.diff(places)), rtol=0.15)


def test_words_and_figures(shown, tmp_path):
    page = write_transcription_report(shown, tmp_path / "r.html").read_text(encoding="utf-8")
    headline = "The GRU gets 21.3% of the characters and 45.6% of the words wrong in what it had never heard"
    assert transcription_headline(shown) == (
        f"{headline} (characters: 70.0% by nearest recording (DTW) and 100.0% by empty transcript)."
    )
    better = ErrorRow("GRU + language model", "model", 0.19, 0.3, 0.6)
    assert transcription_headline(replace(shown, rows=[*shown.rows, better])).endswith(
        "transcript). The GRU + language model: 19.0% and 30.0%."
    )
    assert headline in page
    assert "125% of the characters wrong" in page
    assert '<del title="said">nine</del><ins title="written">ten</ins> <ins title="written">&lt;i&gt;</ins>' in page
    assert "below 1 s 40% (30) and 1 to 2 s 20% (12)" in page
    assert page.count('role="rowheader"') == 4
    assert "812,345" in page


def test_the_table(shown):
    table = transcript_table([vars(row) for row in shown.rows], models=2)
    assert list(table.rows[0]) == ["GRU", "21.3%", "45.6%", "50.0%"]
    assert (len(table.rows), table.models) == (4, 2)


def test_a_report_without_a_model(shown):
    with pytest.raises(ArgumentError, match="no row is of kind 'model'"):
        dataclasses.replace(shown, rows=shown.rows[2:])
