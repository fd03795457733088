"""Tables of many series, of which some are short, new, or not there at all."""

import functools
import re

import numpy as np
import pandas as pd
import pytest
from input_cases import Case, named

import gruvy
from gruvy import runtime
from gruvy.errors import DataError

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


def sizes_of(frame, folder, **params):
    """What a fit that is told neither horizon nor context chooses; it forecasts from a file and without torch."""
    columns = {"series": "id"} if frame["id"].nunique() > 1 else {}
    model = gruvy.Forecaster(hidden_size=4, max_epochs=1, random_state=0, **params)
    model.fit(frame, target="y", time="time", **columns)
    forecast = model.predict(frame)
    assert len(forecast) == model.horizon_ * frame["id"].nunique()
    assert gruvy.load(model.save(folder / "m.gruvy")).predict(frame).equals(forecast)
    np.testing.assert_allclose(runtime.load(folder / "m.gruvy").predict(frame)["y"], forecast["y"], rtol=1e-5)
    return model.horizon_, model.context_length_


def few(folder):
    assert sizes_of(series("a", 60), folder) == (4, 19)


def fewest(folder):
    assert sizes_of(series("a", 6), folder) == (1, 1)


def few_of_whole_series(folder):
    frame = table(*(series(f"s{number}", 60) for number in range(10)))
    assert sizes_of(frame, folder, split="series") == (5, 27)


def one_size_given(folder):
    assert sizes_of(series("a", 100), folder, context_length=30) == (8, 30)


def too_long(folder):
    """Refused with sizes that work when they are given."""
    frame = series("a", 100)
    with pytest.raises(DataError) as refused:
        gruvy.Forecaster(24, 168).fit(frame, target="y", time="time")
    horizon, context = re.search(r"horizon=(\d+), context_length=(\d+)", refused.value.args[0]).groups()
    assert sizes_of(frame, folder, horizon=int(horizon), context_length=int(context)) == (8, 31)
    raise refused.value


def detector_of_few_rows(folder):
    """The same of a detector: too few rows for its context and for its rate."""
    values = np.random.default_rng(0).normal(size=(100, 1))
    settings = {"hidden_size": 4, "max_epochs": 1, "random_state": 0}
    with pytest.raises(DataError) as refused:
        gruvy.AnomalyDetector(**settings).fit(values)
    found = re.search(r"context_length=(\d+), false_alarm_rate=([\d.]+)", refused.value.args[0]).groups()
    chosen = {"context_length": int(found[0]), "false_alarm_rate": float(found[1])}
    judged = gruvy.AnomalyDetector(**settings, **chosen).fit(values).detect(values)["anomaly"].notna()
    assert judged.sum() == 100 - chosen["context_length"]
    raise refused.value


CASES = [
    Case(
        "Sixty hours, and nothing said of horizon and context",
        "adapted",
        few,
        "60 rows are few for the usual 24 steps ahead and 168 back: the model looks 4 ahead and 19 back; --horizon and "
        "--context set them (horizon and context_length in Python)",
    ),
    Case("Six hours", "adapted", fewest, "6 rows are few for the usual …: the model looks 1 ahead and 1 back; …"),
    Case(
        "Ten short series, of which whole ones are held out",
        "adapted",
        few_of_whole_series,
        "60 rows are few for the usual …: the model looks 5 ahead and 27 back; …",
    ),
    Case(
        "A hundred hours with context_length=30",
        "adapted",
        one_size_given,
        "100 rows are few for the usual …: the model looks 8 ahead and 30 back; …",
    ),
    Case(
        "A hundred hours with horizon=24 and context_length=168",
        "refused",
        too_long,
        "too few rows for a window: 3 problems …; give more rows, or fit with --horizon 8 --context 31 (horizon=8, "
        "context_length=31 in Python), for which there are enough",
    ),
    Case(
        "A detector of anomalies and a hundred rows",
        "refused",
        detector_of_few_rows,
        "too few rows: …; give more rows, or fit with --context 6 --false-alarm-rate 0.048 (context_length=6, "
        "false_alarm_rate=0.048 in Python), for which there are enough…",
    ),
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
        "more, or fit with --min-context 3 (min_context=3 in Python), and short histories will do",
    ),
    Case(
        "The only series to forecast is too short",
        "refused",
        short_alone,
        "the table: series 'b': expected at least context_length = 12 rows to look back on, got 6; give more, or fit "
        "with --min-context 3 (min_context=3 in Python), and short histories will do",
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
