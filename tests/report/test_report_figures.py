"""The plots draw the numbers that they are given."""

from __future__ import annotations

import dataclasses

import numpy as np

from gruvy.report.forecasting.figures import figures, forecast_figure
from gruvy.report.palette import LIGHT


def test_gates_have_time_along_and_the_slowest_unit_on_top(report):
    values, update, reset = figures(report, LIGHT)["gates"].data
    slowest = report.gates.update.mean(axis=0).argmax()
    np.testing.assert_allclose(update.z[-1], report.gates.update[:, slowest], atol=1e-6)
    np.testing.assert_allclose(reset.z[-1], report.gates.reset[:, slowest], atol=1e-6)
    assert np.asarray(update.z).shape == (64, len(report.gates.times))
    assert list(values.x) == list(update.x) == list(reset.x)


def test_each_forecast_is_a_line_and_a_band_of_its_own(report):
    band, truth, median = figures(report, LIGHT)["stretch"].data
    assert median.y.count(None) == 13  # the pen is lifted between 14 forecasts
    assert band.x.count(None) == 13
    assert len(truth.x) == len(report.stretch.times)
    outline = [y for y in band.y if y is not None][:48]  # there and back over the first 24 hours
    np.testing.assert_allclose(outline[:24], report.stretch.upper[:24], rtol=1e-5)
    np.testing.assert_allclose(outline[24:], report.stretch.lower[:24][::-1], rtol=1e-5)


def test_missing_truth_is_a_gap(report):
    sample = report.samples[0]
    holed = dataclasses.replace(sample, truth=np.where(np.arange(24) == 5, np.nan, sample.truth))
    _, truth, _ = forecast_figure(report, holed, LIGHT).data
    assert [i for i, y in enumerate(truth.y) if y is None] == [48 + 5]


def test_kept_epoch_is_marked_on_the_validation_loss(report):
    _, validation, mark = figures(report, LIGHT)["losses"].data[:3]
    assert (mark.x[0], mark.y[0]) == (12, report.losses[0].validation[11])
    np.testing.assert_allclose(validation.y, report.losses[0].validation, rtol=1e-5)
