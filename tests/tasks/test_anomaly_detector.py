"""The detector on signals whose anomalies are known."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import gruvy
from gruvy import runtime
from gruvy.errors import ArgumentError, DataError, FileFormatError
from gruvy.tasks import AnomalyDetector

SMALL = {
    "context_length": 16,
    "horizon": 3,
    "false_alarm_rate": 0.02,
    "hidden_size": 16,
    "max_epochs": 6,
    "random_state": 0,
}


def two_sensors(count: int, seed: int) -> np.ndarray:
    """Two noisy sensors of one wave."""
    rng = np.random.default_rng(seed)
    wave = np.sin(np.arange(count) * 2 * np.pi / 20 + rng.uniform(0, 6))
    return np.column_stack([10 + 3 * wave, 50 - wave]) + rng.normal(0, [0.1, 0.05], (count, 2))


def table(count: int, seed: int) -> pd.DataFrame:
    values = two_sensors(count, seed)
    times = pd.date_range("2024-01-01", periods=count, freq="h")
    return pd.DataFrame({"time": times, "inlet": values[:, 0], "outlet": values[:, 1]})


@pytest.fixture(scope="module")
def detector() -> AnomalyDetector:
    return AnomalyDetector(**SMALL).fit(table(1000, 0), time="time")


def test_it_learns_to_forecast(detector):
    assert detector.history_[detector.best_epoch_ - 1]["validation_loss"] < 0.2  # 1 is persistence


def test_normal_rows_raise_about_as_many_alarms_as_stated(detector):
    flagged = np.mean([(detector.predict(table(2000, seed)) == -1).mean() for seed in range(1, 5)])
    assert 0.005 < flagged < 0.05  # stated: 0.02
    assert (detector.calibration_scores_ > 1).mean() <= 0.02


def three_sensors(count: int, seed: int) -> pd.DataFrame:
    """As above, and a third one, so that two can outvote one."""
    third = 20 + 0.7 * (two_sensors(count, seed)[:, 0] - 10)
    noise = np.random.default_rng([seed, 1]).normal(0, 0.1, count)
    return table(count, seed).assign(middle=third + noise)


@pytest.fixture(scope="module")
def outvoted() -> AnomalyDetector:
    return AnomalyDetector(**SMALL).fit(three_sensors(1000, 0), time="time")


@pytest.mark.parametrize("kind", ["spike", "level shift", "flat line", "against each other"])
def test_faults_are_found_where_they_are_and_in_the_right_column(outvoted, kind):
    detector, frame = outvoted, three_sensors(600, 9)
    rows = slice(300, 301) if kind == "spike" else slice(300, 330)
    if kind == "flat line":
        frame.loc[rows, "inlet"] = frame.loc[300, "inlet"]
    else:
        frame.loc[rows.start : rows.stop - 1, "inlet"] += {
            "spike": 2.0,
            "level shift": 1.0,
            "against each other": -0.8,
        }[kind]
    events = detector.events(frame)
    times = frame["time"]
    met = events[(events["start"] <= times[rows.stop + 3]) & (events["end"] >= times[rows.start])]
    assert len(met) >= 1
    assert met.iloc[met["score"].argmax()]["column"] == "inlet"
    labels = np.zeros(600, bool)
    labels[rows] = True
    assert detector.evaluate(frame, labels, tolerance=3)["recall"] == 1


def test_scikit_learns_three_faces_agree(detector):
    frame = table(300, 3)
    frame.loc[200, "outlet"] += 5
    scores = detector.score_samples(frame)
    np.testing.assert_array_equal(detector.decision_function(frame), scores - detector.offset_)
    np.testing.assert_array_equal(detector.predict(frame) == -1, scores < detector.offset_)
    assert np.nanargmin(scores) in range(200, 200 + detector.horizon + 1)
    detected = detector.detect(frame)
    np.testing.assert_array_equal(detected["score"], -scores)
    judged = detected["score"].notna()
    assert judged.tolist() == [False] * detector.context_length + [True] * (300 - detector.context_length)
    assert detected.loc[~judged, ["anomaly", "event"]].isna().all(axis=None)
    np.testing.assert_array_equal(detected["anomaly"][judged], detector.predict(frame)[judged] == -1)
    assert list(detected.columns) == ["time", "score", "anomaly", "event"]
    events = detector.events(frame)
    assert detected.loc[detected["event"] >= 0, "event"].nunique() == len(events)
    assert detected.loc[detected["event"] == 0, "time"].min() == events.loc[0, "start"]


def test_a_stream_has_the_scores_of_the_batch(detector):
    frame = table(400, 4)
    frame.loc[100:120, "inlet"] += 1
    frame.loc[300, "outlet"] = 1e6
    batch = detector.detect(frame)["score"].to_numpy()
    stream = detector.stream()
    values = frame[["inlet", "outlet"]].to_numpy()
    streamed = [stream.step(row) for row in values]
    np.testing.assert_allclose(streamed, batch, rtol=1e-6, atol=1e-6)
    assert np.nanmax(batch) > 100
    stream.reset()
    np.testing.assert_array_equal([stream.step(row) for row in values[:50]], streamed[:50])


def test_a_row_that_cannot_be_read_leaves_the_stream_as_it_was(detector):
    values = two_sensors(60, 5)
    one, other = detector.stream(), detector.stream()
    for row in values[:40]:
        one.step(row)
        other.step(row)
    with pytest.raises(DataError, match="column 'outlet': expected finite numbers"):
        one.step([1.0, np.nan])
    with pytest.raises(DataError, match="expected rows of 2 numbers"):
        one.step([1.0])
    assert [one.step(row) for row in values[40:]] == [other.step(row) for row in values[40:]]


def test_saved_and_loaded_with_and_without_torch(detector, tmp_path):
    frame = table(200, 6)
    path = detector.save(tmp_path / "d.gruvy")
    again = gruvy.load(path)
    assert isinstance(again, AnomalyDetector)
    np.testing.assert_array_equal(again.score_samples(frame), detector.score_samples(frame))
    assert again.get_params() == detector.get_params()
    assert again.history_ == detector.history_
    pd.testing.assert_frame_equal(again.events(frame), detector.events(frame))
    light = runtime.load(path)
    values = frame[["inlet", "outlet"]].to_numpy()
    np.testing.assert_array_equal(light.scores(values), -detector.score_samples(frame))
    assert light.columns == ("inlet", "outlet")


def test_the_stream_needs_neither_torch_nor_pandas(detector, tmp_path):
    path = detector.save(tmp_path / "d.gruvy")
    np.save(tmp_path / "rows.npy", two_sensors(60, 8))
    code = f"""
import sys
import numpy as np
import gruvy.runtime
stream = gruvy.runtime.load({str(path)!r}).stream()
np.save({str(tmp_path / "scores.npy")!r}, [stream.step(row) for row in np.load({str(tmp_path / "rows.npy")!r})])
assert not sys.modules.keys() & {{"torch", "pandas", "sklearn"}}
"""
    subprocess.run([sys.executable, "-c", code], check=True)
    expected = -detector.score_samples(two_sensors(60, 8))
    np.testing.assert_allclose(np.load(tmp_path / "scores.npy"), expected, rtol=1e-6, atol=1e-6)


def test_a_damaged_file(detector, tmp_path):
    tensors, document = gruvy.files.read(detector.save(tmp_path / "d.gruvy"))
    del document["format_version"]
    gruvy.files.write(tmp_path / "a.gruvy", {k: v for k, v in tensors.items() if k != "chart/mean"}, document)
    gruvy.files.write(tmp_path / "b.gruvy", tensors | {"chart/mean": np.zeros(2)}, document)
    for name in ("a.gruvy", "b.gruvy"):
        for load in (gruvy.load, runtime.load):
            with pytest.raises(FileFormatError, match="the model in it is damaged"):
                load(tmp_path / name)


def test_arrays_and_numbered_rows():
    values = two_sensors(800, 0)
    detector = AnomalyDetector(**SMALL).fit(values)
    frame = detector.fit(pd.DataFrame(values, columns=["a", "b"])).detect(values)
    assert list(frame.columns) == ["row", "score", "anomaly", "event"]
    assert detector.feature_names_in_.tolist() == ["a", "b"]
    assert frame["row"].tolist() == list(range(800))


def test_the_same_seed_gives_the_same_detector():
    rows = two_sensors(800, 0)
    first, again, other = (AnomalyDetector(**SMALL | {"random_state": seed}).fit(rows) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.score_samples(rows), again.score_samples(rows))
    assert not np.array_equal(first.score_samples(rows), other.score_samples(rows))


def test_a_resumed_training_ends_where_the_whole_one_does(tmp_path):
    rows = two_sensors(800, 0)

    def stop(event):
        if event.validation_loss is not None and event.epoch == 2:
            raise KeyboardInterrupt

    whole = AnomalyDetector(**SMALL).fit(rows)
    with pytest.raises(KeyboardInterrupt):
        AnomalyDetector(**SMALL).fit(rows, checkpoint=tmp_path, progress=stop)
    resumed = AnomalyDetector(**SMALL).fit(rows, checkpoint=tmp_path, resume=True)
    np.testing.assert_array_equal(resumed.score_samples(rows), whole.score_samples(rows))
    with pytest.raises(ArgumentError, match="belongs to another training: data"):
        AnomalyDetector(**SMALL).fit(rows + 1, checkpoint=tmp_path, resume=True)


def test_wrong_rows_are_named_in_one_line(detector):
    frame = table(900, 0)
    frame.loc[700, "inlet"] = np.nan
    frame["outlet"] = np.where(np.arange(900) == 3, np.inf, frame["outlet"])
    with pytest.raises(DataError, match=r"column 'outlet': expected finite numbers, got infinity in row 3"):
        AnomalyDetector(**SMALL).fit(frame, time="time")
    frame["outlet"] = 7.0
    with pytest.raises(DataError, match=r"column 'inlet': expected finite numbers in every row, got 1 .* in row 700"):
        AnomalyDetector(**SMALL).fit(frame, time="time")
    frame["inlet"] = frame["inlet"].interpolate()
    with pytest.raises(DataError, match=r"column 'outlet' is constant \(7\) in the training part"):
        AnomalyDetector(**SMALL).fit(frame, time="time")
    with pytest.raises(DataError, match=r"no column 'inlt' \(target\); did you mean 'inlet'\?"):
        AnomalyDetector(**SMALL).fit(frame, time="time", columns=["inlt"])
    with pytest.raises(DataError, match="no column 'outlet'"):
        detector.predict(frame[["time", "inlet"]])
    with pytest.raises(DataError, match="X has 3 features, but AnomalyDetector is expecting 2"):
        detector.predict(np.zeros((40, 3)))


def test_too_few_rows_are_counted():
    with pytest.raises(DataError) as caught:
        AnomalyDetector(**SMALL).fit(two_sensors(60, 0))
    assert "the validation part has 12 of 60 rows, expected at least context_length + horizon = 16 + 3" in str(
        caught.value
    )
    assert "the calibration part has 12 of 60 rows, expected at least 1 / false_alarm_rate - 1 = 49" in str(
        caught.value
    )


def test_wrong_parameters_are_named_together():
    wrong = AnomalyDetector(0, -1, false_alarm_rate=2, merge_gap=-1, learning_rate=0, random_state="a")
    with pytest.raises(ArgumentError) as caught:
        wrong.fit(two_sensors(200, 0))
    for name in ("context_length", "horizon", "false_alarm_rate", "merge_gap", "learning_rate", "random_state"):
        assert f"{name}: expected" in str(caught.value)
    with pytest.raises(ArgumentError, match="nothing is left to learn from"):
        AnomalyDetector(validation_fraction=0.5, calibration_fraction=0.5).fit(two_sensors(200, 0))


def test_evaluate_measures_what_it_says(detector):
    frame = table(400, 7)
    frame["fault"] = 0
    frame.loc[200:209, "fault"] = 1
    frame.loc[200:209, "inlet"] += 3
    figures = detector.evaluate(frame, "fault")
    judged = slice(detector.context_length, None)
    scores = detector.detect(frame)["score"].to_numpy()[judged]
    normal = frame["fault"].to_numpy()[judged] == 0
    assert figures["normal_rows_flagged"] == (scores[normal] > 1).mean()
    pairs = scores[~normal][:, None] - scores[normal]
    assert figures["roc_auc"] == pytest.approx((pairs > 0).mean() + (pairs == 0).mean() / 2)
    assert (figures["events"], figures["detected"], figures["median_delay"]) == (1, 1, 0)
    with pytest.raises(DataError, match=r"no column 'faults' .*did you mean 'fault'"):
        detector.evaluate(frame, "faults")
    with pytest.raises(ArgumentError, match=r"expected 0 or 1 .* got 2 in row 5"):
        detector.evaluate(frame, np.where(np.arange(400) == 5, 2, 0))
    with pytest.raises(ArgumentError, match="expected one a row"):
        detector.evaluate(frame, [0, 1])


def test_a_column_that_rounding_alone_moves(tmp_path):
    rows = two_sensors(900, 0)
    rows[:, 1] = 1e6
    rows[17, 1] += 1e-2
    with pytest.raises(DataError, match=r"column 'x1' is constant \(1e\+06\) in the training part"):
        AnomalyDetector(**SMALL).fit(rows)


def test_columns_with_numbers_for_names_and_columns_that_are_there_twice():
    frame = pd.DataFrame(two_sensors(900, 0))
    detector = AnomalyDetector(**SMALL).fit(frame)
    np.testing.assert_array_equal(detector.predict(frame), detector.predict(frame.rename(columns=str)))
    with pytest.raises(DataError, match="column '0' is there twice"):
        AnomalyDetector(**SMALL).fit(frame.set_axis([0, 0], axis=1))
    with pytest.raises(ArgumentError, match="time='t': expected a table with this column, got ndarray"):
        AnomalyDetector(**SMALL).fit(frame.to_numpy(), time="t")
    with pytest.raises(DataError, match="expected a row of 2 numbers"):
        detector.stream().step(["x", 1])
