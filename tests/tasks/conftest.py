import numpy as np
import pandas as pd
import pytest

from gruvy.tasks import Forecaster

SMALL = {
    "horizon": 3,
    "context_length": 12,
    "hidden_size": 8,
    "batch_size": 64,
    "max_epochs": 3,
    "learning_rate": 0.01,
    "random_state": 0,
}


@pytest.fixture(scope="session")
def small():
    """Parameters of a forecaster that fits in a moment."""
    return dict(SMALL)


@pytest.fixture(scope="session")
def hourly():
    """400 hours of a noisy daily wave with a covariate, a known one, and gaps."""
    rng = np.random.default_rng(0)
    hours = np.arange(400)
    frame = pd.DataFrame(
        {
            "time": pd.date_range("2024-01-01", periods=400, freq="h"),
            "y": 20 + 5 * np.sin(hours * 2 * np.pi / 24) + rng.normal(0, 0.5, 400),
            "a": rng.normal(1000, 3, 400),
            "k": (hours // 24 % 7 >= 5).astype(float),
        }
    )
    frame.loc[[50, 51, 200], "y"] = np.nan
    frame.loc[100:104, "a"] = np.nan
    return frame.drop(index=[70, 71, 300]).reset_index(drop=True)


@pytest.fixture(scope="session")
def fitted(hourly):
    """A forecaster on that table; tests must not change it."""
    return Forecaster(**SMALL).fit(hourly, target="y", time="time", past=["a"])
