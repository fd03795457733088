"""The stocks demo from end to end, with small networks and two epochs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import gruvy
from gruvy.datasets import load_stocks
from gruvy.demos import stocks


@pytest.fixture(scope="module")
def demo(run_demo):
    return run_demo("stocks", trained=["GRU (volatility)", "GRU (return)"], max_epochs=2, hidden_size=16)


def test_even_so_the_volatility_beats_the_rolling_estimate(demo):
    _, result = demo
    by_name = {row["name"]: row for row in result.results["volatility"]}
    gru, rolling = by_name["GRU"], by_name["20-day rolling"]
    assert gru["qlike"] < rolling["qlike"]
    assert gru["mae"] < rolling["mae"]
    low, high = gru["qlike against 20-day rolling"]
    assert low < gru["qlike"] - rolling["qlike"] < high
    assert "Volatility: the GRU " in result.results["volatility in words"]


def test_baselines_are_measured_on_the_same_days(demo):
    _, result = demo
    table = stocks.daily_table(load_stocks())
    returns = stocks.by_day(table, "return")
    first = pd.Timestamp(result.results["test part"][0])
    late = returns[returns.index >= first]
    assert 0.19 < len(late) / len(returns) < 0.21
    rolling = (returns**2).rolling(20).mean().shift(1).loc[first:]
    expected = (np.log(rolling) + late**2 / rolling).to_numpy().mean()
    row = next(row for row in result.results["volatility"] if row["name"] == "20-day rolling")
    assert row["qlike"] == pytest.approx(expected)
    assert result.results["returns"]["mae of a random walk"] == pytest.approx(late.abs().to_numpy().mean())


def test_an_edge_is_found_where_there_is_one_and_not_where_there_is_none():
    rng = np.random.default_rng(0)
    days = pd.date_range("2000", periods=2000, freq="B")
    returns = pd.DataFrame(rng.normal(size=(2000, 3)), index=days)
    guess = pd.DataFrame(rng.normal(size=(2000, 3)), index=days)
    nothing = stocks.edge_of(0.01 * guess, returns, 1000)
    assert not nothing["edge"]
    assert nothing["sentence"].startswith("Returns: there is no edge.")
    some = stocks.edge_of(0.2 * returns + 0.2 * guess, returns, 1000)
    assert some["edge"]
    assert some["hit rate"] == pytest.approx(0.75, abs=0.02)  # the sign of a + b is that of a with 3/4
    low, high = some["difference of the hit rates"]
    assert 0 < low < some["hit rate"] - some["hit rate of the majority direction"] < high


def test_report_and_models_belong_together(demo):
    folder, outcome = demo
    page = outcome.report_path.read_text(encoding="utf-8")
    assert outcome.results["returns"]["sentence"].split(";")[0] in page
    assert gruvy.load(folder / "stocks-return.gruvy").horizon == 1
    volatility = gruvy.load(outcome.model_path)
    assert str(volatility.test_start_.date()) == outcome.results["test part"][0]
    assert outcome.learnt
