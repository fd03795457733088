"""The sentences of a forecaster's report."""

from __future__ import annotations

import math

import numpy as np

from gruvy.report.forecasting.values import ForecastReport, Sample
from gruvy.report.text import listed, relation


def sample_alt(report: ForecastReport, sample: Sample) -> str:
    """Describe a forecast plot to someone who cannot see it."""
    error = float(np.nanmean(np.abs(sample.median - sample.truth)))
    inside = _inside(sample)
    return (
        f"Line plot of {report.target}, {_day(sample.times[0])} to {_day(sample.times[-1])}: truth, median "
        f"forecast and quantile band. Mean absolute error {report.quantity(error)}; "
        f"{inside:.0%} of the truth lies in the band."
    )


def sample_error(report: ForecastReport, sample: Sample) -> str:
    """Return the sample's own mean absolute error."""
    return report.quantity(float(np.nanmean(np.abs(sample.median - sample.truth))))


def stretch_aid(report: ForecastReport, sample: Sample) -> str:
    """Explain the plot of many forecasts in a row."""
    low, high = report.levels
    return (
        f"Each coloured piece is one forecast of {report.horizon} {report.step}s, made before its first "
        f"point was known. The band should hold about {high - low:.0%} of the truth; here it holds "
        f"{_inside(sample):.0%}."
    )


def axis(name: str, report: ForecastReport, *, over_time: bool = False) -> str:
    """Return what stands above a plot: what its height means, and whose clock its width follows."""
    label = f"{name} ({report.unit})" if report.unit else name
    return f"{label}, times in {report.time_zone}" if over_time and report.time_zone else label


def steps_aid(report: ForecastReport) -> str:
    """Explain the error by step ahead, with the figures at both ends."""
    first, last = report.model["mae_by_step"][0], report.model["mae_by_step"][-1]
    return (
        f"Lower is better: the {report.model.name} is off by {report.quantity(first)} one {report.step} "
        f"ahead and by {report.quantity(last)} at {report.horizon} {report.step}s. "
        "Coloured lines are trained models, grey dashes are baselines."
    )


def steps_alt(report: ForecastReport) -> str:
    """Describe the error by step to someone who cannot see the plot."""
    ends = [
        f"{row.name} {report.quantity(row['mae_by_step'][0])} to {report.quantity(row['mae_by_step'][-1])}"
        for row in report.comparison.rows
    ]
    return f"Line plot of the mean absolute error, first to last {report.step} ahead: {listed(ends)}."


def gates_aid(report: ForecastReport) -> str:
    """Explain the gates, with how much of its state the layer keeps."""
    assert report.gates is not None
    by_unit = report.gates.update.mean(axis=0)
    fast, slow = np.quantile(by_unit, [0.1, 0.9])
    return (
        "Where the update gate is bright, a unit keeps its old state; where it is dark, it rewrites it. "
        f"Here a unit keeps {by_unit.mean():.0%} per {report.step} on average, the slowest tenth at least "
        f"{slow:.0%}, the fastest tenth at most {fast:.0%}. "
        "A dark reset gate leaves the old state out of what is written."
    )


def table_aid(report: ForecastReport) -> str:
    """Say which trained model has the smallest error, and what the columns are measured on."""
    tested = "All errors are measured on the held-out part of the data, which no model saw in training."
    models = sorted(report.comparison.of_kind("model"), key=lambda row: row["mae"])
    if len(models) < 2:
        return tested
    best, others = models[0], models[1:]
    gaps = listed([f"{relation(best['mae'], row['mae'])} the {row.name}" for row in others])
    return f"{tested} Of the trained models the {best.name} has the smallest error: {gaps}."


def _inside(sample: Sample) -> float:
    known = ~np.isnan(sample.truth)
    inside = (sample.truth >= sample.lower) & (sample.truth <= sample.upper)
    return float(inside[known].mean()) if known.any() else math.nan


def _day(time: np.generic) -> str:
    return str(time.astype("datetime64[D]")) if time.dtype.kind == "M" else f"step {time:g}"
