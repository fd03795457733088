import os
import pickle
import signal
import subprocess
import sys
import textwrap

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.metrics import r2_score

import gruvy
from gruvy.errors import ArgumentError, DataError, InputNote
from gruvy.tasks import Forecaster


def fit(frame, params, **options):
    return Forecaster(**params).fit(frame, **{"target": "y", "time": "time", **options})


# ---- what it learns ----


def test_it_learns_what_the_baselines_cannot():
    # A wave that is turned over at random times, known ahead: only the product of wave and sign follows it.
    rng = np.random.default_rng(0)
    sign = np.where(rng.random(4000) < 0.15, -1.0, 1.0).cumprod()
    y = sign * np.sin(np.arange(4000) * 2 * np.pi / 10) + rng.normal(0, 0.05, 4000)
    frame = pd.DataFrame({"time": pd.date_range("2024", periods=4000, freq="h"), "y": y, "sign": sign})
    params = {"horizon": 4, "context_length": 12, "hidden_size": 24, "max_epochs": 12, "learning_rate": 0.02}
    params |= {"dropout": 0.0, "season_length": 10, "random_state": 0}
    model = fit(frame, params, known=["sign"])
    mae = {row["name"]: row["mae"] for row in model.scores_}
    assert mae["gru"] < 0.5 * min(mae["persistence"], mae["seasonal naive"], mae["linear autoregression"])
    assert model.score(frame) > 0.9


def test_the_quantiles_of_noise_are_calibrated(small):
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"time": pd.date_range("2024", periods=3000, freq="h"), "y": rng.normal(50, 4, 3000)})
    model = fit(frame, small | {"max_epochs": 8})
    row = model.scores_[0]
    assert row["coverage"] == pytest.approx(0.8, abs=0.05)
    # The mean pinball loss of the true quantiles of a normal distribution, by quadrature: 0.2498 standard deviations.
    assert row["pinball"] == pytest.approx(0.2498 * 4, rel=0.05)


@pytest.mark.parametrize("cell", ["gru", "lstm", "tanh"])
def test_every_cell_fits_and_predicts(hourly, small, cell):
    model = fit(hourly, small | {"cell": cell, "num_layers": 2})
    assert [row["name"] for row in model.scores_] == [cell, "persistence", "seasonal naive", "linear autoregression"]
    assert model.n_parameters_ == sum(weight.numel() for weight in model._model.network.parameters())
    assert np.isfinite(model.predict(hourly)["y"]).all()


# ---- what it gives ----


def test_predict_continues_the_table(fitted, hourly):
    table = fitted.predict(hourly, quantiles=[0.9, 0.1])
    assert list(table.columns) == ["time", "y", "y_q0.9", "y_q0.1"]
    assert (table["time"] == pd.date_range(hourly["time"].iloc[-1], periods=4, freq="h")[1:]).all()
    assert (table["y_q0.1"] < table["y"]).all()
    assert (table["y"] < table["y_q0.9"]).all()
    assert list(fitted.predict(hourly).columns) == ["time", "y"]


def test_predict_needs_no_more_than_the_context(fitted, hourly):
    pd.testing.assert_frame_equal(fitted.predict(hourly[-12:]), fitted.predict(hourly))


def test_backtest_is_what_predict_would_have_said(fitted, hourly):
    test = fitted.backtest(hourly, stride=5)
    assert test.truth.shape == (len(test.origins), 3, 1)
    assert test.forecast.shape == (len(test.origins), 3, 1, 3)
    for window in (0, 20, len(test.origins) - 1):
        past = hourly[hourly["time"] <= test.origins[window]]
        table = fitted.predict(pd.concat([past, hourly[:0]]), quantiles=[0.1, 0.9])
        if past["time"].iloc[-1] != test.origins[window]:
            continue
        np.testing.assert_array_equal(table["time"], test.times[window])
        np.testing.assert_allclose(table["y"], test.median[window, :, 0], rtol=1e-6)
        np.testing.assert_allclose(table[["y_q0.1", "y_q0.9"]], test.forecast[window, :, 0, [0, 2]].T, rtol=1e-6)
        truth = hourly.set_index("time")["y"].reindex(test.times[window])
        np.testing.assert_array_equal(truth, test.truth[window, :, 0])


def test_backtest_start_and_stride(fitted, hourly):
    test = fitted.backtest(hourly, start=fitted.test_start_)
    assert test.times[0, 0] == fitted.test_start_
    assert (np.diff(test.origins) == np.timedelta64(3, "h")).all()
    with pytest.raises(ArgumentError, match="stride: expected at least 1, got 0"):
        fitted.backtest(hourly, stride=0)
    with pytest.raises(DataError, match="no window of context_length"):
        fitted.backtest(hourly, start=pd.Timestamp("2030-01-01"))


def test_scores_are_those_of_the_held_out_windows(fitted, hourly):
    assert fitted.evaluate() is fitted.scores_
    assert fitted.evaluate(hourly, start=fitted.test_start_) == fitted.scores_
    test = fitted.backtest(hourly, stride=1, start=fitted.test_start_)
    error = np.abs(test.median - test.truth)
    assert fitted.scores_[0]["mae"] == pytest.approx(np.nanmean(error))
    assert fitted.scores_[0]["mae_by_step"] == pytest.approx(np.nanmean(error, axis=(0, 2)).tolist())
    last = hourly.set_index("time")["y"].asfreq("h").ffill().reindex(test.origins).to_numpy()
    assert fitted.scores_[1]["mae"] == pytest.approx(np.nanmean(np.abs(last[:, None, None] - test.truth)), rel=1e-5)


def test_score_is_the_r_squared_of_scikit_learn(fitted, hourly):
    test = fitted.backtest(hourly, stride=1)
    seen = ~np.isnan(test.truth)
    assert fitted.score(hourly) == pytest.approx(r2_score(test.truth[seen], test.median[seen]))


def test_gates(fitted, hourly, small):
    gates = fitted.gates(hourly)
    assert gates.times.equals(pd.DatetimeIndex(hourly["time"])[-12:])
    assert gates.reset.shape == gates.update.shape == (1, 12, 8)
    for gate in (gates.reset, gates.update):
        assert ((gate > 0) & (gate < 1)).all()
    # They are the gates of the forecast: the state that they lead to is the encoder's.
    table, origins = fitted._model.next_window(fitted._model.next_series(hourly))
    inputs = fitted._model.network.encoder_input(next(iter(table.windows(origins, 1))).context)
    encoder = fitted._model.network.encoder
    state = torch.zeros(8)
    with torch.no_grad():
        for step in range(12):
            _, _, n_x = (encoder.weight_ih_l0 @ inputs[step, 0] + encoder.bias_ih_l0).chunk(3)
            _, _, n_h = (encoder.weight_hh_l0 @ state + encoder.bias_hh_l0).chunk(3)
            reset, update = torch.from_numpy(gates.reset[0, step]), torch.from_numpy(gates.update[0, step])
            state = (1 - update) * torch.tanh(n_x + reset * n_h) + update * state
        torch.testing.assert_close(state, encoder(inputs)[1][0, 0], rtol=1e-4, atol=1e-5)


def test_gates_are_for_the_gru(hourly, small):
    model = fit(hourly, small | {"cell": "lstm", "max_epochs": 1})
    with pytest.raises(ArgumentError, match="gates: expected cell='gru', this model has cell='lstm'"):
        model.gates(hourly)


def test_several_series_targets_and_covariates(hourly, small, tmp_path):
    hotter = hourly.assign(y=hourly["y"] * 1000 + 5e6, z=-hourly["y"], place="B")
    frame = pd.concat([hourly.assign(z=hourly["y"] / 2, place="A"), hotter], ignore_index=True)
    model = fit(frame, small, target=["y", "z"], series="place", past=["a"], known=["k"])
    assert len(model.scores_) == 8
    assert list(model.feature_names_in_) == ["y", "z", "a", "k"]
    last = frame.groupby("place")["time"].max()
    future = pd.concat(
        pd.DataFrame({"place": place, "time": pd.date_range(end, periods=4, freq="h")[1:], "k": 0.0})
        for place, end in last.items()
    )
    whole = pd.concat([frame, future]).sort_values(["place", "time"])
    table = model.predict(whole, quantiles=[0.1])
    assert list(table.columns) == ["place", "time", "y", "y_q0.1", "z", "z_q0.1"]
    assert table["place"].tolist() == ["A"] * 3 + ["B"] * 3
    assert table.loc[table["place"] == "B", "y"].between(4.9e6, 5.1e6).all()
    pd.testing.assert_frame_equal(gruvy.load(model.save(tmp_path / "m.gruvy")).predict(whole, quantiles=[0.1]), table)
    # A series does not depend on the company that it is in.
    alone = model.predict(whole[whole["place"] == "B"])
    pd.testing.assert_frame_equal(alone, table.loc[3:, alone.columns].reset_index(drop=True))

    with pytest.warns(InputNote, match=r"series 'C': not in the table of the fit"):
        model.predict(whole.assign(place=whole["place"].replace("A", "C")))
    short = whole[(whole["place"] == "B") | (whole["time"] < whole["time"].max())]
    with pytest.warns(InputNote, match=r"left .* 'A': the forecast of 3 rows after .* needs k .* only 2 rows follow"):
        pd.testing.assert_frame_equal(model.predict(short, quantiles=[0.1]), table[3:].reset_index(drop=True))
    with pytest.raises(DataError, match="known covariate 'k' is missing in 3 of the 3 rows ahead"):
        model.predict(whole.assign(k=whole["k"].where(whole["y"].notna() | whole["a"].notna())))


@pytest.mark.parametrize(
    ("freq", "zone", "season"), [("MS", None, 12), ("B", None, 5), ("D", "Europe/Berlin", 7), ("15min", "UTC", 96)]
)
def test_calendar_steps_and_zones(freq, zone, season, small):
    times = pd.date_range("2000-01-03" if freq != "MS" else "1960-01-01", periods=600, freq=freq, tz=zone)
    frame = pd.DataFrame({"time": times, "y": np.sin(np.arange(600) * 2 * np.pi / season) + 3})
    model = fit(frame, small | {"context_length": 100, "max_epochs": 1})
    assert model.season_length_ == season
    table = model.predict(frame)
    assert (table["time"] == pd.date_range(times[-1], periods=4, freq=freq)[1:]).all()
    assert {row["name"]: row for row in model.scores_}["seasonal naive"]["mae"] < 1e-5


# ---- no leaks ----


def test_the_test_part_changes_neither_training_nor_earlier_forecasts(fitted, hourly, small):
    changed = hourly.copy()
    late = changed["time"] >= fitted.test_start_
    changed.loc[late, ["y", "a"]] = -1e6
    other = fit(changed, small, past=["a"])
    assert other.history_[-1]["validation_loss"] == fitted.history_[-1]["validation_loss"]
    np.testing.assert_array_equal(other._model.preparation.scaler.mean, fitted._model.preparation.scaler.mean)
    before = hourly[~late]
    pd.testing.assert_frame_equal(other.predict(before), fitted.predict(before))
    assert other._model.linear.coef.tobytes() == fitted._model.linear.coef.tobytes()


def test_scaling_and_weights_of_the_first_epoch_come_from_the_training_part(fitted, hourly, small):
    changed = hourly.copy()
    late = changed["time"] >= fitted.validation_start_
    changed.loc[late, ["y", "a"]] += 1e5
    one, other = (fit(frame, small | {"max_epochs": 1}, past=["a"]) for frame in (hourly, changed))
    scaler = other._model.preparation.scaler
    train = hourly[~late]
    np.testing.assert_allclose(scaler.mean[0], train[["y", "a"]].mean(), rtol=1e-12)
    np.testing.assert_allclose(scaler.std[0], train[["y", "a"]].std(ddof=0), rtol=1e-9)
    assert one.history_[0]["train_loss"] == other.history_[0]["train_loss"]
    assert one.history_[0]["validation_loss"] != other.history_[0]["validation_loss"]
    for mine, theirs in zip(one._model.network.parameters(), other._model.network.parameters(), strict=True):
        assert torch.equal(mine, theirs)


def test_a_forecast_does_not_see_what_comes_after_its_origin(fitted, hourly):
    test = fitted.backtest(hourly, stride=1)
    changed = hourly.copy()
    changed.loc[changed["time"] > test.origins[100], ["y", "a"]] = 1e4
    again = fitted.backtest(changed, stride=1)
    same = [again.origins.get_loc(origin) for origin in test.origins[:101]]
    np.testing.assert_array_equal(test.forecast[:101], again.forecast[same])


def test_the_parts_do_not_overlap(fitted, hourly):
    span = hourly["time"].iloc[-1] - hourly["time"].iloc[0]
    assert (fitted.test_start_ - hourly["time"].iloc[0]) / span == pytest.approx(0.8, abs=0.01)
    assert (fitted.validation_start_ - hourly["time"].iloc[0]) / span == pytest.approx(0.7, abs=0.01)


# ---- repeating, keeping, resuming ----


def test_a_seed_repeats_bit_for_bit(fitted, hourly, small):
    again = fit(hourly, small, past=["a"])
    assert again.predict(hourly).equals(fitted.predict(hourly))
    assert again.scores_ == fitted.scores_
    other = fit(hourly, small | {"random_state": 1}, past=["a"])
    assert not other.predict(hourly).equals(fitted.predict(hourly))


def test_the_order_of_covariates_and_extra_columns_does_not_matter(fitted, hourly):
    shuffled = hourly[["k", "a", "y", "time"]].assign(more="text")
    pd.testing.assert_frame_equal(fitted.predict(shuffled), fitted.predict(hourly))


def test_a_saved_model_gives_the_same(fitted, hourly, tmp_path):
    loaded = gruvy.load(fitted.save(tmp_path / "m.gruvy"))
    assert loaded.get_params() == fitted.get_params()
    pd.testing.assert_frame_equal(loaded.predict(hourly, quantiles=[0.1]), fitted.predict(hourly, quantiles=[0.1]))
    assert loaded.evaluate(hourly) == fitted.evaluate(hourly)
    np.testing.assert_array_equal(loaded.gates(hourly).update, fitted.gates(hourly).update)
    # Wall times stay as they were measured; everything that ends in _ is there.
    names = {name for name in vars(fitted) if name.endswith("_")}
    assert names == {name for name in vars(loaded) if name.endswith("_")}
    for name in names:
        assert np.array_equal(getattr(loaded, name), getattr(fitted, name)), name
    assert loaded.save(tmp_path / "again.gruvy").read_bytes() == (tmp_path / "m.gruvy").read_bytes()


def test_provenance(fitted, hourly):
    about = fitted.provenance_
    assert about["versions"]["torch"] == torch.__version__
    assert (about["seed"], about["rows"], about["step"]) == (0, len(hourly), "1 hour")
    assert about["time_span"] == [str(hourly["time"].iloc[0]), str(hourly["time"].iloc[-1])]
    assert about["threads"] == torch.get_num_threads()


_KILLED = """
    import sys
    import time
    import pandas as pd
    from gruvy import Forecaster

    params, table, folder = {params}, sys.argv[1], sys.argv[2]

    def progress(event):
        print(event.epoch, event.validation_loss is not None, flush=True)
        time.sleep(0.05)  # or the training would be over before it is killed

    Forecaster(**params).fit(pd.read_pickle(table), target="y", time="time", checkpoint=folder, progress=progress)
"""


def test_killed_and_resumed_ends_as_if_nothing_had_happened(hourly, small, tmp_path):
    params = small | {"max_epochs": 6, "dropout": 0.3}
    whole = fit(hourly, params)
    hourly.to_pickle(tmp_path / "table.pkl")
    script = tmp_path / "train.py"
    script.write_text(textwrap.dedent(_KILLED.format(params=params)))
    arguments = [sys.executable, str(script), str(tmp_path / "table.pkl"), str(tmp_path / "state")]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            if line.split() == ["3", "True"]:
                os.kill(process.pid, signal.SIGKILL)
                break
    assert process.returncode == -signal.SIGKILL

    epochs = []
    resumed = fit(
        hourly, params, checkpoint=tmp_path / "state", resume=True, progress=lambda event: epochs.append(event.epoch)
    )
    assert min(epochs) >= 3
    for name in ("train_loss", "validation_loss", "epoch"):
        assert [row[name] for row in resumed.history_] == [row[name] for row in whole.history_]
    assert resumed.scores_ == whole.scores_
    assert resumed.predict(hourly).equals(whole.predict(hourly))


def test_a_resume_with_other_parameters_or_data_is_refused(hourly, small, tmp_path):
    fit(hourly, small, checkpoint=tmp_path)
    with pytest.raises(ArgumentError, match=r"hidden_size was '8', now it is '9'; repeat the first call"):
        fit(hourly, small | {"hidden_size": 9}, checkpoint=tmp_path, resume=True)
    with pytest.raises(ArgumentError, match=r"data \(sha256\) was"):
        fit(hourly[:-1], small, checkpoint=tmp_path, resume=True)


def test_resume_needs_a_folder(hourly, small):
    with pytest.raises(ArgumentError, match="resume=True: expected checkpoint"):
        fit(hourly, small, resume=True)


# ---- what it refuses ----


def test_every_wrong_parameter_is_named(hourly):
    wrong = Forecaster(
        horizon=0,
        context_length=2.5,
        cell="gur",
        dropout=1,
        quantiles=(0.1, 1.5),
        season_length=-1,
        test_fraction=0.7,
        validation_fraction=0.4,
        learning_rate=0,
        patience=True,
        random_state="x",
    )
    with pytest.raises(ArgumentError) as caught:
        wrong.fit(hourly, target="y", time="time")
    text = str(caught.value)
    assert text.startswith("Forecaster: 10 problems")
    for part in (
        "horizon: expected None or an integer of at least 1, got 0",
        "context_length: expected None or an integer of at least 1, got 2.5",
        "patience: expected an integer of at least 1, got True",
        "cell: expected one of gru, lstm, tanh, got 'gur'; did you mean 'gru'?",
        "dropout: expected a number of at least 0 and below 1, got 1",
        "learning_rate: expected a number above 0, got 0",
        "test_fraction + validation_fraction: expected below 1",
        "quantiles: expected different numbers between 0 and 1",
        "season_length: expected None or an integer of at least 1, got -1",
        "random_state: expected None, an int",
    ):
        assert part in text


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"quantiles": (0.1, 0.1)}, "quantiles: expected different numbers between 0 and 1"),
        ({"quantiles": "median"}, "quantiles: expected different numbers between 0 and 1"),
        ({"quantiles": ()}, "quantiles: expected different numbers between 0 and 1"),
        ({"season_length": 13}, "season_length: expected at most context_length=12, got 13"),
        ({"test_fraction": 0}, "test_fraction: expected a number between 0 and 1, got 0"),
    ],
)
def test_wrong_values(hourly, small, params, message):
    with pytest.raises(ArgumentError, match=message):
        fit(hourly, small | params)


def test_too_few_rows(hourly, small, fitted):
    with pytest.raises(DataError) as caught:
        fit(hourly[:12], small)
    text = str(caught.value)
    assert "1. the training part has 9 rows in its longest series, expected at least context_length + horizon" in text
    assert "2. the validation part has 1 rows in its longest series, expected at least horizon = 3" in text
    assert "3. the test part has 2 rows in its longest series, expected at least horizon = 3; give more rows" in text
    with pytest.raises(DataError, match=r"expected at least context_length = 12 rows to look back on, got 11"):
        fitted.predict(hourly[-11:])
    with pytest.raises(
        DataError, match=r"no window of context_length \+ horizon = 12 \+ 3 rows; the longest series has 14"
    ):
        fitted.score(hourly[-14:])


def test_a_part_without_observations(hourly, small, fitted):
    with pytest.raises(DataError, match=r"the validation part has 40 rows, but no window with observed targets"):
        fit(hourly.assign(y=hourly["y"].where((hourly.index < 276) | (hourly.index > 320))), small)
    with pytest.raises(DataError, match="no target is observed in the last 12 rows; give newer observations"):
        fitted.predict(hourly.assign(y=hourly["y"].where(hourly.index < 300)))


def test_levels_that_were_not_trained(fitted, hourly):
    with pytest.raises(ArgumentError, match=r"fitted for \(0.1, 0.5, 0.9\), not for \[0.25\]"):
        fitted.predict(hourly, quantiles=[0.1, 0.25])


def test_another_step_than_that_of_the_fit(fitted, hourly):
    with pytest.raises(DataError, match="steps are 1 hour, but 2024-01-01 00:30:00 is off that grid"):
        fitted.predict(hourly.assign(time=pd.date_range("2024-01-01", periods=len(hourly), freq="30min")))


# ---- scikit-learn ----


def test_the_estimator_contract(hourly, small):
    model = Forecaster(**small)
    copy = clone(model.set_params(hidden_size=9))
    assert copy.get_params() == model.get_params()
    assert copy.hidden_size == 9
    for method in ("predict", "score", "evaluate", "backtest", "gates"):
        with pytest.raises(NotFittedError):
            getattr(model, method)(hourly)
    with pytest.raises(NotFittedError):
        model.save("nowhere.gruvy")


def test_a_fit_adds_fitted_attributes_only_and_leaves_the_table_alone(hourly, small):
    before = hourly.copy()
    model = Forecaster(**small)
    params = model.get_params()
    assert model.fit(hourly, target="y", time="time") is model
    assert model.get_params() == params
    assert all(name.endswith("_") or name.startswith("_") for name in vars(model).keys() - params.keys())
    pd.testing.assert_frame_equal(hourly, before)


def test_a_second_fit_forgets_the_first(fitted, hourly, small):
    model = fit(hourly[:300], small)
    model.fit(hourly, target="y", time="time", past=["a"])
    assert model.predict(hourly).equals(fitted.predict(hourly))


def test_a_fitted_model_can_be_pickled(fitted, hourly):
    assert pickle.loads(pickle.dumps(fitted)).predict(hourly).equals(fitted.predict(hourly))


def test_global_state_is_left_alone(hourly, small, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    torch.manual_seed(5)
    np.random.seed(5)  # noqa: NPY002 (the legacy generator is the global one)
    before = torch.get_rng_state(), np.random.get_state()[1].tolist(), torch.get_num_threads()  # noqa: NPY002
    fit(hourly, small | {"max_epochs": 1})
    after = torch.get_rng_state(), np.random.get_state()[1].tolist(), torch.get_num_threads()  # noqa: NPY002
    assert torch.equal(before[0], after[0])
    assert before[1:] == after[1:]
    assert capfd.readouterr() == ("", "")
    assert list(tmp_path.iterdir()) == []
