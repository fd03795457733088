"""Tables as mappings of arrays, against what the reader of DataFrames makes of them."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pandas as pd
import pytest

from gruvy.data import read_series
from gruvy.errors import DataError, InputNote
from gruvy.timeseries import Columns, Step, read_mapping

COLUMNS = Columns(targets=("y",), time="time", past=("a",), known=("k",))
HOUR = Step("3600s")


@pytest.fixture
def frame():
    return pd.DataFrame(
        {
            "time": pd.date_range("2020-01-01", periods=6, freq="h"),
            "y": [1.0, 2, np.nan, 4, 5, 6],
            "a": [0, 1, 2, 3, 4, 5],
            "k": [True, False, True, False, True, False],
        }
    )


def as_mapping(frame):
    return {name: frame[name].to_numpy() for name in frame}


def problems(table, columns=COLUMNS):
    with pytest.raises(DataError) as caught:
        read_mapping(table, columns, HOUR)
    return str(caught.value)


def same(table, frame, columns=COLUMNS):
    want, _ = read_series(frame, columns, HOUR)
    for one, other in zip(read_mapping(table, columns, HOUR), want, strict=True):
        assert one.name == other.name
        assert one.index.equals(other.index)
        np.testing.assert_array_equal(one.values, other.values)


@pytest.mark.parametrize("zone", [None, "UTC", "Europe/Berlin"])
def test_mappings_and_frames_are_read_alike(frame, zone):
    frame = frame.assign(time=frame["time"].dt.tz_localize(zone)).drop(index=[2])
    for table in (frame, as_mapping(frame), {name: list(frame[name]) for name in frame}):
        same(table, frame)


def test_times_may_be_text_or_whole_seconds(frame):
    want = as_mapping(frame)
    same(want | {"time": [str(time) for time in frame["time"]]}, frame)
    same(want | {"time": frame["time"].to_numpy().astype("M8[h]")}, frame)
    text = [time.isoformat() for time in frame["time"].dt.tz_localize("UTC")]
    same(want | {"time": text}, frame.assign(time=text))


def test_missing_numbers(frame):
    for missing in (None, pd.NA, "", np.nan):
        same(as_mapping(frame) | {"y": np.array([1.0, 2, missing, 4, 5, 6], object)}, frame)


def test_series_in_any_order(frame):
    both = pd.concat([frame.assign(id=7), frame[:3].assign(id=2)], ignore_index=True)
    mixed = both.sort_values("time", kind="stable")
    columns = Columns(("y",), "time", series="id")
    same(as_mapping(mixed), mixed, columns)
    same(as_mapping(mixed.assign(id=mixed["id"].astype(str))), mixed.assign(id=mixed["id"].astype(str)), columns)
    assert "has no id in 1 rows, the first is row 2" in problems(
        as_mapping(both) | {"id": np.array([7, 7, None, *both["id"][3:]], object)}, columns
    )


def test_what_cannot_be_used(frame):
    table = as_mapping(frame)
    assert "expected a mapping of column names to arrays" in problems([1, 2])
    assert "expected rows, got none" in problems({name: array[:0] for name, array in table.items()})
    assert "2 problems" in problems({"time": table["time"], "a": table["a"]})
    assert "expected columns of one length, got 'time' (6,), 'y' (5,)" in problems(table | {"y": table["y"][1:]})
    assert "holds numbers (0) where the table of the fit has dates and times" in problems(
        table | {"time": np.arange(6)}
    )
    text = problems(table | {"time": np.array(["2020-01-01", "01/02/2020", "", 5, "soon", "2020-01-06"], object)})
    assert "is empty in 1 of 6 rows, the first is row 2" in text
    text = problems(table | {"time": np.array(["2020-01-01", "01/02/2020", "x", 5, "soon", "2020-01-06"], object)})
    assert "holds 5 in row 3, but '2020-01-01' in row 0" in text
    text = problems(table | {"time": np.array(["2020-01-01", "01/02/2020", "x", "5", "soon", "2020-01-06"], object)})
    assert "has 4 values that are not times, the first in row 1: '01/02/2020'" in text
    lost = table["time"].copy()
    lost[3] = "NaT"
    assert "is empty in 1 of 6 rows, the first is row 3" in problems(table | {"time": lost})
    mixed = [datetime(2020, 1, 1), *[time.to_pydatetime() for time in frame["time"].dt.tz_localize("UTC")[1:]]]
    assert "give all a zone, or none" in problems(table | {"time": mixed})
    text = problems(table | {"y": np.array(["1", "x", "3", "y", "5", "6"]), "a": np.array([0, 1, np.inf, 3, 4, 5])})
    assert "column 'y': expected numbers, got" in text
    assert "in row 1 (2 such values)" in text
    assert "column 'a': expected finite numbers, got infinity in row 2" in text
    with pytest.warns(InputNote, match="the rows are sorted by time"):
        (one,) = read_mapping({name: array[[1, 0, 2]] for name, array in table.items()}, COLUMNS, HOUR)
    np.testing.assert_array_equal(one.rows, [1, 0, 2])
    late = table["time"].copy()
    late[5] += np.timedelta64(13, "m")
    assert "2020-01-01 05:13:00 is off that grid" in problems(table | {"time": late})
