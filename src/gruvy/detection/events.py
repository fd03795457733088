"""From alarms row by row to events, and how well these match labelled ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class Event(NamedTuple):
    """Rows that belong to one anomaly: start <= row < stop, and the row with the highest score."""

    start: int
    stop: int
    peak: int


def find_events(scores: NDArray[np.float64], *, merge_gap: int, min_length: int) -> list[Event]:
    """Join rows with a score above 1 to events.

    Args:
        scores: (T,), 1 at the threshold.
        merge_gap: this many rows below it, or fewer, between two alarms do not split an event.
        min_length: events of fewer rows, from the first alarm to the last, are left out.

    Returns:
        The events in order.

    Example:
        >>> find_events(np.array([0, 2, 0, 3, 0, 0, 1.5]), merge_gap=1, min_length=2)
        [Event(start=1, stop=4, peak=3)]
    """
    rows = np.flatnonzero(scores > 1)
    if not len(rows):
        return []
    parts = np.split(rows, np.flatnonzero(np.diff(rows) > merge_gap + 1) + 1)
    spans = [(int(part[0]), int(part[-1]) + 1) for part in parts]
    return [
        Event(start, stop, start + int(np.argmax(scores[start:stop])))
        for start, stop in spans
        if stop - start >= min_length
    ]


def labelled_events(labels: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """The runs of labelled rows as (start, stop).

    Example:
        >>> labelled_events(np.array([False, True, True, False, True]))
        [(1, 3), (4, 5)]
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[False], labels, [False]]).astype(np.int8)))
    return [(int(start), int(stop)) for start, stop in edges.reshape(-1, 2)]


def event_scores(
    found: Sequence[tuple[int, ...]], labelled: Sequence[tuple[int, int]], *, tolerance: int = 0, linger: int = 0
) -> dict[str, Any]:
    """Precision, recall and F1 of events.

    A found event is right if it overlaps a labelled one and covers no more normal rows than labelled ones, apart from
    ``linger`` rows: one long event over everything would otherwise be right about all that it touches. A labelled event
    is detected if a right one overlaps it. Labelled events count as ``tolerance`` rows longer at both ends for both.

    Args:
        found: events, each with its start and stop first.
        labelled: (start, stop) of the true ones.
        tolerance: rows.
        linger: normal rows that an event may cover in any case, such as those after an anomaly that a detector still
            sees it in.

    Returns:
        events and found (how many), detected, false_alarms, precision (NaN if nothing was found), recall, f1.

    Example:
        >>> event_scores([(1, 4), (7, 8)], [(2, 4), (20, 22)])["f1"]
        0.5
        >>> event_scores([(0, 100)], [(2, 4), (20, 22)])["f1"]
        0.0
    """
    wider = [(max(start - tolerance, 0), stop + tolerance) for start, stop in labelled]
    anomalous = np.zeros(max([0, *(one[1] for one in (*found, *wider))]), bool)
    for start, stop in wider:
        anomalous[start:stop] = True

    def meets(one: tuple[int, ...], others: Sequence[tuple[int, ...]]) -> bool:
        return any(one[0] < other[1] and other[0] < one[1] for other in others)

    def is_right(event: tuple[int, ...]) -> bool:
        covered = int(anomalous[event[0] : event[1]].sum())
        return covered > 0 and event[1] - event[0] - covered <= covered + linger

    right_ones = [event for event in found if is_right(event)]
    detected, right = sum(meets(one, right_ones) for one in wider), len(right_ones)
    precision = right / len(found) if found else float("nan")
    recall = detected / len(labelled) if labelled else float("nan")
    f1 = 2 * precision * recall / (precision + recall) if right and detected else 0.0
    return {
        "events": len(labelled),
        "found": len(found),
        "detected": detected,
        "false_alarms": len(found) - right,
        "precision": precision,
        "recall": recall,
        "f1": f1,
    }
