import numpy as np
import pandas as pd
import pytest

import gruvy
from gruvy import runtime
from gruvy.errors import ArgumentError, DataError, InputNote
from gruvy.tasks import Forecaster
from gruvy.tasks.forecasting.data import PreparedTable, learn_preparation
from gruvy.tasks.forecasting.split import split_series
from gruvy.timeseries import Columns, Series, Step, Times

PARAMS = {"horizon": 2, "context_length": 6, "hidden_size": 8, "max_epochs": 6, "learning_rate": 0.02}
PARAMS |= {"batch_size": 16, "dropout": 0.0, "split": "series", "validation_fraction": 0.2, "random_state": 0}


def waves(names, seed=0, rows=40):
    """Waves of one period, each with its own phase and level."""
    rng = np.random.default_rng(seed)
    times = pd.date_range("2024", periods=rows, freq="h")
    return pd.concat(
        pd.DataFrame({"name": name, "time": times, "y": rng.normal() + np.sin(np.arange(rows) + rng.uniform(0, 6))})
        for name in names
    ).reset_index(drop=True)


@pytest.fixture(scope="module")
def table():
    return waves([f"w{number}" for number in range(20)])


@pytest.fixture(scope="module")
def fitted(table):
    return Forecaster(**PARAMS).fit(table, target="y", time="time", series="name")


@pytest.mark.parametrize("by", ["time", "series"])
def test_no_truth_is_in_two_parts(by):
    rng = np.random.default_rng(0)
    starts = np.datetime64("2024-01-01") + np.arange(10) * np.timedelta64(3, "h")
    made = [
        Series(number, Times(start + np.arange(60) * np.timedelta64(1, "h")), rng.normal(size=(60, 1)))
        for number, start in enumerate(starts)
    ]
    columns = Columns(("y",), "time", "name", (), ())
    split = split_series(by, made, 0.2, 0.2)
    preparation = learn_preparation(split.training_part(made), columns, Step("3600s"), shared=by == "series", context=5)
    table = PreparedTable(made, preparation, context=5, horizon=3)
    # By time the parts must differ in time, for all series together; by series in series.
    place = {
        "time": lambda row: made[0].times.utc[0] + np.timedelta64(int(row % 60 + 3 * (row // 60)), "h"),
        "series": lambda row: row // 60,
    }[by]
    truths = [{place(row + step) for row in part.tolist() for step in range(3)} for part in split.origins(table)]
    assert all(truths)
    assert not truths[0] & truths[1]
    assert not truths[0] & truths[2]
    assert not truths[1] & truths[2]
    if by == "series":  # contexts too
        contexts = [
            {place(row - step) for row in part.tolist() for step in range(1, 6)} for part in split.origins(table)
        ]
        assert contexts == [set(range(6)), {6, 7}, {8, 9}]


def test_the_last_series_are_held_out_and_statistics_come_from_the_first(fitted, table):
    assert fitted.test_series_ == [f"w{number}" for number in range(16, 20)]
    assert fitted.validation_series_ == [f"w{number}" for number in range(12, 16)]
    assert fitted.test_start_ is None
    first = table.query("name in ['w0','w1','w2','w3','w4','w5','w6','w7','w8','w9','w10','w11']")["y"]
    assert fitted._model.preparation.scaler.mean[:, 0] == pytest.approx(first.mean())
    held_out = table[table["name"].isin(fitted.test_series_)]
    assert fitted.evaluate(held_out) == fitted.scores_


def test_what_is_held_out_changes_no_weight(fitted, table):
    changed = table.copy()
    changed.loc[changed["name"].isin(fitted.test_series_), "y"] *= -3
    other = Forecaster(**PARAMS).fit(changed, target="y", time="time", series="name")
    first = table[table["name"] == "w0"]
    pd.testing.assert_frame_equal(fitted.predict(first), other.predict(first))
    assert fitted.scores_ != other.scores_


def test_series_that_the_fit_has_not_seen_are_forecast_well(fitted):
    new = waves(["other", "another"], seed=1)
    known, coming = new.groupby("name").head(38), new.groupby("name").tail(2)
    forecast = fitted.predict(known)
    assert list(forecast["name"]) == ["other", "other", "another", "another"]
    error = np.abs(forecast["y"].to_numpy() - coming["y"].to_numpy()).mean()
    last = np.repeat(known.groupby("name", sort=False)["y"].last().to_numpy(), 2)
    assert error < 0.5 * np.abs(last - coming["y"].to_numpy()).mean()


def test_it_is_the_same_from_a_file_with_torch_and_without(fitted, tmp_path):
    new = waves(["other"], seed=1)
    path = fitted.save(tmp_path / "waves.gruvy")
    again = gruvy.load(path)
    assert (again.test_series_, again.validation_series_) == (fitted.test_series_, fitted.validation_series_)
    assert again.test_start_ is None
    pd.testing.assert_frame_equal(again.predict(new), fitted.predict(new))
    columns = {name: new[name].to_numpy() for name in new}
    np.testing.assert_allclose(runtime.load(path).predict(columns)["y"], fitted.predict(new)["y"], rtol=1e-5)


def test_wrong_inputs_are_answered_by_one_line(table):
    with pytest.raises(ArgumentError, match=r"split: expected one of time, series, got 'row'"):
        Forecaster(**PARAMS | {"split": "row"}).fit(table, target="y", time="time", series="name")
    with pytest.raises(ArgumentError, match="split='series': expected series, the column that tells them apart"):
        Forecaster(**PARAMS).fit(table[table["name"] == "w0"], target="y", time="time")
    with pytest.raises(DataError, match="expected enough series for three parts, got 2"):
        Forecaster(**PARAMS).fit(table[:80], target="y", time="time", series="name")
    short = pd.concat([table[:-5], waves(["short"], rows=4)])
    with (
        pytest.warns(InputNote, match="series 'short': fewer than context_length = 6 rows"),
        pytest.raises(DataError, match="no series of the test part has a window"),
    ):
        Forecaster(**PARAMS | {"test_fraction": 0.05}).fit(short, target="y", time="time", series="name")


def test_a_baseline_can_be_backtested(fitted, table):
    test = fitted.backtest(table, stride=1, baseline="persistence")
    assert test.quantiles == (0.5,)
    last = table.set_index(["name", "time"])["y"].loc[list(zip(test.series, test.origins, strict=True))]
    np.testing.assert_allclose(test.median[:, :, 0], np.repeat(last.to_numpy()[:, None], 2, axis=1), rtol=1e-5)
    linear = fitted.backtest(table[table["name"].isin(fitted.test_series_)], stride=1, baseline="linear autoregression")
    row = next(one for one in fitted.scores_ if one["name"] == "linear autoregression")
    assert np.abs(linear.median - linear.truth).mean() == pytest.approx(row["mae"], rel=1e-5)
    with pytest.raises(ArgumentError, match="baseline: expected one of persistence, seasonal naive, linear"):
        fitted.backtest(table, baseline="magic")
