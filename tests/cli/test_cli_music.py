"""``gruvy fit music`` and ``gruvy compose``, and what the other commands do with the model."""

from __future__ import annotations

import io
import json

import numpy as np
import pandas as pd
import pytest

import gruvy as package
from gruvy import runtime
from gruvy.music import read_midi, write_midi

QUICK = ("--hidden-size", "6", "--epochs", "3")


@pytest.fixture(scope="module")
def songs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("songs")
    random = np.random.default_rng(0)
    for number in range(10):
        roll = np.zeros((random.integers(8, 14), 88), np.uint8)
        roll[:, 30 + np.arange(0, 12, 4)] = random.random((len(roll), 3)) < 0.7
        roll[-1, 30] = 1
        write_midi(roll, folder / f"song{number}.mid", step=0.5)
    return folder


@pytest.fixture(scope="module")
def model(gruvy, songs, tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "m.gruvy"
    outcome = gruvy(
        "fit", "music", songs, "--step", "0.5", "--out", path, "--report", path.with_suffix(".html"), *QUICK
    )
    assert outcome.code == 0, outcome.err
    return path, outcome


def test_it_prints_the_model_beside_the_baselines(model):
    path, outcome = model
    for name in ("gru", "note by note", "note frequencies", "NLL", str(path)):
        assert name in outcome.out
    assert outcome.err.count("GRU: epoch") == 3
    assert "eighth notes" in path.with_suffix(".html").read_text(encoding="utf-8")


def test_composing_needs_no_torch_and_draws_what_the_model_draws(gruvy, model, tmp_path, monkeypatch):
    path, _ = model
    options = ("--steps", "24", "--seed", "3", "--temperature", "1.3")
    drawn = package.load(path).sample(24, seed=3, temperature=1.3)
    assert (runtime.load(path).sample(24, seed=3, temperature=1.3) == drawn).all()
    monkeypatch.setattr(package.PolyphonicModel, "_restore", lambda *_: pytest.fail("the estimator was loaded"))
    assert gruvy("compose", path, *options, "--out", tmp_path / "light.mid").code == 0
    write_midi(drawn, tmp_path / "full.mid", step=0.5)
    assert (tmp_path / "light.mid").read_bytes() == (tmp_path / "full.mid").read_bytes()


def test_predict_evaluate_and_json(gruvy, model, songs, tmp_path):
    path, _ = model
    fitted = package.load(path)
    names, rolls = fitted.files_.read(songs)
    printed = pd.read_csv(io.StringIO(gruvy("predict", path, songs).out))
    assert printed["piece"].tolist() == names
    assert printed["frames"].tolist() == [len(roll) for roll in rolls]
    np.testing.assert_allclose(printed["log_likelihood"], [one.sum() for one in fitted.log_likelihood(rolls)])
    np.testing.assert_allclose(printed["nll_per_frame"], -printed["log_likelihood"] / printed["frames"])
    one = pd.read_csv(io.StringIO(gruvy("predict", path, songs / "song3.mid").out))
    assert one["log_likelihood"].item() == pytest.approx(printed["log_likelihood"][3])
    scores = json.loads(gruvy("evaluate", path, songs, "--json").out)["scores"]
    assert scores == json.loads(json.dumps(fitted.evaluate(rolls)))
    assert f"{scores[0]['nll']:.3f}" in gruvy("evaluate", path, songs).out
    again = gruvy("fit", "music", songs, "--step", "0.5", "--out", tmp_path / "n.gruvy", "--json", *QUICK)
    assert again.err == ""
    assert json.loads(again.out)["provenance"]["pieces"] == 8
    assert package.load(tmp_path / "n.gruvy").evaluate(rolls) == fitted.evaluate(rolls)


def test_compose(gruvy, model, songs, tmp_path):
    path, _ = model
    options = ("--steps", "20", "--seed", "3", "--primer", songs / "song1.mid")
    outcome = gruvy("compose", path, "--out", tmp_path / "a.mid", *options)
    assert outcome.code == 0, outcome.err
    fitted, primer = package.load(path), read_midi(songs / "song1.mid", 0.5)
    drawn = fitted.sample(20, primer=primer, seed=3)
    heard = read_midi(tmp_path / "a.mid", 0.5)
    np.testing.assert_array_equal(heard, drawn[: len(heard)])
    assert not drawn[len(heard) :].any()
    np.testing.assert_array_equal(heard[: len(primer)], primer)
    document = json.loads(gruvy("compose", path, "--out", tmp_path / "b.mid", "--json", *options).out)
    assert document["steps"] == len(primer) + 20
    assert (tmp_path / "a.mid").read_bytes() == (tmp_path / "b.mid").read_bytes()


def mistakes(tmp_path, songs, model):
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.mid").write_text("no music")
    write_midi(np.zeros((9, 88)), tmp_path / "silent.mid")
    write_midi(np.ones((1, 88)), tmp_path / "short.mid")
    table = pd.DataFrame({"song": np.repeat(["a", "b", "c"], 4), "n1": 1, "n2": 0})
    table.to_csv(tmp_path / "good.csv", index=False)
    table.assign(n1=2).to_csv(tmp_path / "two.csv", index=False)
    table.assign(n1=np.nan).to_csv(tmp_path / "nan.csv", index=False)
    np.savez(tmp_path / "narrow.npz", a=np.eye(3, 2))
    fit, out = ("fit", "music"), ("--out", tmp_path / "m.gruvy", *QUICK)
    narrow = tmp_path / "narrow.gruvy"
    return {
        "expected a folder with music": (*fit, tmp_path / "empty", *out),
        "no such file": (*fit, tmp_path / "none", *out),
        "text.mid: expected a MIDI file": (*fit, tmp_path / "text.mid", *out),
        "have no notes, the first is silent.mid": (*fit, tmp_path / "silent.mid", *out),
        "fewer than 2 steps": (*fit, tmp_path / "short.mid", *out),
        "have other values than 0 and 1": (*fit, tmp_path / "two.csv", "--series", "song", *out),
        "have NaN": (*fit, tmp_path / "nan.csv", "--series", "song", *out),
        "no column 'sing'; did you mean 'song'": (*fit, tmp_path / "good.csv", "--series", "sing", *out),
        "column 'song': expected 0 and 1, got 'a'": (*fit, tmp_path / "good.csv", *out),
        "at least 3 pieces": (*fit, songs / "song1.mid", *out),
        "--step: expected a number of quarter notes above 0": (*fit, songs, "--step", "0", *out),
        "no column 'n1'": ("predict", narrow, songs / ".." / "other.csv"),
        "--out: expected a name that ends in .mid": ("compose", model, "--out", tmp_path / "a.wav"),
        "steps: expected an integer of at least 1": ("compose", model, "--out", tmp_path / "a.mid", "--steps", "0"),
        "the model has 2 columns; only 88": ("compose", narrow, "--out", tmp_path / "a.mid"),
        "--tempo: expected 4 to 1000": ("compose", model, "--out", tmp_path / "a.mid", "--tempo", "0"),
        r"primer: expected an array (T, 88), got shape (3, 2)": ("compose", model, "--primer", tmp_path / "narrow.npz"),
    }


def test_every_mistake_is_answered_in_one_line(gruvy, model, songs, tmp_path):
    path, _ = model
    wrong = mistakes(tmp_path, songs, path)
    good = gruvy("fit", "music", tmp_path / "good.csv", "--series", "song", "--out", tmp_path / "narrow.gruvy", *QUICK)
    assert good.code == 0, good.err
    pd.DataFrame({"song": ["a", "a"], "n2": [0, 1]}).to_csv(songs / ".." / "other.csv", index=False)
    for message, arguments in wrong.items():
        outcome = gruvy(*arguments)
        assert outcome.code == 2, message
        assert message in outcome.err
        assert outcome.err.count("\n") == 1, outcome.err
        assert outcome.out == ""
    assert not (tmp_path / "a.mid").exists()


def test_a_model_of_another_kind_cannot_compose(gruvy, tmp_path):
    other = package.SequenceClassifier(max_epochs=1, hidden_size=4).fit(["a b", "b a"] * 5, [0, 1] * 5)
    outcome = gruvy("compose", other.save(tmp_path / "c.gruvy"), "--out", tmp_path / "a.mid")
    assert outcome.code == 2
    assert "expected a model of gruvy fit music, got a SequenceClassifier" in outcome.err
