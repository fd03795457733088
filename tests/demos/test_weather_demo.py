"""The weather demo from end to end, with tiny networks and one epoch."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import gruvy
from gruvy.demos import weather
from gruvy.tasks.forecasting import boosted


@pytest.fixture(scope="module")
def demo(run_demo):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(weather, "HIDDEN_SIZE", 8)
        patch.setattr(boosted, "_ROUNDS", 15)
        return run_demo("weather", trained=["GRU", "LSTM", "tanh RNN"], max_epochs=1, batch_size=512)


def test_the_three_models_have_equal_sizes(demo):
    _, result = demo
    parameters = [row["parameters"] for row in result.results["rows"] if row["kind"] == "model"]
    assert len(parameters) == 3
    assert max(parameters) / min(parameters) < 1.05


def test_it_measures_against_the_known_persistence(demo):
    """The figure of the data's card: 6.45 F at 24 hours, on about the same last 20%."""
    _, result = demo
    persistence = next(row for row in result.results["rows"] if row["name"] == "persistence")
    assert persistence["mae_by_step"][23] == pytest.approx(6.45, abs=0.1)
    assert persistence["mae_by_step"][0] == pytest.approx(1.13, abs=0.02)


def test_trees_and_bands_are_measured_on_the_test_part(demo):
    _, result = demo
    trees = next(row for row in result.results["rows"] if row["name"] == "gradient-boosted trees")
    persistence = next(row for row in result.results["rows"] if row["name"] == "persistence")
    assert trees["mae"] < 0.95 * persistence["mae"]
    share = result.results["share of the truths in the GRU's band"]
    gru = result.results["rows"][0]
    assert share["validation part"] == pytest.approx(gru["coverage"], abs=1e-6)
    assert 0.75 < share["last four weeks"] < 0.85


def test_the_wind_goes_where_it_does_not_come_from():
    wind = pd.DataFrame({"wind_dir": [0.0, 90.0, 225.0, np.nan], "wind_speed": [10.0, 10.0, 10.0, 0.0]})
    found = weather.with_wind(wind)
    np.testing.assert_allclose(found["wind_east"], [0, -10, 10 / np.sqrt(2), np.nan], atol=1e-12)
    np.testing.assert_allclose(found["wind_north"], [-10, 0, 10 / np.sqrt(2), np.nan], atol=1e-12)


def test_quick_trains_the_gru_alone(run_demo):
    _, outcome = run_demo("weather", trained=["GRU"], budget="quick", max_epochs=1, batch_size=512)
    assert outcome.learnt
    names = [row["name"] for row in outcome.results["rows"]]
    assert names == ["GRU", "persistence", "seasonal naive", "linear autoregression"]


def test_report_and_models_belong_together(demo):
    folder, outcome = demo
    assert outcome.results["headline"].removesuffix(".") in outcome.report_path.read_text(encoding="utf-8")
    for cell, row in zip(("", "-lstm", "-tanh"), outcome.results["rows"], strict=False):
        assert gruvy.load(folder / f"weather{cell}.gruvy").n_parameters_ == row["parameters"]
