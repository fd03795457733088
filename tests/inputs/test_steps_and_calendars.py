"""Steps that follow a calendar, opening hours, or a clock that jitters."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from input_cases import Case, named

import gruvy
from gruvy.data import chosen_step, read_series
from gruvy.errors import DataError
from gruvy.timeseries import UNSAID, Columns

TITLE = "Steps and calendars"


def _goes_on(times, after, *, step=None, calendar=None, said=UNSAID):
    """Read them, and check that no row is missing or lost and that the next times are open ones."""
    frame = pd.DataFrame({"when": times, "y": np.arange(float(len(times)))})
    (one,), found = read_series(frame, Columns(("y",), "when"), chosen_step(step, calendar, "when"), said=said)
    ahead = found.after(one.times, len(after))
    assert [ahead.text(row) for row in range(len(after))] == after
    np.testing.assert_array_equal(one.values[:, 0], frame["y"])


HOURS = pd.date_range("2024-01-01", periods=24 * 32, freq="h")
TRADING = HOURS[(HOURS.day_of_week < 5) & (HOURS.hour >= 9) & (HOURS.hour <= 16)]
DAYS = pd.date_range("2024-01-01", periods=90)


def _ends(folder):
    """Said at once, and scores and gates are those of any other model."""
    frame = pd.DataFrame({"t": DAYS[:88], "y": np.arange(88.0) % 7})
    model = gruvy.Forecaster(4, 12, hidden_size=4, max_epochs=1, random_state=0)
    model.fit(frame, target="y", time="t", calendar=DAYS)
    assert model.gates(frame).times[-1] == DAYS[83]
    with pytest.raises(DataError, match="fit again with a calendar that goes on"):
        model.predict(frame)


CASES = [
    Case(
        "months on the 15th",
        "accepted",
        lambda folder: _goes_on(
            pd.date_range("2023-01-01", periods=14, freq="MS") + pd.Timedelta(days=14), ["2024-03-15 00:00:00"]
        ),
    ),
    Case(
        "the last weekday of each month",
        "accepted",
        lambda folder: _goes_on(pd.date_range("2023-01-01", periods=15, freq="BME"), ["2024-04-30 00:00:00"]),
    ),
    Case(
        "weekdays at 16:00",
        "accepted",
        lambda folder: _goes_on(
            pd.date_range("2024-01-01 16:00", periods=20, freq="B"), ["2024-01-29 16:00:00", "2024-01-30 16:00:00"]
        ),
    ),
    Case(
        "trading hours",
        "accepted",
        lambda folder: _goes_on(TRADING[:-8], ["2024-02-01 09:00:00", "2024-02-01 10:00:00"]),
    ),
    Case(
        "a shop that is closed on Sundays",
        "accepted",
        lambda folder: _goes_on(DAYS[DAYS.day_of_week != 6], ["2024-04-01 00:00:00", "2024-04-02 00:00:00"]),
    ),
    Case(
        "Mondays, Wednesdays and Fridays",
        "accepted",
        lambda folder: _goes_on(DAYS[DAYS.day_of_week.isin([0, 2, 4])], ["2024-04-01 00:00:00"]),
    ),
    Case(
        "the 1st and the 15th",
        "accepted",
        lambda folder: _goes_on(pd.date_range("2024-01-01", periods=12, freq="SMS"), ["2024-07-01 00:00:00"]),
    ),
    Case(
        "open days in a calendar",
        "accepted",
        lambda folder: _goes_on(
            DAYS[:4].append(DAYS[8:10]) + pd.Timedelta(hours=7),
            ["2024-01-11 07:00:00"],
            calendar=DAYS[:4].append(DAYS[8:20]),
        ),
    ),
    Case(
        "a calendar that ends before the horizon",
        "adapted",
        _ends,
        "the calendar ends…: nothing can be forecast from the last row; fit with a calendar that goes on (--calendar, "
        "calendar in Python)",
    ),
    Case(
        "a step that the times do not follow",
        "refused",
        lambda folder: _goes_on(pd.date_range("2024-01-07", periods=9, freq="W-SUN"), [], step="W-FRI"),
        "the table: times in 'when' are not regular: the step is W-FRI, but 2024-01-07 00:00:00, a Sunday, is on "
        "none;…",
    ),
    Case(
        "64 Hz in whole milliseconds",
        "adapted",
        lambda folder: _goes_on(
            pd.to_datetime(np.round(np.arange(640) * 15.625).astype(np.int64), unit="ms"),
            ["1970-01-01 00:00:10"],
        ),
        "times in 'when' are only about regular: each row stands for the nearest step, about 0.015625 seconds, up to a "
        "fifth of it early or late, and keeps its own time",
    ),
    Case(
        "newest rows first",
        "refused",
        lambda folder: _goes_on([*DAYS[::-1], DAYS[0]], []),
        "the table: times in 'when' are not unique: 2024-01-01 00:00:00 occurs 2 times (1 duplicates in all); keep one "
        "row per time, or name the series id column",
    ),
]


@pytest.mark.parametrize("case", named(CASES))
def test_steps_are_those_of_the_calendar(case, tmp_path):
    case.check(tmp_path)
