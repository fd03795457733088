"""The plots draw the numbers that they are given."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from gruvy.report.figures import log_axis, losses_plot, thinned
from gruvy.report.forecasting.figures import figures, forecast_figure


def test_gates_have_time_along_and_the_slowest_unit_on_top(report):
    values, update, reset = figures(report)["gates"].figure.data
    slowest = report.gates.update.mean(axis=0).argmax()
    np.testing.assert_allclose(update.z[-1] / 100, report.gates.update[:, slowest], atol=0.0051)
    np.testing.assert_allclose(reset.z[-1] / 100, report.gates.reset[:, slowest], atol=0.0051)
    assert np.asarray(update.z).shape == (64, len(report.gates.times))
    assert list(values.x) == list(update.x) == list(reset.x)


def test_large_layers_and_long_windows_are_averaged_to_what_can_be_seen(report):
    update = np.repeat(np.linspace(0, 1, 512)[None], 1000, axis=0)
    times = np.datetime64("2024-01-01", "h") + np.arange(1000)
    gates = dataclasses.replace(report.gates, times=times, values=np.zeros(1000), update=update, reset=1 - update)
    _, z, r = figures(dataclasses.replace(report, gates=gates))["gates"].figure.data
    assert z.z.shape == r.z.shape == (128, len(z.x)) == (128, 400)
    np.testing.assert_allclose(z.z[:, 7], 100 * np.linspace(0, 1, 128), atol=0.9)
    np.testing.assert_allclose(z.z.astype(int) + r.z, 100, atol=1)
    assert z.x[399] == "2024-02-11T13:00:00"


def test_each_forecast_is_a_line_and_a_band_of_its_own(report):
    band, truth, median = figures(report)["stretch"].figure.data
    assert median.y.count(None) == 13  # the pen is lifted between 14 forecasts
    assert band.x.count(None) == 13
    assert len(truth.x) == len(report.stretch.times)
    outline = [y for y in band.y if y is not None][:48]  # there and back over the first 24 hours
    np.testing.assert_allclose(outline[:24], report.stretch.upper[:24], rtol=1e-5)
    np.testing.assert_allclose(outline[24:], report.stretch.lower[:24][::-1], rtol=1e-5)


def test_missing_truth_is_a_gap(report):
    sample = report.samples[0]
    holed = dataclasses.replace(sample, truth=np.where(np.arange(24) == 5, np.nan, sample.truth))
    _, truth, _ = forecast_figure(report, holed).data
    assert [i for i, y in enumerate(truth.y) if y is None] == [48 + 5]


def test_kept_epoch_is_marked_on_the_validation_loss(report):
    _, validation, mark = losses_plot(report.losses).figure.data[:3]
    assert (mark.x[0], mark.y[0]) == (12, report.losses[0].validation[11])
    np.testing.assert_allclose(validation.y, report.losses[0].validation, rtol=1e-5)


@pytest.mark.parametrize(
    ("low", "high", "marks"),
    [
        (1e-4, 0.5, ["0.0001", "0.001", "0.01", "0.1"]),
        (3, 40, ["5", "10", "20"]),
        (0.1, 12, ["0.1", "1", "10"]),
        (1, 1e12, ["1", "1000", "1e+06", "1e+09", "1e+12"]),
    ],
)
def test_a_logarithmic_axis_has_few_marks(low, high, marks):
    axis = log_axis(low, high)
    assert axis["ticktext"] == marks
    assert axis["range"] == pytest.approx([np.log10(low), np.log10(high)])


def test_a_thinned_line_keeps_the_ends_of_each_stretch():
    values = np.sin(np.arange(10_000.0))
    values[[77, 5000]] = np.nan, 9
    places = thinned(values, 100)
    assert 50 <= len(places) <= 100
    assert 5000 in places
    assert (np.diff(places) > 0).all()
    np.testing.assert_array_equal(thinned(values[:60], 100), np.arange(60))
