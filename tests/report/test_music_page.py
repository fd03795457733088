"""The page of a report on music as a reader sees it."""

from __future__ import annotations

import dataclasses
import io
import wave

import numpy as np
import pytest
from report_views import VIEWS, compared, look

from gruvy.errors import ArgumentError
from gruvy.report import Comparison, LossCurve, write_report
from gruvy.report.music import FRAME_COLUMNS, Foreseen, MusicReport
from gruvy.report.music.figures import drawn_figure, foreseen_figure, note_name
from gruvy.report.music.text import foreseen_aid

HEARD = """new Promise(tell => {
    const audio = document.querySelector('audio');
    audio.onloadedmetadata = () => tell(audio.duration);
    audio.onerror = () => tell(-1);
    audio.load();
})"""


# The sound's bytes; the page itself may load nothing but sounds.
BYTES = """new Promise(tell => {
    const create = URL.createObjectURL;
    URL.createObjectURL = blob => {
        blob.arrayBuffer().then(all => tell([...new Uint8Array(all)]));
        return create(blob);
    };
    const script = document.createElement('script');
    script.textContent = document.querySelector('#notes + script').textContent;
    document.body.append(script);
})"""


@pytest.fixture(scope="module")
def report() -> MusicReport:
    roll = np.zeros((6, 88), np.uint8)
    roll[:, 39] = 1
    roll[2:4, 43] = 1
    drawn = np.zeros((8, 88), np.uint8)
    drawn[[0, 1, 4], 39] = 1  # two notes of one key
    drawn[3:, 46] = 1
    return MusicReport(
        title="Songs",
        comparison=compared(
            FRAME_COLUMNS,
            ("GRU", "model", 8.5, 0.22, 22904, 0.09),
            ("tanh", "model", 9.1, 0.2, 27888, 0.1),
            ("note by note", "baseline", 10.3, 0.04),
        ),
        piece=Foreseen("song7", 8.4, roll, np.where(roll, 0.75, 0.01)),
        drawn=drawn,
        losses=[LossCurve("GRU", [10.0, 9.0], [9.5, 8.8], 2), LossCurve("tanh", [10.0, 9.5], [9.5, 9.2], 2)],
        provenance={"Seed": "0"},
        lowest=21,
        step="quarter note",
        description="All of them.",
    )


@VIEWS
def test_everything_is_drawn_and_nothing_complains(chromium, report, tmp_path, width, dark):
    drawn = look(chromium, report, tmp_path / "music.html", width=width, dark=dark)
    assert drawn == {"foreseen": 3, "drawn": 3, "losses": 6}


def test_sentences_and_cells(report, tmp_path):
    html = write_report(report, tmp_path / "report.html").read_text(encoding="utf-8")
    assert report.headline == (
        "The GRU foresees the frames of pieces that it had never heard with a negative log-likelihood of 8.50 nats a "
        "frame, beside 9.10 of the tanh and 10.30 of note by note."
    )
    for part in (
        "song7, the piece of the test part with the median likelihood (8.40 nats a frame)",
        "gave notes that sounded 75% on average, and the others 1.0%",
        "8 quarter notes, drawn frame by frame",
        "1.0 notes sound at a time on average",
        "22,904",
        "width: var(--share)",
        "--share: 82.5%",
    ):
        assert part in html


def test_the_rolls_have_what_sounds(report):
    figure = foreseen_figure(report)
    heat, rim, lines = figure.data
    assert (heat.y[0], heat.y[-1]) == (58, 66)  # two keys beside those that sound, 60 and 64
    np.testing.assert_allclose(np.array(heat.z)[2], [0.75] * 6)
    assert rim.x == lines.x == (0.6, 6.4, None, 2.6, 4.4, None)
    assert lines.y == (60, 60, None, 64, 64, None)
    (bars,) = drawn_figure(report).data
    held = sorted(zip(bars.y, bars.base, bars.x, strict=True))
    assert held == [(60, 0.5, 2), (60, 4.5, 1), (67, 3.5, 5)]
    assert list(figure.layout.yaxis.ticktext) == ["C4"]


def test_the_piece_can_be_heard(chromium, report, tmp_path):
    page = write_report(report, tmp_path / "report.html")
    chromium.open(page, width=1280, dark=False)
    assert chromium.evaluate(HEARD) == pytest.approx(8 * 0.75, abs=0.01)  # the page's policy lets it be loaded
    assert chromium.complaints() == []
    roll = np.zeros((4, 88))
    roll[0:2, 69 - 21] = 1  # 440 Hz in the first half
    roll[3, 57 - 21] = 1  # 220 Hz in the last quarter
    chromium.open(write_report(dataclasses.replace(report, drawn=roll, seconds=0.5), page), width=1280, dark=False)
    with wave.open(io.BytesIO(bytes(chromium.evaluate(BYTES)))) as file:
        rate, samples = file.getframerate(), np.frombuffer(file.readframes(file.getnframes()), np.uint8)
    assert len(samples) == pytest.approx(2.0 * rate, abs=4)
    parts = np.split(samples[: 4 * (len(samples) // 4)].astype(float) - 128, 4)
    loudest = [np.abs(np.fft.rfft(part)).argmax() * rate / len(part) for part in parts]
    assert loudest[:2] == pytest.approx([440, 440], abs=2)
    assert np.abs(parts[2]).max() <= 1
    assert loudest[3] == pytest.approx(220, abs=2)


def test_names_of_notes():
    assert [note_name(key, 21) for key in (0, 39, 48, 87)] == ["A0", "C4", "A4", "C8"]
    assert note_name(61, 0) == "C♯4"
    assert note_name(3, None) == "column 3"


def test_silence_and_other_columns_can_be_drawn(report, tmp_path):
    silence = np.zeros((4, 5), np.uint8)
    piece = Foreseen("rests", 0.1, silence, np.full((4, 5), 0.1))
    other = dataclasses.replace(report, piece=piece, drawn=silence, lowest=None, step="step")
    assert "4 steps, drawn" in write_report(other, tmp_path / "r.html").read_text(encoding="utf-8")


def test_a_report_that_does_not_fit_together(report):
    with pytest.raises(ArgumentError, match=r"no row is of kind 'model'.*roll is .2, 3., beside probabilities .2, 4."):
        dataclasses.replace(
            report,
            comparison=Comparison(FRAME_COLUMNS, report.comparison.rows[2:]),
            piece=Foreseen("a", 1.0, np.zeros((2, 3)), np.zeros((2, 4))),
        )


def test_of_a_long_piece_an_excerpt_is_drawn(report):
    roll = np.zeros((856, 88), np.uint8)
    roll[::2, 40] = 1
    long = dataclasses.replace(report, piece=Foreseen("long", 8.4, roll, np.where(roll, 0.75, 0.01)))
    heat, *lines = foreseen_figure(long).data
    assert len(heat.x) == 96
    assert max(x for line in lines for x in line.x if x) <= 96.5
    assert "The first 96 of its 856 frames are drawn." in foreseen_aid(long)
