"""The rivals do what they are called."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gruvy.tasks import AnomalyDetector
from gruvy.tasks.anomaly.baselines import fit_baselines


def rows(count: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    wave = np.sin(np.arange(count) * 2 * np.pi / 20)
    return np.column_stack([10 + 3 * wave, 50 - wave]) + rng.normal(0, [0.1, 0.05], (count, 2))


@pytest.fixture(scope="module")
def baselines():
    detector = AnomalyDetector(16, 3, false_alarm_rate=0.02, hidden_size=4, max_epochs=1, random_state=0)
    return fit_baselines(detector.fit(rows(1000, 0)), rows(1000, 0))


@pytest.mark.parametrize("name", ["linear autoregression", "isolation forest", "z-score"])
def test_they_raise_alarms_as_often_as_stated_and_find_a_large_spike(baselines, name):
    score = baselines[name]
    assert 0.001 < (score(rows(4000, 1)) > 1).mean() < 0.08  # stated: 0.02
    wrong = rows(200, 2)
    wrong[100] += 30
    found = score(wrong)
    assert np.nanargmax(found) in range(100, 104)
    assert found[100] > 1
    assert np.isnan(found[:16]).all()


def test_the_linear_model_forecasts_a_linear_series(baselines):
    """A wave follows a linear recursion, so only what is not linear should stand out."""
    wave = rows(400, 3)
    wave[200:, 0] = wave[200, 0]  # a flat line, which no value alone gives away
    assert baselines["linear autoregression"](wave)[200:215].max() > 3
    assert baselines["z-score"](wave)[215:].max() < 1.5


def test_they_do_not_read_the_scaling_of_the_network():
    detector = AnomalyDetector(16, 3, false_alarm_rate=0.02, hidden_size=4, max_epochs=1, random_state=0)
    detector.fit(rows(1000, 0))
    found = fit_baselines(detector, rows(1000, 0))
    detector.detector_ = replace(detector.detector_, mean=detector.detector_.mean + 100, std=detector.detector_.std * 7)
    for name, score in fit_baselines(detector, rows(1000, 0)).items():
        np.testing.assert_array_equal(score(rows(300, 1)), found[name](rows(300, 1)))
