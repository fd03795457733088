import copy
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

import gruvy
from gruvy import files
from gruvy.data import Panel, Windows, times_of
from gruvy.errors import InputNote
from gruvy.tasks.forecasting.baselines import LinearAutoregression, natural_season, persistence, seasonal_naive
from gruvy.tasks.forecasting.data import PreparedTable
from gruvy.timeseries import Columns, Preparation, Scaler, Series, Step


def windows(values, context, horizon, batch_size=16, split=None):
    values = torch.as_tensor(values, dtype=torch.float32)
    filled = torch.tensor(pd.DataFrame(values.numpy()).ffill().to_numpy())
    panel = Panel(filled, values[:, :0], values, np.array([0, len(values)]))
    origins = panel.origins(np.array([0]), np.array([len(values)]), context, horizon)
    if split is not None:
        origins = origins[: len(origins) // 2] if split == 0 else origins[len(origins) // 2 :]
    return Windows(panel, origins, context=context, horizon=horizon, batch_size=batch_size)


def test_persistence_and_seasonal_naive():
    values = np.arange(30.0)[:, None] * 1e200
    series = Series("s", times_of(pd.date_range("2024", periods=30)), values)
    fit = Preparation(Columns(("y",), "t"), Step("1D"), (), (), Scaler.of([values]), ("s",))
    table = PreparedTable([series], fit, context=10, horizon=7)
    origins = torch.tensor([10, 12])
    assert (persistence(table, origins)[:, 0, 0] == 9e200).all()
    assert (seasonal_naive(table, origins, 3)[:, 0, 0] == np.array([7, 8, 9, 7, 8, 9, 7]) * 1e200).all()
    assert (seasonal_naive(table, origins, 10)[:, 1, 0] == np.array([2, 3, 4, 5, 6, 7, 8]) * 1e200).all()
    np.testing.assert_array_equal(seasonal_naive(table, origins, 1), persistence(table, origins))


@pytest.mark.parametrize(
    ("freq", "context", "season"),
    [
        ("3600s", 168, 24),
        ("600s", 168, 144),
        ("60s", 168, 1),
        ("1D", 28, 7),
        ("B", 20, 5),
        ("7D", 60, 52),
        ("1MS", 24, 12),
        ("3ME", 8, 4),
        ("12MS", 8, 1),
        ("3600s", 20, 1),
    ],
)
def test_natural_season(freq, context, season):
    assert natural_season(Step(freq), context) == season


def test_linear_autoregression_finds_a_linear_process():
    rng = np.random.default_rng(0)
    y = np.zeros(3000)
    for t in range(2, 3000):
        y[t] = 1.6 * y[t - 1] - 0.8 * y[t - 2] + 0.1 * rng.normal()
    y[500:503] = np.nan
    model = LinearAutoregression.fit(windows(y[:, None], 4, 2, split=0), windows(y[:, None], 4, 2, split=1))
    test = next(iter(windows(y[:, None], 4, 2, batch_size=9999)))
    error = (model.forecast(test) - test.truth)[..., 0].square().nanmean(dim=1).sqrt()
    # The best possible errors of this process one and two steps ahead.
    np.testing.assert_allclose(error, [0.1, 0.1 * np.sqrt(1 + 1.6**2)], rtol=0.1)


def test_linear_autoregression_chooses_lags_and_penalty_on_the_validation_windows():
    rng = np.random.default_rng(0)
    walk = rng.normal(size=(600, 1)).cumsum(axis=0)
    strict = LinearAutoregression.fit(windows(walk[:160], 40, 2), windows(walk[160:], 40, 2))
    repeated = np.tile(rng.normal(size=(40, 1)), (20, 1))  # only the value 40 steps ago tells the next one
    free = LinearAutoregression.fit(windows(repeated[:400], 40, 2), windows(repeated[400:], 40, 2))
    assert strict.lags == 10
    assert free.lags == 40
    assert free.penalty < strict.penalty


@pytest.fixture(scope="module")
def jumped():
    """A forecaster of a series that is constant in the training part, and one whose columns differ by orders."""
    hours = pd.date_range("2024", periods=300, freq="h")
    wave = np.sin(np.arange(300) / 4)
    frame = pd.DataFrame({"t": hours, "y": np.where(np.arange(300) < 210, 5.0, 100 + wave)})
    noise = np.random.default_rng(0).normal(size=(300, 2))
    other = pd.DataFrame({"t": hours, "y": 50 + 10 * wave + noise[:, 0], "x": 1e6 * noise[:, 1]})
    params = {"horizon": 4, "context_length": 12, "hidden_size": 4, "max_epochs": 1, "random_state": 0}
    with pytest.warns(InputNote, match="constant or hardly there"):
        constant = gruvy.Forecaster(**params).fit(frame, target="y", time="t")
    return (frame, constant), (other, gruvy.Forecaster(**params).fit(other, target="y", time="t", past="x"))


def errors_of(model, frame):
    return {row["name"]: row["mae"] for row in model.evaluate(frame, start=model.test_start_) if row["name"] != "gru"}


def test_baselines_know_a_level_that_the_training_part_did_not_show(jumped):
    frame, model = jumped[0]
    y = frame["y"].to_numpy()
    origins = np.arange(240, 297)
    persistent = np.abs(y[origins[:, None] + np.arange(4)] - y[origins - 1][:, None]).mean()
    for name, error in errors_of(model, frame).items():
        assert error == pytest.approx(persistent, rel=1e-6), name


def test_baselines_do_not_read_the_scaling_of_the_network(jumped):
    frame, model = jumped[1]
    scaler = model._model.preparation.scaler
    spoilt = copy.copy(model)
    preparation = replace(model._model.preparation, scaler=Scaler(scaler.mean + 1e3, 7 * scaler.std))
    spoilt._model = replace(model._model, preparation=preparation)
    assert errors_of(spoilt, frame) == errors_of(model, frame)


def test_the_linear_baseline_is_the_same_in_every_unit(jumped):
    frame, model = jumped[1]
    same = gruvy.Forecaster(**model.get_params()).fit(
        frame.assign(y=frame["y"] * 2.0**20), target="y", time="t", past="x"
    )
    assert errors_of(same, frame.assign(y=frame["y"] * 2.0**20)) == pytest.approx(
        {name: error * 2.0**20 for name, error in errors_of(model, frame).items()}, rel=1e-9
    )


def test_a_file_without_the_statistics_of_the_linear_baseline(jumped, tmp_path):
    frame, model = jumped[1]
    tensors, document = files.read(model.save(tmp_path / "new.gruvy"))
    older = {name: array for name, array in tensors.items() if name not in ("linear/mean", "linear/std")}
    loaded = gruvy.load(files.write(tmp_path / "old.gruvy", older, document))
    assert loaded.predict(frame).equals(model.predict(frame))
    assert errors_of(loaded, frame) == pytest.approx(errors_of(model, frame), rel=1e-5)
