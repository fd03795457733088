"""Times as numbers and as text."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from input_cases import Case, named

from gruvy.data import read_series
from gruvy.timeseries import UNSAID, Columns, TimeFormat

TITLE = "Times as numbers and text"


def _goes_on(times, after, *, first, said=UNSAID):
    """Read them, and check the first moment and what one step more is written as."""
    frame = pd.DataFrame({"when": times, "y": np.arange(float(len(times)))})
    (one,), step = read_series(frame, Columns(("y",), "when"), said=said)
    assert one.times.clock[0] == np.datetime64(first)
    assert step.after(one.times, 1).text(0) == after
    assert not np.isnan(one.values).any()


MONTHS = pd.date_range("1949-01-01", periods=48, freq="MS")
CASES = [
    Case(
        "years as integers, from before 1678",
        "adapted",
        lambda folder: _goes_on(np.arange(1600, 1960), "1960", first="1600-01-01"),
        "column 'when' (time) holds years",
    ),
    Case(
        "steps counted from 0",
        "adapted",
        lambda folder: _goes_on(range(40), "40", first="1970-01-01"),
        "column 'when' (time) holds a count of steps",
    ),
    Case(
        "dates in digits",
        "adapted",
        lambda folder: _goes_on([20240228, 20240229, 20240301], "20240302", first="2024-02-28"),
        "column 'when' (time) holds dates written as yyyymmdd: 20240228 is 2024-02-28 00:00:00",
    ),
    Case(
        "months in digits, as text",
        "adapted",
        lambda folder: _goes_on(["202311", "202312", "202401"], "202402", first="2023-11-01"),
        "column 'when' (time) holds months written as yyyymm: 202311 is 2023-11-01 00:00:00",
    ),
    Case(
        "milliseconds since 1970",
        "adapted",
        lambda folder: _goes_on(
            1_700_000_000_000 + np.arange(9) * 60_000, "1700000540000", first="2023-11-14T22:13:20"
        ),
        "column 'when' (time) holds milliseconds since 1970 (UTC): 1700000000000 is 2023-11-14 22:13:20",
    ),
    Case(
        "years with a fraction, three digits",
        "adapted",
        lambda folder: _goes_on(np.round(1749 + np.arange(30) / 12 + 1 / 24, 3), "1751.542", first="1749-01-01"),
        "column 'when' (time) holds years with a fraction: 1749.042 is 1749-01-01 00:00:00",
    ),
    Case(
        "consecutive days as Excel counts them, or a count",
        "refused",
        lambda folder: _goes_on(range(45292, 45300), "", first="2024-01-01"),
        "the table: column 'when' (time) holds numbers: 45292 may be 2024-01-01 as Excel counts days, or a count of "
        "steps; say which with --time-format excel or index (time_format='excel' or 'index' in Python)",
    ),
    Case(
        "the same with time_format, as that message says",
        "accepted",
        lambda folder: _goes_on(range(45292, 45300), "45300", first="2024-01-01", said=TimeFormat("excel")),
    ),
    Case(
        "quarters",
        "accepted",
        lambda folder: _goes_on(
            [f"{y}-Q{q}" for y in (2019, 2020) for q in range(1, 5)], "2021-Q1", first="2019-01-01"
        ),
    ),
    Case(
        "month names",
        "accepted",
        lambda folder: _goes_on(["Nov 2023", "Dec 2023", "Jan 2024"], "Feb 2024", first="2023-11-01"),
    ),
    Case(
        "weeks of ISO 8601 over the end of a year of 53",
        "accepted",
        lambda folder: _goes_on(["2020-W51", "2020-W52", "2020-W53"], "2021-W01", first="2020-12-14"),
    ),
    Case(
        "day and month that only the regular step tells apart",
        "adapted",
        lambda folder: _goes_on([one.strftime("%d/%m/%Y") for one in MONTHS], "01/01/1953", first="1949-01-01"),
        "column 'when' (time): it is read with the day first (01/01/1949 is 1949-01-01 00:00:00)",
    ),
    Case(
        "day and month that nothing tells apart",
        "refused",
        lambda folder: _goes_on(["01/02/2024", "02/02/2024", "03/02/2024"], "", first="2024-02-01"),
        "the table: column 'when' (time) is in doubt: '01/02/2024' in row 0 may be 2024-02-01 or 2024-01-02, and no "
        "other row decides; say which with --time-format '%d/%m/%Y' or '%m/%d/%Y' (time_format in Python)",
    ),
    Case(
        "hours that end at 24:00",
        "adapted",
        lambda folder: _goes_on(
            ["2024-01-01 22:00", "2024-01-01 23:00", "2024-01-01 24:00"],
            "2024-01-02 01:00:00",
            first="2024-01-01T22:00",
        ),
        "column 'when' (time): 24:00 is read as 00:00 of the day after",
    ),
    Case(
        "the 12-hour clock",
        "accepted",
        lambda folder: _goes_on(
            ["31.12.2024 11:00 AM", "31.12.2024 12:00 PM", "31.12.2024 01:00 PM"],
            "31.12.2024 02:00 PM",
            first="2024-12-31T11:00",
        ),
    ),
]


@pytest.mark.parametrize("case", named(CASES))
def test_times_are_read_as_they_are_meant(case, tmp_path):
    case.check(tmp_path)
