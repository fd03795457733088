import numpy as np
import pytest
from sklearn.metrics import mean_pinball_loss, r2_score

from gruvy.tasks.forecasting.scores import r_squared, score_row

RNG = np.random.default_rng(0)
TRUTH, POINT = RNG.normal(size=(4, 30)), RNG.normal(size=(4, 30))


def test_a_point_forecast():
    row = score_row("persistence", "y", TRUTH, POINT, None, (0.5,))
    error = POINT - TRUTH
    assert (row["name"], row["target"]) == ("persistence", "y")
    assert row["mae"] == pytest.approx(np.abs(error).mean())
    assert row["rmse"] == pytest.approx(np.sqrt((error**2).mean()))
    assert row["mae_by_step"] == pytest.approx(np.abs(error).mean(axis=1).tolist())
    assert row["pinball"] is None
    assert row["coverage"] is None


def test_quantiles():
    levels = (0.1, 0.5, 0.9)
    forecast = np.stack([POINT - 1, POINT, POINT + 0.5], axis=-1)
    row = score_row("gru", "y", TRUTH, POINT, forecast, levels)
    losses = [mean_pinball_loss(TRUTH.ravel(), forecast[..., q].ravel(), alpha=level) for q, level in enumerate(levels)]
    assert row["pinball"] == pytest.approx(np.mean(losses))
    assert row["coverage"] == ((TRUTH >= POINT - 1) & (TRUTH <= POINT + 0.5)).mean()


def test_missing_truths_are_left_out():
    truth = TRUTH.copy()
    truth[2] = np.nan
    truth[0, :10] = np.nan
    forecast = np.stack([POINT - 1, POINT + 1], axis=-1)
    row = score_row("gru", "y", truth, POINT, forecast, (0.1, 0.9))
    seen = ~np.isnan(truth)
    assert row["mae"] == pytest.approx(np.abs(POINT - truth)[seen].mean())
    assert row["mae_by_step"][2] is None
    assert row["coverage"] == (np.abs(POINT - truth) <= 1)[seen].mean()


def test_r_squared_is_that_of_scikit_learn():
    truth, point = RNG.normal(size=(4, 30, 2)), RNG.normal(size=(4, 30, 2))
    assert r_squared(truth, point) == pytest.approx(r2_score(truth.reshape(-1, 2), point.reshape(-1, 2)))
    assert r_squared(truth, truth) == 1
    constant = np.ones((4, 30, 1))
    assert r_squared(constant, constant) == 1
    assert r_squared(constant, constant + 1) == 0
