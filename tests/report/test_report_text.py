"""The report's sentences say what its numbers say."""

from __future__ import annotations

import dataclasses
import math

import pytest

from gruvy.report import Comparison, text
from gruvy.report.forecasting import ForecastReport, forecast_columns, forecast_row
from gruvy.report.forecasting import text as sentences


def compared(model: float, **baselines: float) -> Comparison:
    rows = [
        forecast_row(
            name, "baseline" if name in baselines else "model", {"mae": mae, "rmse": mae, "mae_by_step": [mae]}
        )
        for name, mae in {"GRU": model, **baselines}.items()
    ]
    return Comparison(forecast_columns(1), rows)


def test_headline_admits_a_defeat(report: ForecastReport):
    lost = dataclasses.replace(report, comparison=compared(2.0, persistence=4.0, linear=1.6, naive=2.001))
    assert lost.headline == (
        "The GRU is off by 2.00 °F on average over the next hour: "
        "50% less than persistence, 25% more than linear and as much as naive."
    )


@pytest.mark.parametrize(
    ("error", "other", "expected"),
    [
        (3.0, 4.0, "25% less than"),
        (5.0, 4.0, "25% more than"),
        (4.01, 4.0, "as much as"),
        (1.0, 0.0, "not comparable with"),
        (math.nan, 1.0, "not comparable with"),
    ],
)
def test_relation(error, other, expected):
    assert text.relation(error, other) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [([3.414, 12.0], 2), ([123.4], 0), ([0.012345, None], 4), ([math.nan, 0.0], 0), ([1e-12], 6)],
)
def test_decimals_show_three_digits_of_the_smallest(values, expected):
    assert text.decimals(values) == expected


def test_what_is_missing_is_a_dash():
    assert text.fixed(None, 2) == text.fixed(math.nan, 2) == text.seconds(None) == text.memory(None) == "–"


def test_sizes_and_times_are_rounded_for_people():
    assert [text.seconds(s) for s in (0.0123, 1.234, 61.7)] == ["12 ms", "1.2 s", "62 s"]
    assert text.memory(83_400_000) == "83 MB"
    assert text.fixed(20064, 0) == "20,064"


def test_gates_are_put_into_numbers(report: ForecastReport):
    kept = report.gates.update.mean()
    assert f"a unit keeps {kept:.0%} per hour on average" in sentences.gates_aid(report)


def test_table_names_the_best_model_even_if_it_is_another(report: ForecastReport):
    assert "the LSTM has the smallest error: 1% less than the GRU" in sentences.table_aid(report)
