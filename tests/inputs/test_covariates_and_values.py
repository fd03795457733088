"""Covariates that are categories, holidays, bounds of the target, and types of numbers."""

import functools
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from input_cases import Case, named

import gruvy
from gruvy import runtime

TITLE = "Covariates and values"

DAYS = pd.date_range("2023-01-02", periods=240, freq="D")
RNG = np.random.default_rng(0)
WEATHER = RNG.choice(["sun", "rain", "fog"], 240)
EFFECT = np.array([{"sun": 9.0, "rain": -9.0, "fog": 0.0}[name] for name in WEATHER])


def fit(frame, target="y", **options):
    params = {name: options.pop(name) for name in ("lower", "upper", "max_epochs", "learning_rate") if name in options}
    settings = {"horizon": 4, "context_length": 12, "hidden_size": 4, "max_epochs": 1, "batch_size": 32} | params
    return gruvy.Forecaster(**settings, random_state=0).fit(frame, target=target, time="t", **options)


def without_torch(model, frame, folder):
    """The forecast, which the runtime and a loaded model give as well."""
    forecast = model.predict(frame, quantiles=[0.1, 0.9])
    loaded = gruvy.load(model.save(folder / "m.gruvy"))
    assert loaded.predict(frame, quantiles=[0.1, 0.9]).equals(forecast)
    alone = runtime.load(folder / "m.gruvy").predict(frame, quantiles=[0.1, 0.9])
    for name in ("y", "y_q0.1", "y_q0.9"):
        np.testing.assert_allclose(alone[name], forecast[name], rtol=1e-5, atol=1e-5)
    return forecast


def weather_table(kind):
    frame = pd.DataFrame({"t": DAYS, "y": 50 + EFFECT + RNG.normal(0, 0.5, 240), "sky": WEATHER})
    frame.loc[236:, "y"] = np.nan
    return frame.astype({"sky": kind})


@functools.cache
def weather_model():
    return fit(weather_table(object), known=["sky"], max_epochs=12, learning_rate=0.03)


def known_category(folder):
    frame = weather_table(object)
    forecasts = {}
    for sky in ("sun", "rain"):
        ahead = frame.copy()
        ahead.loc[236:, "sky"] = sky
        forecasts[sky] = without_torch(weather_model(), ahead, folder)["y"]
    assert (forecasts["sun"] - forecasts["rain"] > 8).all()  # 18 in truth


def same_as_text(kind, folder):
    frame = weather_table(object)
    assert (
        weather_model().predict(frame.astype({"sky": kind}))["y"].tolist()
        == weather_model().predict(frame)["y"].tolist()
    )


def unknown_level(folder):
    frame = weather_table(object)
    frame.loc[236:, "sky"] = "hail"
    assert np.isfinite(without_torch(weather_model(), frame, folder)["y"]).all()


def past_and_static(folder):
    parts = []
    for name, region, size in (("a", "north", 1.0), ("b", "south", 5.0), ("c", "north", 3.0)):
        part = pd.DataFrame({"t": DAYS, "y": 50 + EFFECT, "sky": WEATHER, "id": name, "region": region, "size": size})
        parts.append(part)
    frame = pd.concat(parts, ignore_index=True)
    model = fit(frame, series="id", past=["sky"], static=["region", "size"])
    levels = model._model.preparation.columns.levels
    assert (sorted(levels["sky"]), levels["region"]) == (["fog", "rain", "sun"], ["north", "south"])
    forecast = without_torch(model, frame, folder)
    moved = model.predict(frame.assign(region=frame["region"].replace("south", "north")))
    assert (moved["y"] != forecast["y"]).tolist() == [False] * 4 + [True] * 4 + [False] * 4


def moving_static(folder):
    frame = pd.DataFrame({"t": DAYS, "y": EFFECT, "id": "a", "sky": WEATHER})
    fit(frame, series="id", static=["sky"])


def country(folder):
    days = pd.date_range("2021-01-01", "2023-12-21", freq="D")
    holiday = np.array([(day.month, day.day) in {(12, 25), (7, 4), (1, 1), (11, 11)} for day in days])
    frame = pd.DataFrame({"t": days, "y": 100 + RNG.normal(0, 1, len(days)) - 60.0 * holiday})
    model = fit(frame, holidays="US", max_epochs=2)
    assert model._model.preparation.holidays[0] == "2021-01-01"
    known = "2023-12-25"
    assert known in model._model.preparation.holidays
    forecast = without_torch(model, frame, folder)
    assert forecast["t"].dt.strftime("%Y-%m-%d").tolist()[-1] == known
    network = model._model.network
    assert network.known is not None  # the holiday is read for each step ahead


def no_country(folder):
    fit(pd.DataFrame({"t": DAYS, "y": EFFECT}), holidays="Atlantis")


def bounded(folder):
    counts = RNG.poisson(0.3, 240).astype(float)
    frame = pd.DataFrame({"t": DAYS, "y": counts})
    model = fit(frame, lower=0, upper=2**20)
    forecast = without_torch(model, frame, folder)
    assert (forecast[["y", "y_q0.1", "y_q0.9"]] >= 0).all(axis=None)
    past = model.backtest(frame, stride=1)
    assert past.forecast.min() == 0
    assert fit(frame).backtest(frame, stride=1).forecast.min() < 0


def bounded_one(folder):
    frame = pd.DataFrame({"t": DAYS, "y": RNG.poisson(0.3, 240), "z": RNG.normal(0, 1, 240)})
    model = fit(frame, target=["y", "z"], lower={"y": 0}, upper={"z": 9.0})
    past = model.backtest(frame, stride=1)
    assert past.forecast[:, :, 0].min() == 0 > past.forecast[:, :, 1].min()
    forecast = without_torch(model, frame, folder)
    assert (forecast["y_q0.1"] >= 0).all()
    assert (forecast["z"] < 9).all()


def bound_of_no_target(folder):
    fit(pd.DataFrame({"t": DAYS, "sales": EFFECT}), target="sales", lower={"sale": 0})


def goes_on(folder):
    frame = weather_table(object)
    with_days = fit(frame, known=["sky"], holidays="US")
    later = frame.assign(t=frame["t"] + pd.Timedelta(days=3650), sky=frame["sky"].replace("fog", "hail"))
    child = fit(later, known=["sky"], holidays="US", warm_start=with_days)
    preparation = child._model.preparation
    assert sorted(preparation.columns.levels["sky"]) == ["fog", "rain", "sun"]
    assert preparation.holidays[0] < "2024" < "2042" < preparation.holidays[-1]
    assert np.isfinite(without_torch(child, later, folder)["y"]).all()
    fit(frame, known=["sky"], holidays="US", warm_start=weather_model())


def beyond(folder):
    fit(pd.DataFrame({"t": DAYS, "y": np.r_[np.ones(100), -3.0, np.arange(139.0)]}), lower=0)


@functools.cache
def whole_numbers():
    frame = pd.DataFrame({"t": DAYS, "y": np.round(EFFECT + RNG.normal(0, 3, 240))})
    return frame, fit(frame).predict(frame)["y"].tolist()


def typed(convert, folder):
    frame, usual = whole_numbers()
    other = frame.assign(y=convert(frame["y"]))
    np.testing.assert_allclose(fit(other).predict(other)["y"], usual, rtol=1e-6)


def refused(convert, folder):
    frame, _ = whole_numbers()
    fit(frame.assign(y=convert(frame["y"])))


CASES = [
    Case("Weather as text, known ahead", "accepted", known_category),
    Case("The same in a column of pandas' category type", "accepted", functools.partial(same_as_text, "category")),
    Case("The same in a column of pandas' string type", "accepted", functools.partial(same_as_text, "string")),
    Case(
        "A level that the fit has not seen",
        "adapted",
        unknown_level,
        "covariate 'sky': the fit has not learnt 'hail', read as none of its 3 levels",
    ),
    Case("Past categories, and static ones beside a static number", "accepted", past_and_static),
    Case(
        "A static column that is not the same in all rows of a series",
        "refused",
        moving_static,
        "the table: static column 'sky' has more than one value in series 'a'; expected one a series: give it as a "
        "past covariate if it changes",
    ),
    Case("holidays='US', and Christmas ahead", "accepted", country),
    Case("holidays='Atlantis'", "refused", no_country, "holidays: expected a country such as US, DE or DE-BY, got …"),
    Case("Counts, most of them 0, with lower=0", "accepted", bounded),
    Case(
        "lower=0 and a value of -3",
        "refused",
        beyond,
        "the table: target 'y' is -3 at 2023-04-12 00:00:00, beyond lower=0; correct it, or give another --lower "
        "(lower in Python)",
    ),
    Case("lower={'y': 0}, one of two targets", "accepted", bounded_one),
    Case(
        "lower={'sale': 0} where the target is called sales",
        "refused",
        bound_of_no_target,
        "lower: expected targets, got 'sale'; did you mean 'sales'?",
    ),
    Case(
        "Going on with a fitted model: a category it has not seen, and holidays it has not learnt with",
        "refused",
        goes_on,
        "holidays: the model that this one begins from has not learnt with any; leave them out, or fit anew",
    ),
    Case(
        "Decimals in a column of objects", "accepted", functools.partial(typed, lambda y: [Decimal(int(v)) for v in y])
    ),
    Case("Int64 of pandas", "accepted", functools.partial(typed, lambda y: y.astype("Int64"))),
    Case("float16", "accepted", functools.partial(typed, lambda y: y.astype("float16"))),
    Case("A sparse column", "accepted", functools.partial(typed, lambda y: y.astype("Sparse[float64]"))),
    Case("double of pyarrow", "accepted", functools.partial(typed, lambda y: y.astype("double[pyarrow]"))),
    Case(
        "A target of time spans",
        "refused",
        functools.partial(refused, lambda y: pd.to_timedelta(y, unit="h")),
        "the table: column 'y': expected numbers, got …",
    ),
    Case(
        "A complex target",
        "refused",
        functools.partial(refused, lambda y: y + 1j),
        "the table: column 'y': expected numbers, got …",
    ),
]


@pytest.mark.parametrize("case", named(CASES))
def test_covariates_and_values(case, tmp_path):
    case.check(tmp_path)
