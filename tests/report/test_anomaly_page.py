"""The anomaly report as a reader sees it."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from gruvy.errors import ArgumentError
from gruvy.report import AnomalyEvent, AnomalyReport, DetectorRow, LossCurve, write_anomaly_report
from gruvy.report.anomaly.figures import calibration_figure, series_figure
from gruvy.report.anomaly.page import headline
from gruvy.report.palette import LIGHT

DRAWN = """Object.fromEntries([...document.querySelectorAll('.plot')].map(plot => [plot.id,
    plot.querySelectorAll('.scatterlayer .trace').length]))"""


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
        rows=[
            DetectorRow("GRU", "model", 0.5, 0.5, 0.5, 1, 0.002, 0.97),
            DetectorRow("z-score", "baseline", 0.2, 0.3, 0.15, 4, 0.02, 0.8),
        ],
    )


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_everything_is_drawn_and_nothing_complains(chromium, anomalies, tmp_path, width, dark):
    page = write_anomaly_report(anomalies, tmp_path / "anomaly.html")
    chromium.open(page, width=width, dark=dark)
    assert chromium.evaluate(DRAWN) == {"series": 3, "calibration": 2, "losses": 3}
    assert chromium.complaints() == []
    assert chromium.requests() == [page.as_uri()]
    assert chromium.evaluate("document.documentElement.scrollWidth") <= width
    image = chromium.screenshot(f"anomaly-{width}-{'dark' if dark else 'light'}.png")
    assert image.stat().st_size > 50_000


def test_the_page_says_what_is_right(anomalies, tmp_path):
    assert headline(anomalies) == "1 of 2 labelled events were found; 1 of the 2 events in 500 rows are right."
    page = write_anomaly_report(anomalies, tmp_path / "a.html").read_text(encoding="utf-8")
    for text in ("2024-01-05 04:00", "inlet", "F1 of events", "0.50", "z-score"):
        assert text in page


def test_without_labels_there_is_no_right_or_wrong(chromium, anomalies, tmp_path):
    plain = dataclasses.replace(
        anomalies,
        labelled=None,
        normal=None,
        rows=(),
        events=[dataclasses.replace(event, right=None) for event in anomalies.events],
    )
    assert headline(plain).startswith("2 events in 500 rows; 1.60% of the rows raise an alarm")
    chromium.open(write_anomaly_report(plain, tmp_path / "plain.html"), width=390, dark=False)
    assert chromium.evaluate(DRAWN) == {"series": 3, "calibration": 1, "losses": 3}
    assert chromium.complaints() == []


def test_bands_stand_where_the_events_are(anomalies):
    shapes = series_figure(anomalies, LIGHT).layout.shapes
    bands = [(shape.x0, shape.x1) for shape in shapes if shape.type == "rect"]
    times = [str(time) for time in anomalies.index.astype("datetime64[s]")]
    assert bands == [
        (times[98], times[107]),
        (times[400], times[410]),
        (times[100], times[106]),
        (times[300], times[301]),
    ]


def test_the_calibration_is_the_share_above_each_limit(anomalies):
    _, found = calibration_figure(anomalies, LIGHT).data
    for rate, share in zip(found.x, found.y, strict=True):
        limit = np.quantile(anomalies.calibration, 1 - rate)
        assert (share or 0) == pytest.approx((anomalies.normal > limit).mean(), abs=0.005)


def test_lengths_that_do_not_fit_are_refused(anomalies):
    with pytest.raises(ArgumentError, match=r"500 rows, but .*'score': 3"):
        dataclasses.replace(anomalies, scores=np.zeros(3))
