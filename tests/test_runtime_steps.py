"""A forecast without torch stands at the same times, written in the same way, whatever the step."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import gruvy
from gruvy import runtime
from gruvy.tasks.forecasting.report import forecast_report, step_name

ROWS = 72
HOURS = pd.date_range("2024-01-01", periods=24 * 30, freq="h")
DAYS = pd.date_range("2024-01-01", periods=120)
MONTHS = pd.date_range("2018-01-01", periods=ROWS, freq="MS")
# The times of the table, and what one step is called.
STEPS = {
    "months on the 15th": (MONTHS + pd.Timedelta(days=14), "month"),
    "last weekdays of months": (pd.date_range("2018-01-01", periods=ROWS, freq="BME"), "month"),
    "fiscal years": (pd.date_range("1950-07-01", periods=ROWS, freq="YS-JUL"), "year"),
    "quarters as text": ([f"{1990 + row // 4}-Q{row % 4 + 1}" for row in range(ROWS)], "quarter"),
    "weeks": (pd.date_range("2020-01-06", periods=ROWS, freq="W-MON"), "week"),
    "trading hours": (HOURS[(HOURS.day_of_week < 5) & (HOURS.hour >= 9) & (HOURS.hour <= 16)], "open time"),
    "closed Sundays": (DAYS[DAYS.day_of_week != 6][:ROWS], "open day"),
    "a zone over a change of the clock": (
        pd.date_range("2024-03-28", periods=ROWS, freq="h", tz="Europe/Berlin"),
        "hour",
    ),
    "days of a zone": (pd.date_range("2024-02-01", periods=ROWS, tz="America/New_York"), "day"),
    "a count of steps": (np.arange(ROWS), "step"),
    "years": (np.arange(1900, 1900 + ROWS), "year"),
    "a date and an hour": (None, "hour"),
}


@pytest.mark.parametrize("kind", STEPS)
@pytest.mark.filterwarnings("ignore::gruvy.errors.InputNote")
def test_it_goes_on_at_the_same_times(kind, tmp_path):
    times, called = STEPS[kind]
    columns = (
        {"t": times} if times is not None else {"day": HOURS[:ROWS].strftime("%d.%m.%Y"), "hour": HOURS[:ROWS].hour}
    )
    frame = pd.DataFrame(columns)
    frame["y"] = np.sin(np.arange(len(frame)) / 3)
    model = gruvy.Forecaster(3, 12, hidden_size=4, max_epochs=1, random_state=0)
    model.fit(frame, target="y", time=list(columns))
    forecast = model.predict(frame)
    alone = runtime.load(model.save(tmp_path / "m.gruvy")).predict(frame)
    name = ",".join(columns)
    assert pd.Series(alone[name]).tolist() == forecast[name].tolist()
    np.testing.assert_allclose(alone["y"], forecast["y"], rtol=1e-6)
    assert gruvy.load(tmp_path / "m.gruvy").predict(frame).equals(forecast)
    assert step_name(model) == called
    if kind in ("a count of steps", "years"):
        report = forecast_report({"GRU": model}, frame)
        first = {"a count of steps": 67, "years": np.datetime64("1967-01-01")}[kind]
        assert report.stretch.times[-3] == first
        assert report.provenance["Time span"] == {"a count of steps": "0 to 71", "years": "1900 to 1971"}[kind]
