import numpy as np
import pandas as pd
import pytest
import torch

from gruvy.data import Panel, Windows, times_of
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
