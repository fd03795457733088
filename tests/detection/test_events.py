"""Events and their scores, on rows that can be counted by hand."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gruvy.detection import Event, event_scores, find_events, labelled_events

SCORES = np.array([0, 2, 0.5, 3, 0, 0, 0, 1.0, 1.2, 0, 5])


@pytest.mark.parametrize(
    ("gap", "length", "expected"),
    [
        (0, 1, [(1, 2), (3, 4), (8, 9), (10, 11)]),  # a score of exactly 1 is no alarm
        (1, 1, [(1, 4), (8, 11)]),
        (1, 4, []),
        (4, 1, [(1, 11)]),
    ],
)
def test_gaps_are_merged_and_short_events_left_out(gap, length, expected):
    assert [event[:2] for event in find_events(SCORES, merge_gap=gap, min_length=length)] == expected


def test_the_peak_is_the_highest_score():
    assert find_events(SCORES, merge_gap=1, min_length=1)[0] == Event(1, 4, 3)
    assert find_events(np.zeros(4), merge_gap=1, min_length=1) == []


@given(st.lists(st.booleans(), max_size=40))
def test_runs_of_labels_are_put_together_again(labels):
    rows = np.zeros(len(labels), bool)
    spans = labelled_events(np.array(labels, bool))
    for start, stop in spans:
        rows[start:stop] = True
    assert rows.tolist() == labels
    assert all(stop < start for (_, stop), (start, _) in itertools.pairwise(spans))


def test_precision_and_recall_count_events():
    found = [(0, 3), (10, 12), (30, 31)]
    labelled = [(2, 5), (11, 20), (40, 50), (60, 61)]
    figures = event_scores(found, labelled, linger=1)
    assert (figures["detected"], figures["false_alarms"]) == (2, 1)
    assert (figures["precision"], figures["recall"]) == (2 / 3, 2 / 4)
    assert figures["f1"] == pytest.approx(2 * (2 / 3) * (1 / 2) / (2 / 3 + 1 / 2))


def test_one_event_over_everything_finds_nothing():
    labelled = [(start, start + 10) for start in range(40, 600, 100)]
    figures = event_scores([(35, 566)], labelled, linger=80)
    assert (figures["detected"], figures["false_alarms"], figures["f1"]) == (0, 1, 0)
    # As many normal rows as labelled ones may be covered, and those that linger.
    assert event_scores([(40, 60)], labelled)["detected"] == 1
    assert event_scores([(40, 61)], labelled)["detected"] == 0
    assert event_scores([(40, 62)], labelled, linger=2)["detected"] == 1
    assert event_scores([(40, 63)], labelled, linger=2)["detected"] == 0


def test_touching_is_not_overlapping_but_for_the_tolerance():
    assert event_scores([(5, 7)], [(7, 9)])["detected"] == 0
    assert event_scores([(5, 7)], [(7, 9)], tolerance=1)["f1"] == 1


def test_nothing_found_and_nothing_labelled():
    assert event_scores([], [(1, 2)])["f1"] == 0
    assert math.isnan(event_scores([], [(1, 2)])["precision"])
    assert math.isnan(event_scores([(1, 2)], [])["recall"])
