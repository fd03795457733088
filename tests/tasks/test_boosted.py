import numpy as np
import pandas as pd
import pytest

from gruvy.tasks import Forecaster
from gruvy.tasks.forecasting.boosted import score_boosted_trees
from gruvy.tasks.forecasting.report import forecast_report


@pytest.fixture(scope="module")
def crossed():
    """The next value is the product of signs of the last two: no linear model sees it, trees and networks do."""
    rng = np.random.default_rng(0)
    y = np.sign(rng.normal(size=3000))
    for t in range(2, 3000):
        y[t] = y[t - 1] * y[t - 2] * (1 if rng.random() < 0.9 else -1)
    y += rng.normal(0, 0.05, 3000)
    frame = pd.DataFrame({"time": pd.date_range("2024", periods=3000, freq="h"), "y": y})
    params = {"horizon": 2, "context_length": 6, "hidden_size": 4, "max_epochs": 1, "random_state": 0}
    return frame, Forecaster(**params).fit(frame, target="y", time="time")


def test_they_see_what_a_linear_model_cannot(crossed):
    frame, model = crossed
    row = score_boosted_trees(model, frame)[0]
    linear = next(one for one in model.scores_ if one["name"] == "linear autoregression")
    assert row["mae_by_step"][0] < 0.35 < 0.5 < linear["mae_by_step"][0]


def test_the_test_part_is_not_learnt_from(crossed):
    frame, model = crossed
    shuffled = frame.copy()
    late = shuffled["time"] >= model.test_start_
    shuffled.loc[late, "y"] = np.random.default_rng(1).permutation(shuffled.loc[late, "y"])
    before, after = (score_boosted_trees(model, one)[0]["mae_by_step"][0] for one in (frame, shuffled))
    assert after > 2 * before  # what they know of the training part does not hold any more


def test_they_stand_in_the_report_beside_the_other_baselines(crossed):
    frame, model = crossed
    found = score_boosted_trees(model, frame)
    report = forecast_report({"GRU": model}, frame, baselines=found)
    assert [row.name for row in report.comparison.rows][-1] == "gradient-boosted trees"
    assert report.comparison.rows[-1]["mae"] == found[0]["mae"]
    assert report.comparison.rows[-1].kind == "baseline"
