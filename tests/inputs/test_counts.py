"""Targets that are counts, with a negative binomial distribution."""

import functools

import numpy as np
import pandas as pd
import pytest
from input_cases import Case, named
from scipy.stats import nbinom

import gruvy
from gruvy import runtime
from gruvy.timeseries.counts import negative_binomial_quantiles

TITLE = "Counts"

DAYS = pd.date_range("2023-01-02", periods=240, freq="D")
RNG = np.random.default_rng(0)
SALES = RNG.poisson(3.0, 240) * (RNG.random(240) < 0.1)
NAMES = ["y", "y_q0.1", "y_q0.9"]


def model(**params):
    settings = {"horizon": 4, "context_length": 12, "hidden_size": 4, "max_epochs": 1, "batch_size": 32} | params
    return gruvy.Forecaster(**settings, likelihood="count", random_state=0)


def forecast_of(values, folder, **columns):
    """The forecast, which a loaded model and the runtime give as well; integers from 0 on."""
    frame = pd.DataFrame({"t": DAYS, "y": values})
    fitted = model().fit(frame, target="y", time="t", **columns)
    forecast = fitted.predict(frame, quantiles=[0.1, 0.9])
    loaded = gruvy.load(fitted.save(folder / "m.gruvy"))
    assert loaded.predict(frame, quantiles=[0.1, 0.9]).equals(forecast)
    alone = runtime.load(folder / "m.gruvy").predict(frame, quantiles=[0.1, 0.9])
    for name in NAMES:
        np.testing.assert_allclose(alone[name], forecast[name], rtol=1e-4)
    found = forecast[NAMES].to_numpy()
    assert (found >= 0).all()
    assert (found == np.floor(found)).all()
    assert (found[:, 1] <= found[:, 0]).all()
    assert (found[:, 0] <= found[:, 2]).all()
    assert np.isfinite(fitted.evaluate(frame)[0]["pinball"])
    return found


def intermittent(folder):
    assert (forecast_of(SALES, folder)[:, 0] <= 3).all()


def large(folder):
    found = forecast_of(RNG.poisson(1e6, 240), folder)
    assert (np.abs(found[:, 0] / 1e6 - 1) < 0.5).all()


def zeros(folder):
    assert (forecast_of(np.zeros(240), folder)[:, 1] == 0).all()


def gaps(folder):
    forecast_of(np.where(np.arange(240) % 7 == 3, np.nan, SALES), folder)


def whole_as_objects(folder):
    forecast_of([int(value) for value in RNG.poisson(20, 240)], folder)


def rare(folder):
    """As good as always 0, the median, where a start from 1 more than the mean would be twice as bad."""
    frame = pd.DataFrame({"t": DAYS, "y": np.random.default_rng(1).poisson(0.3, 240)})
    fitted = model().fit(frame, target="y", time="t")
    assert fitted.scores_[0]["mae"] < 1.1 * frame["y"][-48:].mean()
    # The true quantiles, 0 and 1, hold 96% of Poisson's counts with this mean.
    assert (np.quantile(fitted.backtest(frame, stride=1).forecast[..., 2], [0.2, 0.8]) == 1).all()
    assert fitted.scores_[0]["coverage"] > 0.9


def goes_on(folder):
    frame = pd.DataFrame({"t": DAYS, "y": SALES})
    parent = model().fit(frame, target="y", time="t")
    child = model(learning_rate=1e-12).fit(frame, target="y", time="t", warm_start=parent)
    assert child.history_[0]["validation_loss"] == pytest.approx(parent.history_[0]["validation_loss"], rel=1e-5)


def refused(values, folder):
    model().fit(pd.DataFrame({"t": DAYS, "y": values}), target="y", time="t")


CASES = [
    Case("Intermittent sales, nine days of ten without any", "accepted", intermittent),
    Case("Counts of a million", "accepted", large),
    Case("240 days of a count that is 0 on three of four", "accepted", rare),
    Case("Going on with a model of counts", "accepted", goes_on),
    Case("A series of zeros", "accepted", zeros),
    Case("Counts with missing days", "accepted", gaps),
    Case("Counts as Python's integers", "accepted", whole_as_objects),
    Case(
        "Shares as counts",
        "refused",
        functools.partial(refused, SALES + 0.5),
        "the table: target 'y' is 0.5 at 2023-01-02 00:00:00, and counts are integers from 0 to 1e+09; correct "
        "it, or fit without --likelihood count (likelihood='count' in Python), and with --lower 0 (lower=0)",
    ),
    Case(
        "Returned goods as negative counts",
        "refused",
        functools.partial(refused, SALES - 1.0),
        "the table: target 'y' is -1 at 2023-01-02 00:00:00, and counts are integers from 0 to 1e+09; correct "
        "it, or fit without --likelihood count (likelihood='count' in Python)",
    ),
    Case(
        "Counts beyond a thousand million",
        "refused",
        functools.partial(refused, SALES + 1e10),
        "the table: target 'y' is 1e+10 at …, and counts are integers from 0 to 1e+09; correct it, or fit without "
        "--likelihood count …",
    ),
]


@pytest.mark.parametrize("case", named(CASES))
def test_counts(case, tmp_path):
    case.check(tmp_path)


def test_quantiles_are_those_of_scipy():
    mean, alpha, level = np.meshgrid(
        [1e-6, 0.1, 3.3, 80.0, 900.0, 1.1e6], [1e-6, 1e-3, 0.4, 5.0], [0.01, 0.1, 0.5, 0.9, 0.99], indexing="ij"
    )
    wanted = nbinom.ppf(level, 1 / alpha, 1 / (1 + alpha * mean))
    np.testing.assert_array_equal(negative_binomial_quantiles(mean, alpha, level), wanted)


def test_bands_of_a_distribution_are_not_moved():
    frame = pd.DataFrame({"t": DAYS, "y": SALES})
    with pytest.raises(gruvy.errors.ArgumentError, match="not moved"):
        model().fit(frame, target="y", time="t").recalibrate(frame)
