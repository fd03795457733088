"""The anomaly report as a reader sees it."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from report_views import VIEWS, compared, look

from gruvy.errors import ArgumentError
from gruvy.report import Comparison, LossCurve, write_report
from gruvy.report.anomaly import DETECTOR_COLUMNS, AnomalyEvent, AnomalyReport
from gruvy.report.anomaly.figures import calibration_plot, series_plot


@pytest.fixture(scope="module")
def anomalies() -> AnomalyReport:
    rng = np.random.default_rng(0)
    scores = rng.gamma(2, 0.12, 500)
    scores[100:106] = 4
    scores[300] = 1.5
    labels = [(98, 107), (400, 410)]
    normal = np.ones(500, bool)
    for start, stop in labels:
        normal[start:stop] = False
    return AnomalyReport(
        title="Faults in a pump",
        index=np.datetime64("2024-01-01", "h") + np.arange(500),
        series={"inlet": rng.normal(size=500).cumsum(), "outlet": rng.normal(size=500).cumsum()},
        scores=scores,
        events=[
            AnomalyEvent(100, 105, "2024-01-05 04:00", "2024-01-05 09:00", 6, 4.0, "inlet", True),
            AnomalyEvent(300, 300, "2024-01-13 12:00", "2024-01-13 12:00", 1, 1.5, "outlet", False),
        ],
        rate=0.01,
        calibration=rng.gamma(2, 0.12, 300),
        losses=[LossCurve("GRU", [0.9, 0.5, 0.4], [0.8, 0.5, 0.6], 2)],
        provenance={"Seed": "0"},
        labelled=labels,
        normal=scores[normal],
        comparison=compared(
            DETECTOR_COLUMNS,
            ("GRU", "model", 0.5, 0.5, 0.5, 1, 0.002, 0.97),
            ("z-score", "baseline", 0.2, 0.3, 0.15, 4, 0.02, 0.8),
            what="detector",
        ),
    )


@VIEWS
def test_everything_is_drawn_and_nothing_complains(chromium, anomalies, tmp_path, width, dark):
    drawn = look(chromium, anomalies, tmp_path / "anomaly.html", width=width, dark=dark)
    assert drawn == {"series": 3, "calibration": 2, "losses": 3}


def test_the_page_says_what_is_right(anomalies, tmp_path):
    assert anomalies.headline == "1 of 2 labelled events were found; 1 of the 2 events in 500 rows are right."
    page = write_report(anomalies, tmp_path / "a.html").read_text(encoding="utf-8")
    for text in ("2024-01-05 04:00", "inlet", "F1 of events", "0.50", "z-score"):
        assert text in page


def test_without_labels_there_is_no_right_or_wrong(chromium, anomalies, tmp_path):
    plain = dataclasses.replace(
        anomalies,
        labelled=None,
        normal=None,
        comparison=Comparison(),
        events=[dataclasses.replace(event, right=None) for event in anomalies.events],
    )
    assert plain.headline.startswith("2 events in 500 rows; 1.60% of the rows raise an alarm")
    drawn = look(chromium, plain, tmp_path / "anomaly-unlabelled.html", width=390, dark=False)
    assert drawn == {"series": 3, "calibration": 2, "losses": 3}


def test_bands_stand_where_the_events_are(anomalies):
    shapes = series_plot(anomalies).figure.layout.shapes
    bands = [(shape.x0, shape.x1) for shape in shapes if shape.type == "rect"]
    times = [str(time) for time in anomalies.index.astype("datetime64[s]")]
    assert bands == [
        (times[98], times[107]),
        (times[400], times[410]),
        (times[100], times[106]),
        (times[300], times[301]),
    ]


@pytest.mark.parametrize("labelled", [True, False])
def test_the_calibration_is_measured_on_the_rows_of_the_table(anomalies, labelled):
    shown = anomalies if labelled else dataclasses.replace(anomalies, labelled=None, normal=None)
    plot = calibration_plot(shown)
    _, measured = plot.figure.data
    rows = anomalies.normal if labelled else anomalies.scores
    for rate, fraction in zip(measured.x, measured.customdata, strict=True):
        limit = np.quantile(anomalies.calibration, 1 - rate)
        assert fraction == pytest.approx((rows > limit).mean(), abs=0.005)
    names = [key.name for key in plot.keys]
    assert names == ["as stated", f"{'normal' if labelled else 'all'} rows of this table", "the rate in use"]


def test_rows_without_any_alarm_still_have_a_line(anomalies):
    calm = dataclasses.replace(anomalies, normal=np.zeros(200))
    _, measured = calibration_plot(calm).figure.data
    assert set(measured.customdata) == {0}
    assert set(measured.y) == {0.5 / 200}


def test_a_long_series_keeps_its_peaks_in_fewer_points(anomalies):
    rng = np.random.default_rng(0)
    values = rng.normal(size=50_000)
    values[31_234] = 99
    long = dataclasses.replace(
        anomalies, index=np.arange(50_000), series={"a": values}, scores=np.abs(values), labelled=None, events=[]
    )
    line, score = series_plot(long).figure.data
    assert len(line.x) <= 1200
    assert dict(zip(line.x, line.y, strict=True))[31_234] == 99
    assert max(score.y) == 99


def test_lengths_that_do_not_fit_are_refused(anomalies):
    with pytest.raises(ArgumentError, match=r"500 rows, but .*'score': 3"):
        dataclasses.replace(anomalies, scores=np.zeros(3))
