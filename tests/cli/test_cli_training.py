"""Options of every ``gruvy fit`` that decide how a training goes, and what is said while it does."""

from __future__ import annotations

import re
import time

import pytest

from gruvy import load
from gruvy.cli import pulse


def test_from_goes_on_with_a_model_whose_options_hold_unless_given(gruvy, data, model, tmp_path):
    options = ["--target", "load", "--time", "time", "--from", model, "--epochs", 1, "--out", tmp_path / "on.gruvy"]
    outcome = gruvy("fit", "forecast", data, *options, "--learning-rate", "1e-12")
    assert outcome.code == 0, outcome.err
    assert f"Went on from: {model}, trained on 20" in outcome.out
    own, parent = load(tmp_path / "on.gruvy"), load(model)
    assert (own.horizon, own.context_length, own.hidden_size) == (4, 12, 4)
    assert (own.max_epochs, own.learning_rate) == (1, 1e-12)
    best = parent.history_[parent.best_epoch_ - 1]["validation_loss"]
    assert own.history_[0]["validation_loss"] == pytest.approx(best, rel=1e-5)
    assert own.provenance_["parent"]["file"] == "load.gruvy"


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (
            ["--from", "MODEL", "--context", "24", "--horizon", "5"],
            "--horizon is 4 there, got 5; leave them",
        ),
        (
            ["--from", "MODEL", "--hidden-size", "64"],
            "--from: the model has other .*--hidden-size is 4 there",
        ),
        (["--from", "nowhere.gruvy"], "nowhere.gruvy"),
        (["--from", "DATA"], "load.csv"),
        (["--rescale"], "--rescale: needs --from, the model whose scaling would be kept"),
        (["--minutes", "0"], "--minutes: expected a number above 0, got 0"),
        (["--minutes", "-1"], "--minutes: expected a number above 0, got -1"),
    ],
)
def test_what_cannot_be_gone_on_with_is_one_line(options, told, gruvy, data, model, tmp_path):
    places = {"MODEL": model, "DATA": data}
    given = [places.get(option, option) for option in options]
    outcome = gruvy(
        "fit", "forecast", data, "--target", "load", "--time", "time", "--out", tmp_path / "no.gruvy", *given
    )
    assert outcome.code == 2
    assert re.search(told, outcome.err), outcome.err
    assert outcome.err.count("\n") == 1


def test_from_another_task_is_refused(gruvy, data, model, tmp_path):
    outcome = gruvy("fit", "anomaly", data, "--time", "time", "--from", model, "--out", tmp_path / "no.gruvy")
    assert outcome.code == 2
    assert "--from: expected an AnomalyDetector that was fitted" in outcome.err


def test_minutes_are_planned(fit, data, tmp_path):
    outcome = fit(data, "--minutes", "10", "--out", tmp_path / "m.gruvy")
    assert outcome.code == 0, outcome.err
    assert load(tmp_path / "m.gruvy").provenance_["planned_epochs"] == 2


def test_what_goes_on_is_said_every_while(monkeypatch, capsys):
    monkeypatch.setattr(pulse, "INTERVAL", 0.05)
    with pulse.pulse(lambda: "outer", quiet=False):
        with pulse.pulse(lambda: "inner", quiet=False):
            time.sleep(0.3)
        time.sleep(0.3)
    with pulse.pulse(lambda: "silent", quiet=True):
        time.sleep(0.2)
    lines = capsys.readouterr().err.splitlines()
    names = [line.split()[0] for line in lines]
    assert names == sorted(names)  # inner, then outer
    assert set(names) == {"inner", "outer"}
    assert all(re.fullmatch(r"(inner|outer)  \(\d+ s so far\)", line) for line in lines)
    assert pulse.PULSE._thread is None
