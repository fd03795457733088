"""The shipped motions are what their card says they are."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
from importlib import resources

import numpy as np
import pandas as pd
import pytest

from gruvy.datasets import card, load_movement, make_movement


@pytest.fixture(scope="module")
def drawn() -> pd.DataFrame:
    return load_movement()


def test_content_has_the_hash_of_the_card():
    packed = resources.files("gruvy.datasets").joinpath(card("movement").file).read_bytes()
    assert hashlib.sha256(gzip.decompress(packed)).hexdigest() == card("movement").sha256
    assert len(packed) < 200_000


def test_counts_are_those_of_the_card(drawn):
    counts = card("movement").counts
    assert len(drawn) == counts["rows"]
    assert drawn["shape"].nunique() == counts["shapes"]
    lengths = drawn.groupby("motion").size()
    assert len(lengths) == counts["motions"]
    assert [lengths.min(), lengths.max()] == counts["rows of the shortest and the longest motion"]
    assert list(drawn.columns) == list(card("movement").columns)
    assert (
        drawn.groupby("shape")["demonstration"].unique().map(list) == pd.Series([list(range(1, 8))] * 30).values
    ).all()


def test_rows_are_40_ms_apart_and_sorted_by_demonstration(drawn):
    gaps = drawn.groupby("motion")["time"].diff().dropna()
    assert (gaps == pd.Timedelta("40ms")).all()
    assert drawn["demonstration"].is_monotonic_increasing


def test_drawings_end_where_the_card_says(drawn):
    ends = drawn.groupby("motion")[["x", "y"]].last()
    assert (np.hypot(ends["x"], ends["y"]) < 1).all()


def test_distances_are_as_measured(drawn):
    reference = card("movement").reference
    found = {"zero velocity": {2: [], 10: []}, "constant velocity": {2: [], 10: []}}
    for _, rows in drawn[drawn["demonstration"] == 7].groupby("motion"):
        x = rows[["x", "y"]].to_numpy()
        for last in range(24, len(x) - 10):
            step = x[last] - x[last - 1]
            for ahead in (2, 10):
                found["zero velocity"][ahead].append(np.linalg.norm(x[last + ahead] - x[last]))
                found["constant velocity"][ahead].append(np.linalg.norm(x[last + ahead] - x[last] - ahead * step))
    for name, distances in found.items():
        for ahead, values in distances.items():
            assert round(float(np.mean(values)), 2) == reference[name][str(40 * ahead)]


def test_the_script_interpolates_to_40_ms():
    seconds = np.array([0.0, 0.03, 0.07, 0.1])
    one = make_movement.Demonstration(seconds, np.stack([100 * seconds, -10 * seconds]))
    other = make_movement.Demonstration(seconds[:2], np.stack([seconds[:2], seconds[:2]]))
    text = make_movement.derive({"A": [one, other], "B": [other, one]})
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [(row["shape"], row["demonstration"]) for row in rows] == [("A", "1")] * 3 + [("B", "1"), ("A", "2")] + [
        ("B", "2")
    ] * 3
    assert [row["x"] for row in rows[:3]] == ["0.00", "4.00", "8.00"]
    assert [row["y"] for row in rows[:3]] == ["-0.00", "-0.40", "-0.80"]
