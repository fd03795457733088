"""The charts against their definitions, computed another way."""

from __future__ import annotations

import numpy as np
import pytest

from gruvy.detection import Chart, conformal_limit, fewest_rows, forecast_errors, running_mean
from gruvy.errors import DataError


def test_distance_is_that_of_mahalanobis():
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(500, 3)) @ rng.normal(size=(3, 3)) + 4
    mean, covariance = vectors.mean(axis=0), np.cov(vectors.T)
    chart = Chart(mean, np.linalg.cholesky(np.linalg.inv(covariance)))
    for vector, found in zip(vectors[:20], chart.distance(vectors[:20]), strict=True):
        expected = np.sqrt((vector - mean) @ np.linalg.solve(covariance, vector - mean))
        assert found == pytest.approx(expected, rel=1e-9)


def test_shares_are_the_fall_of_the_square_without_a_column():
    rng = np.random.default_rng(1)
    vectors = rng.normal(size=(300, 6)) @ rng.normal(size=(6, 6))  # three columns, two steps ahead
    mean, covariance = vectors.mean(axis=0), np.cov(vectors.T)
    chart = Chart(mean, np.linalg.cholesky(np.linalg.inv(covariance)))
    shares = chart.shares(vectors, 3)
    for column in range(3):
        others = [element for element in range(6) if element % 3 != column]
        without = Chart(mean[others], np.linalg.cholesky(np.linalg.inv(covariance[np.ix_(others, others)])))
        expected = chart.distance(vectors) ** 2 - without.distance(vectors[:, others]) ** 2
        np.testing.assert_allclose(shares[:, column], expected, rtol=1e-6, atol=1e-9)


def test_errors_belong_to_the_row_that_was_forecast():
    rng = np.random.default_rng(2)
    values, changes = rng.normal(size=(6, 2)), rng.normal(size=(6, 3, 2))
    errors = forecast_errors(values, changes)
    for t in range(6):
        for p in (1, 2, 3):
            expected = values[t] - (values[t - p] + changes[t - p, p - 1]) if t >= p else np.zeros(2)
            np.testing.assert_allclose(errors[t, p - 1], expected)


def test_running_mean_has_its_weights():
    vectors = np.random.default_rng(3).normal(size=(9, 2))
    share = 0.3
    expected = sum(share * (1 - share) ** (8 - t) * vectors[t] for t in range(9))
    np.testing.assert_allclose(running_mean(vectors, share)[-1], expected)


@pytest.mark.parametrize(("rate", "count"), [(0.1, 40), (0.05, 200), (0.01, 99)])
def test_a_new_normal_score_exceeds_the_limit_as_often_as_stated(rate, count):
    rng = np.random.default_rng(4)
    draws = rng.exponential(size=(4000, count + 1))
    exceeded = np.mean([draw[-1] > conformal_limit(draw[:-1], rate) for draw in draws])
    spread = np.sqrt(rate / 4000)
    # Exactly the rate where (n + 1) rate is whole, else a little below.
    assert rate - 1 / (count + 1) - 4 * spread < exceeded < rate + 4 * spread


def test_too_few_scores_for_a_rate():
    assert (fewest_rows(0.01), fewest_rows(0.05), fewest_rows(0.3)) == (99, 19, 3)
    assert conformal_limit(np.arange(99.0), 0.01) == 98
    with pytest.raises(DataError, match=r"98 rows are left to calibrate on, a false_alarm_rate of 0.01 needs 99"):
        conformal_limit(np.arange(98.0), 0.01)
