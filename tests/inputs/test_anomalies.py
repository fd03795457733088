"""What a detector says of rows that it cannot judge, of series that drift, and of alarms that never end."""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from input_cases import Case, named

import gruvy
from gruvy.errors import InputNote

TITLE = "Rows that a detector cannot judge"
SMALL = {"context_length": 12, "horizon": 2, "hidden_size": 4, "max_epochs": 2, "random_state": 0}


def wave(rows: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return 10 + np.sin(np.arange(rows)[:, None] / 4) + rng.normal(0, 0.1, (rows, 1))


@functools.cache
def fitted() -> gruvy.AnomalyDetector:
    return gruvy.AnomalyDetector(false_alarm_rate=0.02, **SMALL).fit(wave(400))


def first_rows(folder: Path) -> None:
    rows = wave(40, 1)
    found = fitted().detect(rows)
    assert found["score"].isna().tolist() == [True] * 12 + [False] * 28
    assert found["anomaly"].isna().sum() == found["event"].isna().sum() == 12
    np.testing.assert_array_equal(fitted().score_samples(rows), -found["score"])


def stream(folder: Path) -> None:
    one = fitted().stream()
    scores = [one.step(row) for row in wave(15, 1)]
    assert np.isnan(scores).tolist() == [True] * 12 + [False] * 3


def too_few(rows: int, folder: Path) -> None:
    assert fitted().detect(wave(rows, 1))["score"].isna().all()


def runtime(folder: Path) -> None:
    from gruvy import runtime

    loaded = runtime.load(fitted().save(folder / "d.gruvy"))
    scores = loaded.scores(wave(30, 1))
    np.testing.assert_array_equal(np.isnan(scores), np.arange(30) < 12)


def labels_before(folder: Path) -> None:
    """A labelled event among rows that are not judged is no miss."""
    labels = np.zeros(60, int)
    labels[3:6] = labels[40:43] = 1
    rows = wave(60, 1)
    rows[40:43] += 20
    figures = fitted().evaluate(rows, labels)
    assert (figures["events"], figures["detected"], figures["normal_rows"]) == (1, 1, 45)


def always_alarming(folder: Path) -> None:
    """One event over nearly all rows touches six labels; it is one false alarm, and its normal rows are counted."""
    rows, labels = wave(600, 1), np.zeros(600, int)
    rows[60:] += 50 * np.sin(np.arange(540)[:, None])
    for start in range(100, 600, 90):
        labels[start : start + 10] = 1
    figures = fitted().evaluate(rows, labels)
    assert (figures["found"], figures["false_alarms"], figures["precision"], figures["recall"]) == (1, 1, 0, 0)
    assert figures["normal_rows_alarmed"] > 0.8 * figures["normal_rows"]


def drifting(difference: int, folder: Path) -> None:
    rows = np.linspace(0, 300, 400)[:, None] + wave(400)
    found = gruvy.AnomalyDetector(false_alarm_rate=0.02, difference=difference, **SMALL).fit(rows)
    assert found.detector_.warm_up == 12 + difference
    later = np.linspace(300, 600, 400)[:, None] + wave(400, 2)
    share = (found.detect(later)["score"].dropna() > 1).mean()
    assert share < 0.1 or not difference
    one = found.stream()
    np.testing.assert_allclose([one.step(row) for row in later], found.detect(later)["score"], rtol=1e-4)


def with_a_state(folder: Path) -> None:
    frame = pd.DataFrame(
        {"temp": wave(400)[:, 0], "state": ["OK", "OK", None, "warm"] * 100, "note": [None] * 399 + ["end"]}
    )
    detector = gruvy.AnomalyDetector(false_alarm_rate=0.02, **SMALL).fit(frame)
    assert detector.feature_names_in_.tolist() == ["temp"]
    np.testing.assert_array_equal(detector.detect(frame)["score"], detector.detect(frame[["temp"]])["score"])


CASES = [
    Case(
        "a logger's columns of states and remarks beside its readings",
        "adapted",
        with_a_state,
        "left out: 'state', 'note', columns of text; --columns names those to watch (columns in Python)",
    ),
    Case("a table: its first `context_length` rows", "accepted", first_rows),
    Case("rows one by one: the first `context_length` scores are NaN", "accepted", stream),
    Case("a detector where torch is missing", "accepted", runtime),
    Case(
        "a file of three rows for a detector that looks back twelve",
        "adapted",
        functools.partial(too_few, 3),
        "none of the 3 rows is judged: the detector has to see 12 rows before it judges one; put the 12 rows before "
        "them in front of them",
    ),
    Case(
        "as many rows as the detector looks back",
        "adapted",
        functools.partial(too_few, 12),
        "none of the 12 rows is judged: the detector has to see 12 rows before it judges one; put the 12 rows before "
        "them in front of them",
    ),
    Case("labels among the first rows: they count nowhere", "accepted", labels_before),
    Case("one alarm without an end, over six labelled events: a false alarm", "accepted", always_alarming),
    Case(
        "rows that grow: the training rows themselves alarm",
        "adapted",
        functools.partial(drifting, 0),
        "… of … training rows (…%) raise an alarm, stated were 2.00%: the rows drift, so that later ones are unlike "
        "earlier ones. What helps: judge changes in place of values (difference=1, on the command line --difference 1)",
    ),
    Case("rows that grow, with `difference=1`", "accepted", functools.partial(drifting, 1)),
]


@pytest.mark.parametrize("case", named(CASES))
def test_anomalies(case, tmp_path):
    case.check(tmp_path)


def test_the_command_line_says_which_rows_are_not_judged(tmp_path):
    path = fitted().save(tmp_path / "d.gruvy")
    pd.DataFrame(wave(30, 1), columns=["x0"]).to_csv(tmp_path / "new.csv", index=False)
    from gruvy.cli.tasks.anomaly import predict

    with pytest.warns(InputNote, match="the first 12 rows have no score"):
        found = predict(gruvy.load(path), tmp_path / "new.csv")
    assert found["score"].isna().sum() == 12
