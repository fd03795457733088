"""Values whose spread the training part does not show, or that are larger or smaller than squares can be."""

import functools

import numpy as np
import pandas as pd
import pytest
import torch
from input_cases import Case, named

import gruvy
from gruvy import runtime
from gruvy.tasks.agent.network import Moments
from gruvy.tasks.tagging.data import Preparation, Steps

TITLE = "Scales"

HOURS = pd.date_range("2024", periods=240, freq="h")
WAVE = np.sin(np.arange(240) / 4)
NO_SCALE = (
    "is constant or hardly there in the training part, so it has no scale from there: "
    "each window is scaled by its own values"
)


def fit(y, **columns):
    frame = pd.DataFrame({"time": HOURS[-len(y) :], "y": y, **columns})
    model = gruvy.Forecaster(4, 12, hidden_size=4, max_epochs=1, random_state=0)
    return model.fit(frame, target="y", time="time", past=list(columns)), frame


def same_without_torch(model, frame, folder):
    """The forecast, which the runtime gives as well."""
    forecast = model.predict(frame, quantiles=[0.1, 0.9])
    alone = runtime.load(model.save(folder / "m.gruvy")).predict(frame, quantiles=[0.1, 0.9])
    for name in ("y", "y_q0.1", "y_q0.9"):
        np.testing.assert_allclose(alone[name], forecast[name], rtol=1e-6)
    return forecast


def maes(model):
    return {row["name"]: row["mae"] for row in model.scores_}


def later(folder):
    old = pd.DataFrame({"time": HOURS, "y": 50 + 10 * WAVE, "id": "old"})
    new = pd.DataFrame({"time": HOURS[-50:], "y": 5000 + WAVE[-50:], "id": "new"})
    frame = pd.concat([old, new], ignore_index=True)
    model = gruvy.Forecaster(4, 12, hidden_size=4, max_epochs=1, random_state=0)
    model.fit(frame, target="y", time="time", series="id")
    forecast = same_without_torch(model, frame, folder)
    ahead = forecast[forecast["id"] == "new"]
    assert ahead["y"].between(4998, 5002).all()
    assert (ahead["y_q0.9"] - ahead["y_q0.1"]).between(0.1, 4).all()
    # Forecasts of the past are those that `predict` would have made.
    past = model.backtest(frame, stride=1)
    at = next(row for row in range(len(past.series)) if past.series[row] == "new")
    known = frame[(frame["time"] <= past.origins[at]) & (frame["id"] == "new")]
    np.testing.assert_allclose(model.predict(known)["y"], past.median[at, :, 0], rtol=1e-6)


def moving_later(folder):
    y = np.r_[np.full(176, 5.0), 100 + WAVE[:64]]
    model, frame = fit(y)
    last = same_without_torch(model, frame, folder)
    assert last["y"].between(98.5, 101.5).all()
    error = np.abs(np.diff(y[-48:])).mean()  # of persistence, a step ahead
    assert error / 2 < maes(model)["persistence"] < 4 * error
    assert maes(model)["gru"] < 4 * error


def in_training(y, folder):
    model, frame = fit(y)
    forecast = same_without_torch(model, frame, folder)
    assert (forecast[["y", "y_q0.1", "y_q0.9"]] == y[0]).all(axis=None)
    assert all(value == 0 for value in maes(model).values())


def sized(size, folder):
    """The forecast is that of the same values in another unit."""
    model, frame = fit(size * (2 + WAVE))
    usual, table = ordinary()
    forecast = same_without_torch(model, frame, folder)
    for name in ("y", "y_q0.1", "y_q0.9"):
        np.testing.assert_allclose(forecast[name] / size, usual.predict(table, quantiles=[0.1, 0.9])[name], rtol=1e-6)
    for row, known in zip(model.scores_, usual.scores_, strict=True):
        assert row["rmse"] / size == pytest.approx(known["rmse"], rel=1e-6)


@functools.cache
def ordinary():
    return fit(2 + WAVE)


def far_away(folder):
    """A model goes on where values have left the range of float32 that it was scaled to."""
    model, frame = ordinary()
    forecast = same_without_torch(model, frame.assign(y=frame["y"] * 1e200), folder)
    assert forecast["y"].between(0.9e200, 3.1e200).all()


def covariate(folder):
    flag = np.r_[np.zeros(200), np.ones(40)]
    model, frame = fit(2 + WAVE, flag=flag)
    changed = frame.assign(flag=0.0)
    assert model.predict(frame)["y"].tolist() == model.predict(changed)["y"].tolist()


def channel(folder):
    rng = np.random.default_rng(0)
    X = [np.column_stack([rng.normal(size=9) + label, np.full(9, 5.0)]) for label in [0, 3] * 12]
    model = gruvy.SequenceClassifier(hidden_size=4, max_epochs=1, random_state=0).fit(X, [0, 1] * 12)
    moved = [x + np.array([0, 1e6]) for x in X]
    np.testing.assert_array_equal(model.predict_proba(moved), model.predict_proba(X))


def tagged(folder):
    steps = [Steps(None, np.column_stack([1e200 * WAVE[:9], np.full(9, 5.0)]))]
    fit = Preparation.of(steps)
    (encoded,) = fit.encode([Steps(None, np.array([[1e200, 7.0]]))])
    assert np.isfinite(encoded.values).all()
    assert 0 < encoded.values[0, 0] < 4
    assert encoded.values[0, 1] == 0


def observed(folder):
    seen = Moments(2)
    seen.update(torch.tensor([[1.0, 7.0], [3.0, 7.0]]))
    np.testing.assert_allclose(seen.normalised(torch.tensor([4.0, 8.0])), [2.0, 0.0], rtol=1e-6)


CASES = [
    Case(
        "A series that begins after the training part ends, on another level",
        "adapted",
        later,
        f"target 'y' of series 'new' {NO_SCALE}",
    ),
    Case(
        "A target that is constant in the training part and moves later",
        "adapted",
        moving_later,
        f"target 'y' {NO_SCALE}",
    ),
    Case("A series whose every value is 0.1", "accepted", functools.partial(in_training, np.full(240, 0.1))),
    Case("A series of zeros", "accepted", functools.partial(in_training, np.zeros(240))),
    Case("Values around 1e200", "accepted", functools.partial(sized, 2.0**664)),
    Case("Values around 1e-300", "accepted", functools.partial(sized, 2.0**-996)),
    Case("Values around 2e307, near the end of float64", "accepted", functools.partial(sized, 2.0**1020)),
    Case("A table 1e200 times as large as that of the fit", "accepted", far_away),
    Case(
        "A covariate that is constant in the training part and varies later",
        "adapted",
        covariate,
        "covariate 'flag' did not vary in the training part, so nothing was learnt of it, and values such as 1 "
        "change no forecast; fit with rows in which it varies, or leave it out",
    ),
    Case("A classifier's channel that was constant in the fit and is not now", "accepted", channel),
    Case("A tagger's channel of 1e200, and a constant one", "accepted", tagged),
    Case("An agent's observation that never varied, and then does", "accepted", observed),
]


@pytest.mark.parametrize("case", named(CASES))
def test_values_of_any_scale(case, tmp_path):
    case.check(tmp_path)
