import numpy as np
import pytest

from gruvy.tasks.shared.bootstrap import block_bootstrap


def test_the_interval_holds_the_mean_of_a_dependent_series_as_often_as_it_says():
    rng = np.random.default_rng(0)
    held = {1: [], 30: []}
    for seed in range(200):
        series = rng.normal(size=1000)
        for t in range(1, 1000):
            series[t] += 0.7 * series[t - 1]
        for block in held:
            low, high = block_bootstrap(series, block=block, resamples=400, seed=seed)
            held[block].append(low <= 0 <= high)
    assert np.mean(held[30]) == pytest.approx(0.93, abs=0.05)
    assert np.mean(held[1]) < 0.75  # taken as independent, the days make the interval far too narrow


def test_rows_of_one_time_stay_together_and_seeds_repeat():
    values = np.random.default_rng(0).normal(size=(300, 1))
    together = block_bootstrap(np.hstack([values, values]), block=10)
    assert together == block_bootstrap(values[:, 0], block=10)
    assert together != block_bootstrap(values, block=10, seed=1)
    wide = block_bootstrap(values, block=10, level=0.99)
    assert wide[0] < together[0] < values.mean() < together[1] < wide[1]
