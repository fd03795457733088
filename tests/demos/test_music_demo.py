"""The music demo from end to end, with small networks and few epochs."""

from __future__ import annotations

import numpy as np
import pytest

import gruvy
from gruvy.datasets import load_chorales
from gruvy.demos import music
from gruvy.music import read_midi

pytest.importorskip("music21")


@pytest.fixture(scope="module")
def demo(run_demo):
    return run_demo("music", trained=["GRU", "LSTM", "tanh RNN"], max_epochs=3)


def test_networks_and_known_baselines(demo):
    _, outcome = demo
    (figure,) = outcome.figures
    assert list(figure.others) == [
        "LSTM", "tanh RNN", "logistic regression of 2 frames", "note by note", "note frequencies"
    ]  # fmt: skip
    # Measured when the set was made; they depend on the data alone.
    assert figure.others["note frequencies"] == pytest.approx(10.676, abs=0.002)
    assert figure.others["note by note"] == pytest.approx(10.246, abs=0.002)
    assert figure.others["logistic regression of 2 frames"] == pytest.approx(8.925, abs=0.01)
    assert figure.trivial == "note frequencies"
    assert outcome.learnt
    sizes = {row["name"]: row["parameters"] for row in outcome.results["rows"] if row["parameters"]}
    heads = {name: 88 * (size + 1) for name, (_, size) in music.SIZES.items()}
    recurrent = [sizes[name] - heads[name] for name in sizes]
    assert max(recurrent) / min(recurrent) < 1.05  # about equal, as in Chung et al.


def test_files_are_there_and_agree(demo):
    folder, outcome = demo
    figures = outcome.results
    assert figures["headline"].removesuffix(".") in (folder / "music.html").read_text(encoding="utf-8")
    model = gruvy.load(folder / "music.gruvy")
    test = [chorale.roll for chorale in load_chorales() if chorale.split == "test"]
    assert model.evaluate(test)[0]["nll"] == pytest.approx(figures["rows"][0]["nll"], rel=1e-6)
    tune = read_midi(folder / "music.mid")
    np.testing.assert_array_equal(tune, model.sample(64, seed=0)[: len(tune)])


def test_leads_are_differences_of_the_rows(demo):
    _, outcome = demo
    rows = {row["name"]: row["nll"] for row in outcome.results["rows"]}
    assert list(outcome.results["leads"]) == ["LSTM", "tanh RNN"]
    for name, lead in outcome.results["leads"].items():
        assert lead["mean"] == pytest.approx(rows[name] - rows["GRU"], abs=1e-6)
        assert lead["low"] < lead["mean"] < lead["high"]
        assert lead["high"] - lead["low"] < 0.2
