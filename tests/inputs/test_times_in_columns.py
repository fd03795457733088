"""Times that a table keeps in two or more columns."""

import datetime as dt
import functools

import numpy as np
import pandas as pd
import pytest
from input_cases import Case, named

import gruvy
from gruvy import runtime
from gruvy.data import read_series
from gruvy.timeseries import Columns

TITLE = "Times in several columns"

HOURS = pd.date_range("2024-01-01", periods=96, freq="h")
MONTHS = pd.date_range("2018-01-01", periods=60, freq="MS")
WAVE = np.sin(np.arange(96) / 4)


def reads(columns, first, ahead, folder, rows=96):
    """The first time of the table and the one that follows its last."""
    frame = pd.DataFrame(columns).iloc[:rows].assign(y=WAVE[:rows])
    (one,), step = read_series(frame, Columns(("y",), ",".join(columns)))
    assert len(one.times) == rows
    np.testing.assert_array_equal(one.values[:, 0], frame["y"])
    assert (str(one.times.clock[0]), str(step.after(one.times, 1).clock[0])) == (first, ahead)


def from_a_file(folder):
    """Fitted by names in a tuple, and forecast from a file and without torch, written as the table writes them."""
    frame = pd.DataFrame({"Date": HOURS.strftime("%d.%m.%Y"), "Time": HOURS.strftime("%H:%M"), "y": WAVE})
    model = gruvy.Forecaster(3, 12, hidden_size=4, max_epochs=1, random_state=0)
    model.fit(frame, target="y", time=("Date", "Time"))
    forecast = model.predict(frame)
    assert forecast["Date,Time"].tolist() == ["05.01.2024 00:00", "05.01.2024 01:00", "05.01.2024 02:00"]
    assert gruvy.load(model.save(folder / "m.gruvy")).predict(frame).equals(forecast)
    alone = runtime.load(folder / "m.gruvy").predict({name: frame[name].to_numpy() for name in frame})
    assert alone["Date,Time"].tolist() == forecast["Date,Time"].tolist()
    np.testing.assert_allclose(alone["y"], forecast["y"], rtol=1e-5)


def watched(folder):
    """A detector watches what is no part of the time."""
    frame = pd.DataFrame({"day": HOURS.strftime("%Y-%m-%d"), "hour": HOURS.hour, "y": WAVE})
    settings = {"hidden_size": 4, "max_epochs": 1, "random_state": 0, "false_alarm_rate": 0.1}
    detector = gruvy.AnomalyDetector(6, 2, **settings).fit(frame, time=["day", "hour"])
    assert detector.feature_names_in_.tolist() == ["y"]
    assert detector.detect(frame)["day,hour"].tolist() == HOURS.tolist()


DAYS = [str(one)[:10] for one in HOURS]
BEFORE = HOURS - pd.Timedelta(hours=1)  # of the hours that end at the time
CASES = [
    Case("A date and a time of day, from Python as a tuple", "accepted", from_a_file),
    Case("A date and an hour, watched by a detector", "accepted", watched),
    Case(
        "A date and hours from 1 to 24",
        "adapted",
        functools.partial(
            reads,
            {"day": [str(one)[:10] for one in BEFORE], "hour": BEFORE.hour + 1},
            "2024-01-01T00:00:00",
            "2024-01-05T00:00:00",
        ),
        "column 'day,hour' (time): 24:00 is read as 00:00 of the day after",
    ),
    Case(
        "A date and Python's times of day",
        "accepted",
        functools.partial(
            reads,
            {"day": pd.to_datetime(DAYS), "at": [dt.time(one.hour) for one in HOURS]},
            "2024-01-01T00:00:00",
            "2024-01-05T00:00:00",
        ),
    ),
    Case(
        "A date in digits and a clock in digits, 1330 for 13:30",
        "accepted",
        functools.partial(
            reads,
            {"day": [int(one.replace("-", "")) for one in DAYS], "at": HOURS.hour * 100 + 30},
            "2024-01-01T00:30:00",
            "2024-01-05T00:30:00",
        ),
    ),
    Case(
        "A date of the United States and a 12-hour clock",
        "adapted",
        functools.partial(
            reads,
            {"day": HOURS.strftime("%m/%d/%Y"), "at": HOURS.strftime("%I:%M %p")},
            "2024-01-01T00:00:00",
            "2024-01-05T00:00:00",
        ),
        "column 'day,at' (time)…month first…",
    ),
    Case(
        "Year, month, day and hour",
        "accepted",
        functools.partial(
            reads,
            {"year": HOURS.year, "month": HOURS.month, "day": HOURS.day, "hour": HOURS.hour},
            "2024-01-01T00:00:00",
            "2024-01-05T00:00:00",
        ),
    ),
    Case(
        "Year and month",
        "accepted",
        functools.partial(
            reads,
            {"year": MONTHS.year, "month": MONTHS.month},
            "2018-01-01T00:00:00",
            "2023-01-01T00:00:00",
            rows=60,
        ),
    ),
    Case(
        "Year and the month's name",
        "accepted",
        functools.partial(
            reads,
            {"year": MONTHS.year, "month": MONTHS.strftime("%b")},
            "2018-01-01T00:00:00",
            "2023-01-01T00:00:00",
            rows=60,
        ),
    ),
    Case(
        "Year and quarter",
        "adapted",
        functools.partial(
            reads,
            {"year": np.repeat(np.arange(2000, 2015), 4), "quarter": np.tile([1, 2, 3, 4], 15)},
            "2000-01-01T00:00:00",
            "2015-01-01T00:00:00",
            rows=60,
        ),
        "columns 'year' and 'quarter' are read as years and quarters",
    ),
    Case(
        "Year and week",
        "adapted",
        functools.partial(
            reads,
            {"year": [2021] * 52 + [2022] * 44, "week": [*range(1, 53), *range(1, 45)]},
            "2021-01-04T00:00:00",
            "2022-11-07T00:00:00",
        ),
        "columns 'year' and 'week' are read as years and weeks of ISO 8601",
    ),
    Case(
        "A date and an hour of 25",
        "refused",
        functools.partial(reads, {"day": DAYS, "hour": [*range(95), 99]}, "", ""),
        "the table: column 'day,hour' (time) holds 99 in 'hour', expected times of day or hours from 0 to 24",
    ),
    Case(
        "Three columns, the third of another name",
        "refused",
        functools.partial(
            reads, {"day": DAYS, "hour": HOURS.hour, "minute": [0] * 96}, "2024-01-01T00:00:00", "2024-01-05T00:00:00"
        ),
        "the table: column 'day,hour,minute' (time) expected a date and a time of day, or a year, a month and so on",
    ),
]


@pytest.mark.parametrize("case", named(CASES))
def test_times_in_several_columns(case, tmp_path):
    case.check(tmp_path)
