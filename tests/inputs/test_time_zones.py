"""Time zones, offsets to UTC, and clocks that go forward and back."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from input_cases import Case, named

from gruvy.data import read_series
from gruvy.timeseries import UNSAID, Columns, TimeFormat

TITLE = "Time zones"


def _goes_on(times, after, *, said=UNSAID):
    """Read them, and check that no row is missing or lost and what the next times are."""
    frame = pd.DataFrame({"when": times, "y": np.arange(float(len(times)))})
    (one,), found = read_series(frame, Columns(("y",), "when"), said=said)
    ahead = found.after(one.times, len(after))
    assert [ahead.text(row) for row in range(len(after))] == after
    np.testing.assert_array_equal(one.values[:, 0], frame["y"])


BERLIN = pd.date_range("2024-10-26", periods=60, freq="h", tz="Europe/Berlin")
SPRING = pd.date_range("2024-03-30", periods=60, freq="h", tz="Europe/Berlin")
HERE = TimeFormat(zone="Europe/Berlin")
CASES = [
    Case(
        "offsets to UTC that change with the clock",
        "adapted",
        lambda folder: _goes_on(
            [one.isoformat() for one in pd.date_range("2024-03-01", periods=20, tz="America/New_York")],
            ["2024-03-21 00:00:00-04:00"],
        ),
        "column 'when' (time): the offsets -05:00 and -04:00 are read as those of America/New_York; --timezone names "
        "another (timezone in Python)",
    ),
    Case(
        "an hour that clocks show twice",
        "refused",
        lambda folder: _goes_on(BERLIN.tz_localize(None), []),
        "the table: times in 'when' are not unique: 2024-10-27 02:00:00 occurs 2 times (1 duplicates in all); if "
        "clocks went back then, name their time zone, such as --timezone Europe/Berlin (timezone='Europe/Berlin' in "
        "Python); else keep one row per time, or name the series id column",
    ),
    Case(
        "the same with the time zone, as that message says",
        "accepted",
        lambda folder: _goes_on(
            BERLIN.tz_localize(None), ["2024-10-28 11:00:00+01:00"], said=TimeFormat(zone="Europe/Berlin")
        ),
    ),
    Case(
        "days of a zone over the change of its clock",
        "accepted",
        lambda folder: _goes_on(
            pd.date_range("2024-03-28", periods=10, tz="Europe/Berlin"), ["2024-04-07 00:00:00+02:00"]
        ),
    ),
    Case(
        "hours of a zone, the last one before its clock goes forward",
        "accepted",
        lambda folder: _goes_on(SPRING[:26], ["2024-03-31 03:00:00+02:00", "2024-03-31 04:00:00+02:00"]),
    ),
    Case(
        "local hours in spring, one of which there is not, with the time zone",
        "accepted",
        lambda folder: _goes_on(SPRING.tz_localize(None), ["2024-04-01 13:00:00+02:00"], said=HERE),
    ),
    Case(
        "UTC, shown in a zone that is named",
        "accepted",
        lambda folder: _goes_on(
            [f"2024-01-01T{hour:02d}:00:00Z" for hour in range(24)], ["2024-01-02 01:00:00+01:00"], said=HERE
        ),
    ),
    Case(
        "an offset of five and a half hours",
        "accepted",
        lambda folder: _goes_on(
            [f"2024-01-{day:02d}T00:00:00+05:30" for day in range(1, 20)], ["2024-01-20 00:00:00+05:30"]
        ),
    ),
    Case(
        "a zone whose clock goes back by half an hour",
        "accepted",
        lambda folder: _goes_on(
            pd.date_range("2024-04-06", periods=30, freq="30min", tz="Australia/Lord_Howe"),
            ["2024-04-06 15:00:00+11:00"],
        ),
    ),
    Case(
        "weeks in New York, over a change of the clock",
        "accepted",
        lambda folder: _goes_on(
            pd.date_range("2024-09-02", periods=9, freq="W-MON", tz="America/New_York"), ["2024-11-04 00:00:00-05:00"]
        ),
    ),
    Case(
        "a time zone that is misspelt",
        "refused",
        lambda folder: _goes_on(BERLIN.tz_localize(None), [], said=TimeFormat(zone="Europe/Berln")),
        "the table: column 'when' (time) timezone: expected a name such as Europe/Berlin, got 'Europe/Berln'; did you "
        "mean 'Europe/Berlin'?",
    ),
    Case(
        "offsets in some rows only",
        "refused",
        lambda folder: _goes_on([*["2024-01-01T00:00:00Z"] * 3, "2024-01-01T03:00:00"], []),
        "the table: column 'when' (time) has 1 values that are not times, the first in row 3: '2024-01-01T03:00:00'; "
        "expected an offset to UTC as in other rows; give all a zone, or none",
    ),
]


@pytest.mark.parametrize("case", named(CASES))
def test_times_are_those_of_the_zone(case, tmp_path):
    case.check(tmp_path)
