"""Tables of many series, of which some are short, new, or not there at all."""

import functools

import numpy as np
import pandas as pd
import pytest
from input_cases import Case, named

import gruvy
from gruvy import runtime

TITLE = "Series of all lengths"

HOURS = pd.date_range("2024", periods=200, freq="h")
WAVE = np.sin(np.arange(200) / 4)


def series(name, rows, level=50.0, **columns):
    return pd.DataFrame({"id": name, "time": HOURS[-rows:], "y": level + 5 * WAVE[-rows:], **columns})


def table(*parts):
    return pd.concat(parts, ignore_index=True)


LONG = table(series("a", 200), series("b", 200, 900.0))


def fit(frame, **params):
    known = [name for name in frame.columns if name == "k"]
    model = gruvy.Forecaster(**{"horizon": 4, "context_length": 12, "hidden_size": 4, "max_epochs": 1} | params)
    return model.set_params(random_state=0).fit(frame, target="y", time="time", series="id", known=known)


@functools.cache
def full():
    """A model that never saw a short series."""
    return fit(LONG)


@functools.cache
def flexible():
    """A model that was asked to do with two rows."""
    return fit(LONG, min_context=2)


def short_in_fit(folder):
    frame = table(LONG, series("c", 5, 3000.0))
    model = fit(frame)
    forecast = model.predict(frame, quantiles=[0.1, 0.9])
    assert forecast["id"].tolist() == ["a"] * 4 + ["b"] * 4 + ["c"] * 4
    new = forecast[forecast["id"] == "c"]
    assert new["y"].between(2990, 3010).all()
    assert (new["y_q0.9"] - new["y_q0.1"]).between(0.1, 40).all()
    # A short series is forecast alone as in company, and without torch.
    alone = model.predict(frame[frame["id"] == "c"])
    np.testing.assert_allclose(alone["y"], new["y"], rtol=1e-6)
    numbers = runtime.load(model.save(folder / "m.gruvy")).predict(frame, quantiles=[0.1, 0.9])
    for name in ("y", "y_q0.1", "y_q0.9"):
        np.testing.assert_allclose(numbers[name], forecast[name], rtol=1e-5)
    assert gruvy.load(folder / "m.gruvy").predict(frame, quantiles=[0.1, 0.9]).equals(forecast)


def short_in_predict(folder):
    frame = table(LONG, series("b", 200, 900.0)[:0], series("a", 200)[:0])
    cut = table(frame[frame["id"] == "a"], frame[frame["id"] == "b"][-6:])
    forecast = full().predict(cut)
    assert forecast["id"].tolist() == ["a"] * 4
    assert forecast["y"].tolist() == full().predict(LONG)["y"][:4].tolist()


def short_alone(folder):
    full().predict(LONG[-6:])


def asked_for(folder):
    cut = table(LONG[:200], LONG[-3:])
    forecast = flexible().predict(cut)
    assert forecast["id"].tolist() == ["a"] * 4 + ["b"] * 4
    assert forecast["y"][4:].between(890, 910).all()
    assert np.isfinite([row["mae"] for row in flexible().scores_]).all()


def unseen(folder):
    frame = table(LONG, series("new", 60, 7000.0))
    forecast = full().predict(frame, quantiles=[0.1, 0.9])
    new = forecast[forecast["id"] == "new"]
    assert new["y"].between(6985, 7015).all()
    assert (new["y_q0.1"] < new["y_q0.9"]).all()
    assert forecast["y"][:8].tolist() == full().predict(LONG)["y"].tolist()


def misspelt(folder):
    frame = LONG.assign(id=LONG["id"].replace({"a": "station north", "b": "station south"}))
    model = fit(frame)
    one = frame[frame["id"] == "station north"]
    found = model.predict(one.assign(id="station nort"))
    assert found["y"].between(40, 60).all()


def silent(folder):
    frame = table(LONG, series("off", 40).assign(y=np.nan))
    assert full().predict(frame)["id"].tolist() == ["a"] * 4 + ["b"] * 4


def stopped(folder):
    late = LONG.assign(y=LONG["y"].where((LONG["id"] == "a") | (LONG["time"] < HOURS[150])))
    assert full().predict(late)["id"].tolist() == ["a"] * 4


def no_future(folder):
    parts = []
    for name, ahead in (("a", 4), ("b", 1)):
        one = series(name, 200, k=np.arange(200) % 7 == 0)
        more = pd.DataFrame({"id": name, "time": pd.date_range(HOURS[-1], periods=ahead + 1, freq="h")[1:], "k": False})
        parts.append(table(one, more))
    frame = table(*parts)
    model = fit(frame)
    assert model.predict(frame)["id"].tolist() == ["a"] * 4


CASES = [
    Case(
        "A series of 5 rows beside long ones, with context_length=12",
        "adapted",
        short_in_fit,
        "series 'c': fewer than context_length = 12 rows; the network also learns to forecast from 3 rows on",
    ),
    Case(
        "Of two series to forecast one is too short",
        "adapted",
        short_in_predict,
        "left out of the forecast: series 'b': expected at least context_length = 12 rows to look back on, got 6; give "
        "more, or fit with min_context=3 (--min-context 3), and short histories will do",
    ),
    Case(
        "The only series to forecast is too short",
        "refused",
        short_alone,
        "the table: series 'b': expected at least context_length = 12 rows to look back on, got 6; give more, or fit "
        "with min_context=3 (--min-context 3), and short histories will do",
    ),
    Case("Three rows of a series, after a fit with min_context=2", "accepted", asked_for),
    Case(
        "A series that the fit has not seen",
        "adapted",
        unseen,
        "series 'new': not in the table of the fit; forecast by what was learnt of the others, each window scaled by "
        "its own values",
    ),
    Case(
        "A series whose name is not written as in the fit",
        "adapted",
        misspelt,
        "series 'station nort': not in the table of the fit; forecast by what was learnt of the others, each window "
        "scaled by its own values (did you mean 'station north'?)",
    ),
    Case(
        "A series without any observation among others",
        "adapted",
        silent,
        "left out: series 'off', in which target 'y' has no observed value",
    ),
    Case(
        "A series whose last rows are all missing, among others",
        "adapted",
        stopped,
        "left out of the forecast: series 'b': no target is observed in the last 12 rows; give newer observations",
    ),
    Case(
        "A series whose known covariates end too early, among others",
        "adapted",
        no_future,
        "left out of the forecast: series 'b': the forecast of 4 rows after 2024-01-09 07:00:00 needs k for all of "
        "them, but only 1 rows follow; append rows with the targets left empty",
    ),
]


@pytest.mark.parametrize("case", named(CASES))
def test_series_of_all_lengths(case, tmp_path):
    case.check(tmp_path)
