"""The examples of the estimators' pages run as shown."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from gruvy.errors import InputNote
from gruvy.music import read_midi

DOCS = Path(__file__).parent.parent / "docs"


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run the Python blocks of a page one after another and return the names that they leave."""
    monkeypatch.chdir(tmp_path)

    def run_page(page):
        names: dict[str, object] = {}
        blocks = re.findall(r"```python\n(.*?)```", (DOCS / page).read_text(encoding="utf-8"), re.DOTALL)
        assert blocks
        for block in blocks:
            exec(compile(block, page, "exec"), names)
        return names

    return run_page


def test_anomaly(run):
    names = run("anomaly.md")
    found = names["found"]
    assert found["start"].between(180, 189).any()
    assert found.loc[found["score"].idxmax(), "start"] == 180
    np.testing.assert_allclose(names["scores"], names["detector"].detect(names["new"])["score"], rtol=1e-4)


def test_forecasting(run):
    names = run("forecasting.md")
    forecast = names["model"].predict(names["frame"], quantiles=[0.1, 0.9])
    assert list(forecast) == ["time", "load", "load_q0.1", "load_q0.9"]
    assert names["tested"].forecast.shape[1:] == (12, 1, 3)


def test_reports(run, capsys):
    errors = run("reports.md")["errors"]
    assert errors.model.name == "GRU"
    assert capsys.readouterr().out.strip() in (DOCS / "reports.md").read_text(encoding="utf-8")


def test_time(run):
    names = run("time.md")
    found = names["model"].predict(names["table"])
    assert found["day,hour"].tolist() == ["30.01.2024 09:00", "30.01.2024 10:00"]


def test_music(run):
    names = run("music.md")
    own, markov, frequencies = names["scores"]
    assert own["nll"] < markov["nll"] < frequencies["nll"]
    tune, X = names["tune"], names["X"]
    assert tune.shape == (68, 88)
    np.testing.assert_array_equal(tune[:4], X[30][:4])
    heard = read_midi("tune.mid")
    np.testing.assert_array_equal(heard, tune[: len(heard)])
    assert [len(one) for one in names["likely"]] == [32] * 10


def test_tagging(run):
    names = run("tagging.md")
    model, strings, labels = (names[name] for name in ("model", "strings", "labels"))
    assert model.score(strings[60:], labels[60:]) > 0.9


def test_regression(run):
    found = run("regression.md")
    assert found["model"].predict(found["runs"][:5]).shape == (5,)
    assert found["reader"].attention


def test_tables(run):
    with pytest.warns(InputNote, match="semicolons between fields; decimal commas"):
        frame = run("data.md")["frame"]
    assert frame["shop"].tolist() == ["007", "012"]
    assert frame["units"].tolist() == [1234.5, 987.0]
    assert frame["day"].dt.strftime("%Y-%m-%d").tolist() == ["2024-12-31", "2025-01-01"]


def test_training(run):
    names = run("training.md")
    first, model = names["first"], names["model"]
    assert names["parent"]["file"] == "first.gruvy"
    assert names["parent"]["date"] == first.provenance_["date"]
    assert model.history_[-1]["validation_loss"] < 1.01 * names["parent"]["validation_loss"]
    assert len(names["quick"].history_) == names["epochs"] == 3


def test_layer(run):
    names = run("layer.md")
    assert names["outputs"].shape == (5, 10, 4, 8)
    assert (names["weights"].layers[0][0].weight_hh == 0).mean() == pytest.approx(0.5)
