"""The anomaly demo from end to end, quick, on the real series: it has learnt if it beats what it must."""

from __future__ import annotations

import pytest

import gruvy
from gruvy.demos import anomaly


@pytest.fixture(scope="module")
def demo(run_demo):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(anomaly, "SEEDS", range(2))
        return run_demo("anomaly", trained=["bleeding", "weather"], budget="quick")


def test_it_beats_the_baselines_that_read_the_same_features(demo):
    _, result = demo
    assert result.results["beats"]["isolation forest"]
    assert result.results["beats"]["z-score"]
    assert result.learnt


def test_the_highest_score_lies_in_the_labelled_window(demo):
    _, result = demo
    assert result.results["bleeding"]["found"]["GRU"]


def test_the_detector_has_not_seen_what_it_is_measured_on(demo):
    folder, _ = demo
    rows = anomaly.weather_rows()
    before, after = anomaly._before_and_after(rows)
    assert not (before & after).any()
    assert (before | after).all()
    assert rows.loc[before, "time_hour"].max() < rows.loc[after, "time_hour"].min()
    detector = gruvy.load(folder / "anomaly.gruvy")
    assert detector.provenance_["span"][1] == str(rows.loc[before, "time_hour"].max())


def test_the_report_shows_the_comparison(demo):
    folder, result = demo
    assert "Faults among twelve weather sensors" in result.report_path.read_text(encoding="utf-8")
    rows = result.results["weather"]["rows"]
    assert rows[0]["name"] == "GRU"
    assert result.tables[0].cells(result.tables[0].rows[0])[0] == f"{rows[0]['f1']:.2f}"
    assert gruvy.load(folder / "anomaly-bleeding.gruvy").n_parameters_ > 0
