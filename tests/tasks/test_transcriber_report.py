"""What the report shows is what the transcriber computed."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from beeps import RATE, SMALL, spoken

from gruvy.errors import InputNote
from gruvy.tasks import Transcriber
from gruvy.tasks.transcription.report import transcription_report
from gruvy.tasks.transcription.scores import character_errors, score_row


@pytest.fixture(scope="module")
def made():
    X, y = spoken(90)
    model = Transcriber(**SMALL | {"max_epochs": 4}).fit(X, y, sample_rate=RATE)
    X, y = spoken(50, seed=1)
    X[3] = np.concatenate([X[3], X[4]])  # one that is hard
    y[5] += " x"  # and one with a character that it does not know
    other = {"name": "LSTM", "kind": "model", "cer": 0.5, "wer": 0.6, "exact": 0.1}
    with pytest.warns(InputNote, match="got 'x' \\(1x\\) in 1 of 50 texts"):
        report = transcription_report({"GRU": model}, X, y, [other], title="Beeps", command="run it")
    return model, X, y, report


@pytest.mark.filterwarnings("ignore:y. expected the 5 characters:gruvy.errors.InputNote")
def test_rows_and_groups(made):
    model, X, y, report = made
    assert [(row.name, row.kind) for row in report.comparison.rows] == [
        ("GRU", "model"),
        ("LSTM", "model"),
        ("empty transcript", "baseline"),
    ]
    assert report.model["cer"] == 1 - model.score(X, y)
    assert report.model["parameters"] == model.n_parameters_
    assert sum(group.count for group in report.by_length) == 50
    found = model.predict(X)
    short = [row for row in range(50) if len(X[row]) < RATE]
    errors = sum(character_errors(y[row], found[row]) for row in short) / sum(len(y[row]) for row in short)
    assert report.by_length[0].name == "below 1 s"
    assert report.by_length[0].cer == pytest.approx(errors)
    assert report.losses[0].validation == [row["validation_loss"] for row in model.history_]
    assert report.provenance["Command"] == "run it"


def test_worst_and_best_are_ranked_and_cut_where_they_differ(made):
    model, X, y, report = made
    found = model.predict(X)
    cer = sorted(character_errors(a, b) / len(a) for a, b in zip(y, found, strict=True))
    assert [one.cer for one in report.worst] == pytest.approx(cer[::-1][:6])
    assert [one.cer for one in report.best] == pytest.approx(cer[:6])
    for one in (*report.worst, *report.best):
        row = int(one.name.removeprefix("recording "))
        assert "".join(said for said, _ in one.pieces) == y[row]
        assert "".join(written for _, written in one.pieces) == found[row]
        kinds = [said == written for said, written in one.pieces]
        assert all(a != b for a, b in itertools.pairwise(kinds))


def test_what_is_drawn_is_the_recording(made):
    model, X, y, report = made
    (heard,) = report.heard[:1]
    row = y.index(heard.truth)
    (log_p,) = model.log_probabilities([X[row]])
    shown = [0 if not name else model.alphabet_.index(name) + 1 for name in heard.classes]
    np.testing.assert_allclose(heard.probabilities, np.exp(log_p)[:, shown])
    assert np.exp(log_p)[:, [n for n in range(6) if n not in shown]].max(initial=0) < 0.05
    assert heard.predicted == model.predict([X[row]])[0]
    assert heard.spectrum.max() == 0
    assert heard.spectrum.shape == (len(heard.seconds), 16)
    np.testing.assert_array_equal(heard.places, model.align([X[row]], [heard.truth])[0])
    assert heard.seconds[-1] == pytest.approx(len(X[row]) / RATE, abs=0.04)
    assert all("x" not in one.truth for one in report.heard)


def test_errors_are_counted_over_all_texts_together():
    row = score_row("m", ["ab cd", "e"], ["ab xd", "eee"])
    assert row == {"name": "m", "cer": pytest.approx(3 / 6), "wer": pytest.approx(2 / 3), "exact": 0.0}
    assert character_errors("kitten", "sitting") == 3
