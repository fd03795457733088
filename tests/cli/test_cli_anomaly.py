"""``gruvy fit anomaly``, and predict and evaluate with what it wrote."""

from __future__ import annotations

import io
import json

import numpy as np
import pandas as pd
import pytest

import gruvy as package

SMALL = ["--time", "time", "--context", "12", "--horizon", "2", "--hidden-size", "4", "--epochs", "2"]
SMALL += ["--false-alarm-rate", "0.02"]


@pytest.fixture(scope="module")
def normal() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    wave = np.sin(np.arange(400) * 2 * np.pi / 24)
    return pd.DataFrame(
        {
            "time": pd.date_range("2024-01-01", periods=400, freq="h"),
            "load": (10 + 5 * wave + rng.normal(0, 0.3, 400)).round(3),
            "wind": rng.normal(size=400).round(3),
        }
    )


@pytest.fixture(scope="module")
def detector(gruvy, normal, tmp_path_factory):
    folder = tmp_path_factory.mktemp("anomaly")
    normal.to_csv(folder / "normal.csv", index=False)
    arguments = ("--out", folder / "d.gruvy", "--report", folder / "r.html")
    outcome = gruvy("fit", "anomaly", folder / "normal.csv", *SMALL, *arguments)
    assert outcome.code == 0, outcome.err
    return folder, outcome


def test_fit_writes_model_and_report(detector):
    folder, outcome = detector
    assert outcome.err.count("GRU: epoch") == 2
    for text in ("Watches load, wind", "squared error of the forecasts", "d.gruvy", "r.html"):
        assert text in outcome.out
    assert package.load(folder / "d.gruvy").false_alarm_rate == 0.02
    assert "Anomalies in load, wind" in (folder / "r.html").read_text(encoding="utf-8")


def test_predict_gives_the_scores_of_every_row(gruvy, detector, normal, tmp_path):
    folder, _ = detector
    outcome = gruvy("predict", folder / "d.gruvy", folder / "normal.csv")
    printed = pd.read_csv(io.StringIO(outcome.out))
    expected = package.load(folder / "d.gruvy").detect(normal)
    np.testing.assert_allclose(printed["score"], expected["score"])
    assert list(printed.columns) == ["time", "score", "anomaly", "event"]
    note, written = gruvy("predict", folder / "d.gruvy", folder / "normal.csv", "--out", tmp_path / "s.csv").err.split(
        "\n", maxsplit=1
    )
    assert note.startswith("gruvy: note: the first 12 rows have no score")
    assert written.startswith("Predictions:")


def test_evaluate_needs_labels(gruvy, detector, normal, tmp_path):
    folder, _ = detector
    faulty = normal.assign(fault=0)
    faulty.loc[200:203, ["load", "fault"]] = [60.0, 1]
    faulty.to_csv(tmp_path / "f.csv", index=False)
    outcome = gruvy("evaluate", folder / "d.gruvy", tmp_path / "f.csv", "--labels", "fault", "--json")
    assert json.loads(outcome.out)["scores"]["recall"] == 1
    shown = gruvy("evaluate", folder / "d.gruvy", tmp_path / "f.csv", "--labels", "fault").out
    assert shown.startswith("1 of 1 labelled events detected, ")
    assert "normal rows (" in shown
    assert "recall" in shown
    report = tmp_path / "report.html"
    shown = gruvy("evaluate", folder / "d.gruvy", tmp_path / "f.csv", "--labels", "fault", "--report", report).out
    assert f"Report: {report}" in shown
    assert "1 of 1 labelled events were found" in report.read_text(encoding="utf-8")
    assert "1.0000" in shown
    outcome = gruvy("evaluate", folder / "d.gruvy", tmp_path / "f.csv")
    assert (outcome.code, outcome.err.count("\n")) == (2, 1)
    assert "--labels: expected the column" in outcome.err


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda f: f.assign(load=f["load"].where(f.index != 7)), "column 'load': expected finite numbers in every row"),
        (lambda f: f.assign(wind=1.0), "column 'wind' is constant (1) in the training part"),
        (lambda f: f[:50], "too few rows"),
        (
            lambda f: f.assign(load=f["load"].astype(object).where(f.index != 7, "high")),
            "column 'load': expected numbers, got 'high'",
        ),
        (lambda f: f.drop(columns="time"), "no column 'time' (time)"),
        (lambda f: f[["time"]], "expected at least one column of numbers beside the time"),
    ],
)
def test_a_mistake_is_one_line(gruvy, normal, tmp_path, change, complaint):
    change(normal).to_csv(tmp_path / "wrong.csv", index=False)
    outcome = gruvy("fit", "anomaly", tmp_path / "wrong.csv", *SMALL, "--out", tmp_path / "m.gruvy")
    assert outcome.code == 2
    assert complaint in outcome.err
    assert outcome.err.count("\n") == 1
    assert not (tmp_path / "m.gruvy").exists()
