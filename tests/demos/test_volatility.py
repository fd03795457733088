"""The baselines of the stocks demo, against simulations and their definitions."""

from __future__ import annotations

import numpy as np
import pytest

from gruvy.demos import volatility


@pytest.fixture(scope="module")
def simulated():
    """Squared returns of a GARCH(1,1) with a = 0.1, b = 0.85 and a long-run variance of 4, and its variances."""
    rng = np.random.default_rng(0)
    variance, squared = np.full(6000, 4.0), np.zeros(6000)
    for t in range(6000):
        if t:
            variance[t] = 0.05 * 4 + 0.1 * squared[t - 1] + 0.85 * variance[t - 1]
        squared[t] = variance[t] * rng.normal() ** 2
    return squared, variance


def test_garch_finds_the_variances_of_its_own_kind(simulated):
    squared, variance = simulated
    found = volatility.garch(squared, 5000)
    assert np.abs(np.log(found[5000:] / variance[5000:])).mean() < 0.1
    others = (volatility.rolling(squared), volatility.exponential(squared))
    best = volatility.qlike(squared[5000:], found[5000:])
    assert all(best < volatility.qlike(squared[5000:], other[5000:]) for other in others)
    assert volatility.qlike(squared[5000:], variance[5000:]) == pytest.approx(best, abs=0.005)


def test_no_forecast_sees_its_own_day(simulated):
    squared, _ = simulated
    changed = squared.copy()
    changed[5500] = 1000.0
    for forecast in (volatility.rolling, volatility.exponential, lambda r2: volatility.garch(r2, 5000)):
        before, after = forecast(squared), forecast(changed)
        np.testing.assert_array_equal(before[:5501], after[:5501])
        assert after[5501] > before[5501]
    ranges, jumped = np.log(squared + 1), np.log(changed + 1)
    before, after = (volatility.autoregression_of_ranges(one, 5000) for one in (ranges, jumped))
    np.testing.assert_array_equal(before[:5501], after[:5501])
    assert after[5501] > before[5501]


def test_rolling_and_exponential_by_hand():
    squared = np.array([1.0, 4.0, 9.0, 16.0])
    np.testing.assert_allclose(volatility.rolling(squared, 2), [np.nan, np.nan, 2.5, 6.5])
    np.testing.assert_allclose(volatility.exponential(squared, 0.5), [np.nan, 1, 2.5, 5.75])


def test_har_finds_its_own_coefficients():
    rng = np.random.default_rng(0)
    y = np.zeros(5000)
    for t in range(22, 5000):
        y[t] = 0.1 + 0.4 * y[t - 1] + 0.3 * y[t - 5 : t].mean() + 0.2 * y[t - 22 : t].mean() + rng.normal(0, 0.3)
    found = volatility.autoregression_of_ranges(y, 4000)
    assert np.isnan(found[:22]).all()
    assert (y - found)[4000:].std() == pytest.approx(0.3, rel=0.03)


def test_the_variance_of_a_range_fits_the_first_days(simulated):
    squared, variance = simulated
    found = volatility.variance_of_range(0.5 * np.log(variance) - 1, squared, 3000)
    assert np.mean(squared[:3000] / found[:3000]) == pytest.approx(1)
    np.testing.assert_allclose(found / variance, found[0] / variance[0])


def test_qlike_is_least_for_the_true_variance_and_the_error_is_of_the_mean_absolute_return():
    rng = np.random.default_rng(0)
    squared = 2.0 * rng.normal(size=200_000) ** 2
    losses = {v: volatility.qlike(squared, np.full(len(squared), v)) for v in (1.0, 1.8, 2.0, 2.2, 4.0)}
    assert min(losses, key=losses.get) == 2.0
    assert volatility.absolute_error_by_day(np.array([4.0]), np.array([np.pi / 2])).tolist() == [1.0]
