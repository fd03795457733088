import numpy as np
import pandas as pd
import pytest

from gruvy.data import read_series
from gruvy.errors import DataError, InputNote
from gruvy.timeseries import Columns, Step

COLUMNS = Columns(targets=("y",), time="time", past=("a",), known=("k",))


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


def problems(frame, columns=COLUMNS, step=None):
    with pytest.raises(DataError) as caught:
        read_series(frame, columns, step)
    return str(caught.value)


def test_missing_rows_become_missing_values(frame):
    (one,), step = read_series(frame.drop(index=[2]), COLUMNS)
    assert step == Step("3600s")
    assert one.index.equals(pd.DatetimeIndex(frame["time"]))
    np.testing.assert_array_equal(one.values[:, 0], [1, 2, np.nan, 4, 5, 6])
    np.testing.assert_array_equal(one.values[:, 1], [0, 1, np.nan, 3, 4, 5])
    np.testing.assert_array_equal(one.values[:, 2], [1, 0, np.nan, 0, 1, 0])


def test_series_keep_their_order_ids_and_lengths(frame):
    frame = frame.drop(columns=["a", "k"])
    both = pd.concat([frame.assign(id=7), frame[:3].assign(id=2)], ignore_index=True)
    series, _ = read_series(both, Columns(("y",), "time", series="id"))
    assert [(one.name, len(one.times)) for one in series] == [(7, 6), (2, 3)]
    mixed = both.sort_values("time", kind="stable")
    again, _ = read_series(mixed, Columns(("y",), "time", series="id"))
    for one, other in zip(series, again, strict=True):
        assert one.name == other.name
        np.testing.assert_array_equal(one.values, other.values)


@pytest.mark.parametrize("zone", [None, "UTC", "America/New_York"])
def test_times_may_be_text(frame, zone):
    times = frame["time"].dt.tz_localize(zone)
    (one,), _ = read_series(frame.assign(time=[time.isoformat() for time in times]), COLUMNS)
    assert (one.index == pd.DatetimeIndex(times)).all()


def test_text_with_two_offsets_is_read_in_the_zone_that_has_them():
    times = pd.date_range("2020-03-28", periods=48, freq="h", tz="Europe/Berlin")
    frame = pd.DataFrame({"time": [time.isoformat() for time in times], "y": range(48)})
    with pytest.warns(InputNote, match=r"the offsets \+01:00 and \+02:00 are read as those of Europe/Berlin"):
        (one,), _ = read_series(frame, Columns(("y",), "time"))
    assert one.index.equals(times)


def test_all_missing_columns_are_named_together(frame):
    text = problems(frame.drop(columns=["k"]).rename(columns={"y": "yy"}))
    assert text.startswith("the table: 2 problems")
    assert "1. no column 'y' (target); did you mean 'yy'?" in text
    assert "2. no column 'k' (known); there are: time, yy, a" in text


def test_roles_cannot_be_shared(frame):
    text = problems(frame, Columns(("y",), "time", past=("y", "a"), known=("a",)))
    assert "column 'y' is given as target and as past" in text
    assert "column 'a' is given as past and as known" in text


def test_non_numeric_values_and_infinity(frame):
    text = problems(frame.assign(y=["1", "2", "x", "4", "", "6"], a=[0, np.inf, 0, 0, 0, 0]))
    assert "column 'y': expected numbers, got 'x' in row 2 (1 such values)" in text
    assert "column 'a': expected finite numbers, got infinity in row 1 (1 such values)" in text
    assert "column 'a': expected numbers" in problems(frame.assign(a=frame["time"]))
    assert "column 'a': expected numbers" in problems(frame.assign(a=frame["a"].astype(str).astype("category")))


def test_numbers_as_text_are_numbers(frame):
    (one,), _ = read_series(frame.assign(y=["1", "2.5", None, "4", "5", "6"]), COLUMNS)
    np.testing.assert_array_equal(one.values[:, 0], [1, 2.5, np.nan, 4, 5, 6])


def test_times_that_are_not_times(frame):
    text = problems(frame.assign(time=["2020-01-01", "01/02/2020", "soon", "", "2020-01-05", "2020-01-06"]))
    assert "column 'time' (time) is empty in 1 of 6 rows, the first is row 3" in text
    text = problems(frame.assign(time=["2020-01-01", "01/02/2020", "soon", "?", "2020-01-05", "2020-01-06"]))
    assert "has 3 values that are not times, the first in row 1: '01/02/2020'; expected the form %Y-%m-%d" in text
    text = problems(frame.assign(time=["soon", "01/02/2020", "soon", "?", "2020-01-05", "2020-01-06"]))
    assert "has 3 values that are not times, the first in row 0: 'soon'; expected ISO 8601" in text


def test_unsorted_and_duplicate_times(frame):
    with pytest.warns(InputNote, match="times in 'time' are not in order; the rows are sorted by time"):
        text = problems(frame.iloc[[0, 2, 1, 3, 3, 4]])
    assert "not unique: 2020-01-01 03:00:00 occurs 2 times (1 duplicates in all)" in text
    assert "or name the series id column" in text
    with pytest.warns(InputNote, match="from the newest to the oldest in 1 of 1 series; the rows are sorted by time"):
        (one,), _ = read_series(frame.iloc[::-1].assign(id="A"), Columns(("y",), "time", series="id"))
    np.testing.assert_array_equal(one.values[:, 0], frame["y"])
    np.testing.assert_array_equal(one.rows, [5, 4, 3, 2, 1, 0])


def test_irregular_times(frame):
    late = frame["time"] + pd.to_timedelta([0, 0, 0, 0, 0, 13], unit="min")
    assert "times in 'time' are not regular: most steps are 1 hour" in problems(frame.assign(time=late))
    shifted = problems(frame.assign(time=late), step=Step("3600s"))
    assert "steps are 1 hour, but 2020-01-01 05:13:00 is off that grid (1 such rows); resample" in shifted


def test_a_grid_that_would_be_nearly_empty_is_refused(frame):
    times = [*frame["time"][:5], pd.Timestamp("2030-01-01")]
    assert "only 6 rows on 87672 steps of 1 hour" in problems(frame.assign(time=times))


def test_targets_without_a_value(frame):
    assert "target 'y' has no observed value, all 6 rows are missing" in problems(frame.assign(y=np.nan))
    two = pd.concat([frame.assign(id="A"), frame.assign(id="B", y=np.nan)])
    with pytest.warns(InputNote, match="left out: series 'B', in which target 'y' has no observed value"):
        series, _ = read_series(two, Columns(("y",), "time", series="id"))
    assert [one.name for one in series] == ["A"]
    none = problems(two.assign(y=np.nan), Columns(("y",), "time", series="id"))
    assert "target 'y' has no observed value in any series" in none


def test_rows_without_an_id(frame):
    text = problems(frame.assign(id=["A", None, "A", "A", "A", "A"]), Columns(("y",), "time", series="id"))
    assert "column 'id' (series) has no id in 1 rows, the first is row 1" in text
    assert "has no id in 6 rows" in problems(frame.assign(id=None), Columns(("y",), "time", series="id"))


def test_what_is_no_table():
    assert "expected a DataFrame (of pandas, polars or pyarrow), got list" in problems([1, 2])
    assert "expected rows, got none" in problems(pd.DataFrame(columns=["time", "y", "a", "k"]))
