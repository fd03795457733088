"""What the report shows is what the forecaster computed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

from gruvy.report import write_report
from gruvy.tasks import Forecaster
from gruvy.tasks.forecasting.report import forecast_report, step_name

HORIZON, CONTEXT = 6, 24


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    steps = np.arange(600)
    noise = np.random.default_rng(0).normal(0, 0.3, (2, 600))
    load = 10 + 5 * np.sin(2 * np.pi * steps / 24) + noise
    load[0, 560] = np.nan
    times = pd.date_range("2024-01-01", periods=600, freq="h", tz="Europe/Berlin")
    shops = [pd.DataFrame({"shop": name, "time": times, "load": load[i]}) for i, name in enumerate("ab")]
    return pd.concat(shops, ignore_index=True)


@pytest.fixture(scope="module")
def models(frame: pd.DataFrame) -> dict[str, Forecaster]:
    # PyTorch's threads spin while they wait for each other: on a busy machine two are 50 times slower than one.
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    fitted = {
        cell: Forecaster(HORIZON, CONTEXT, cell=cell, hidden_size=8, max_epochs=2, random_state=0).fit(
            frame, target="load", time="time", series="shop"
        )
        for cell in ("gru", "lstm")
    }
    torch.set_num_threads(threads)
    return fitted


@pytest.fixture(scope="module")
def report(models, frame):
    return forecast_report(models, frame, unit="kW")


def test_rows_are_the_scores_with_the_baselines_once(report, models):
    names = [row.name for row in report.comparison.rows]
    assert names == ["gru", "lstm", "persistence", "seasonal naive", "linear autoregression"]
    assert [row.kind for row in report.comparison.rows] == ["model"] * 2 + ["baseline"] * 3
    for row, expected in zip(report.comparison.rows[:2], models.values(), strict=True):
        assert row["mae"] == expected.scores_[0]["mae"]
        assert row["parameters"] == expected.n_parameters_
        assert list(row["mae_by_step"]) == expected.scores_[0]["mae_by_step"]
    assert [row["mae"] for row in report.comparison.rows[2:]] == [row["mae"] for row in models["gru"].scores_[1:]]


def test_forecasts_lie_in_the_test_part_and_are_those_of_backtest(report, models, frame):
    test = models["gru"].backtest(frame, start=models["gru"].test_start_)
    first = [i for i, name in enumerate(test.series) if name == "a"]
    np.testing.assert_array_equal(report.stretch.median, test.median[first, :, 0].ravel())
    np.testing.assert_array_equal(report.stretch.lower, test.forecast[first, :, 0, 0].ravel())
    np.testing.assert_array_equal(report.stretch.upper, test.forecast[first, :, 0, -1].ravel())
    # backtest counts in UTC, the report shows the clock of the table: one hour later in Berlin's winter
    local = test.times[first].ravel() + np.timedelta64(1, "h")
    np.testing.assert_array_equal(report.stretch.times, local)
    assert report.stretch.times[0] >= models["gru"].test_start_.tz_localize(None).to_numpy()
    assert list(report.stretch.starts) == list(range(0, len(first) * HORIZON, HORIZON))


def test_samples_are_ranked_by_their_error_and_follow_their_history(report, frame):
    errors = [np.abs(sample.median - sample.truth).mean() for sample in report.samples]
    assert errors == sorted(errors)
    local = frame[frame["shop"] == "a"]
    truth = pd.Series(local["load"].to_numpy(), index=local["time"].dt.tz_localize(None))
    for sample in report.samples:
        assert sample.history_times[-1] + np.timedelta64(1, "h") == sample.times[0]
        np.testing.assert_array_equal(truth.loc[sample.history_times], sample.history)
        np.testing.assert_array_equal(truth.loc[sample.times], sample.truth)
        assert (sample.lower <= sample.median).all()
        assert (sample.median <= sample.upper).all()


def test_gates_belong_to_the_last_window(report, models, frame):
    gates = models["gru"].gates(frame)
    np.testing.assert_array_equal(report.gates.update, gates.update[-1])
    np.testing.assert_array_equal(report.gates.values, frame[frame["shop"] == "a"]["load"].to_numpy()[-CONTEXT:])


def test_words(report, models):
    assert report.title == "load, 6 hours ahead"
    assert report.time_zone == "Europe/Berlin"
    assert report.provenance["Seed"] == "0"
    assert report.provenance["Rows"] == "1,200, one per hour"
    assert "until 2024-01-21, measured" in report.description
    assert report.stretch.title == "The last 20 forecasts in a row of a"
    assert step_name(models["gru"]) == "hour"


def test_an_lstm_has_a_report_without_gates(models, frame, tmp_path):
    report = forecast_report({"LSTM": models["lstm"]}, frame)
    assert report.gates is None
    page = write_report(report, tmp_path / "lstm.html").read_text(encoding="utf-8")
    assert "Inside the" not in page
    assert "The LSTM is off by" in page


def test_steps_without_a_name_of_their_own():
    quarter = pd.DataFrame({"time": pd.date_range("2024", periods=300, freq="15min")})
    quarter["load"] = np.sin(np.arange(300) / 9)
    model = Forecaster(1, 8, hidden_size=4, max_epochs=1, random_state=0).fit(quarter, target="load", time="time")
    report = forecast_report({"GRU": model}, quarter)
    assert report.title == "load, 1 step ahead"
    assert report.provenance["Rows"] == "300, one per 15 minutes"
