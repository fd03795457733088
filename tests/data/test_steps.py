import pandas as pd
import pytest

from gruvy.data import infer_step, times_of
from gruvy.timeseries import Series, Step, Times


def index_of(times: Times) -> pd.DatetimeIndex:
    return Series(None, times, None).index


@pytest.mark.parametrize(
    ("times", "freq", "text"),
    [
        (pd.date_range("2020", periods=9, freq="h"), "3600s", "1 hour"),
        (pd.date_range("2020", periods=9, freq="10min"), "600s", "10 minutes"),
        (pd.date_range("2020", periods=9, freq="90s"), "90s", "90 seconds"),
        (pd.date_range("2020", periods=9, freq="20ms"), "20000000ns", "20000000 nanoseconds"),
        (pd.date_range("2020", periods=9, freq="D"), "1D", "1 day"),
        (pd.date_range("2020", periods=30, freq="D"), "1D", "1 day"),
        (pd.date_range("2020", periods=30, freq="B"), "B", "1 weekday"),
        (pd.date_range("2020", periods=9, freq="7D"), "7D", "7 days"),
        (pd.date_range("2020", periods=30, freq="MS"), "1MS", "1 month"),
        (pd.date_range("2020", periods=30, freq="ME"), "1ME", "1 month"),
        (pd.date_range("2020", periods=9, freq="QS"), "3MS", "3 months"),
        (pd.date_range("2020", periods=9, freq="YE"), "12ME", "12 months"),
    ],
)
def test_the_step_is_found_with_and_without_gaps(times, freq, text):
    step = infer_step([times])
    assert (step.freq, str(step)) == (freq, text)
    holes = times.delete([2, 3, 5])
    assert infer_step([holes]) == step
    assert infer_step([holes[:3], times]) == step
    assert index_of(step.grid(times_of(times))).equals(times)
    assert index_of(step.after(times_of(times[:-2]), 2)).equals(times[-2:])


def test_local_days_follow_the_clock_and_hours_do_not():
    # Clocks went forward on 2020-03-29 in Berlin.
    days = pd.date_range("2020-03-25", periods=8, freq="D", tz="Europe/Berlin")
    step = infer_step([days])
    assert step.freq == "1D"
    assert index_of(step.grid(times_of(days))).equals(days)
    assert (index_of(step.after(times_of(days), 30)).hour == 0).all()

    hours = pd.date_range("2020-03-28", periods=72, freq="h", tz="Europe/Berlin")
    step = infer_step([hours])
    assert step.freq == "3600s"
    assert index_of(step.grid(times_of(hours))).equals(hours)


@pytest.mark.parametrize(
    ("times", "message"),
    [
        (
            ["2020-01-01 00:00", "2020-01-01 01:00", "2020-01-01 02:00", "2020-01-01 02:30"],
            "most steps are 1 hour, but 2020-01-01 02:30:00 comes 0 days 00:30:00 after",
        ),
        (["2020-01-01"], "at least two rows are needed"),
        (["2020-01-15", "2020-02-15", "2020-02-28", "2020-04-15"], "most steps are 13 days, but 2020-02-15"),
    ],
)
def test_an_irregular_index_is_explained(times, message):
    with pytest.raises(ValueError, match=message):
        infer_step([pd.DatetimeIndex(times)])


@pytest.mark.parametrize(
    ("freq", "days"), [("3600s", 1 / 24), ("7D", 7), ("B", 1.4), ("1MS", 365 / 12), ("1ME", 365 / 12), ("12MS", 365.25)]
)
def test_duration(freq, days):
    assert pd.Timedelta(Step(freq).duration) / pd.Timedelta(days=1) == pytest.approx(days, rel=5e-3)
