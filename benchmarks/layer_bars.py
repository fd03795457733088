"""What is promised of whole layers beside their peers, held against the rows of a contest."""

from __future__ import annotations

import statistics
from collections.abc import Collection, Iterator, Mapping, Sequence

from bar import Bar, at_least, at_most, not_measured

from gruvy.bench import OWN, PEERS, Row, Work

GRUVY, RESET_BEFORE = (peer.name for peer in OWN)
# Within 5% two inference times count as equal; in training no peer may be faster at all.
TIE: dict[Work, float] = {"inference": 1.05, "training": 1.0}
FORMS = {peer.name: peer.form for peer in PEERS}


def judge(rows: Sequence[Row], peaks: Mapping[int, float] | str, excused: Collection[str] = ()) -> list[Bar]:
    """Return all bars of layers.

    Args:
        rows: of a contest.
        peaks: fused multiply-adds' most GFLOP/s by number of threads, or why they are not known.
        excused: peers that could not be asked to take part; without them a peer that is missing fails its bar.
    """
    inference = [row for row in rows if row.work == "inference"]
    training = [row for row in rows if row.work == "training"]
    return [
        *_beside_peers("inference", inference, excused),
        _mean("inference: 1.2 times as fast as the fastest peer in the geometric mean", 1.2, _fastest(inference)),
        _share_of_peak(inference, peaks),
        *_beside_peers("training", training, excused),
        _mean("training: 4 times as fast as torch GRU in the geometric mean", 4.0, _against(training, "torch GRU")),
        _mean("training: 1.5 times as fast as torch LSTM in the geometric mean", 1.5, _against(training, "torch LSTM")),
        at_least("training: faster than torch LSTM at every shape", 1.0, _against(training, "torch LSTM"), "x"),
        *(
            at_most(
                f"{work}: reset-before costs at most 1.25 times reset-after",
                1.25,
                [(row.milliseconds[RESET_BEFORE] / row.milliseconds[GRUVY], _place(row)) for row in mine],
                "x",
            )
            for work, mine in (("inference", inference), ("training", training))
        ),
        at_least("two threads: 1.7 times one at N >= 16, H >= 128", 1.7, _two_threads(rows, large=True), "x"),
        at_least("two threads: never slower than one", 1.0, _two_threads(rows, large=False), "x"),
    ]


def own_time(row: Row, peer: str) -> float:
    """Return the time of gruvy's layer of the same form as the peer; reset-after beside an LSTM."""
    return row.milliseconds[RESET_BEFORE if FORMS[peer] == "reset before" else GRUVY]


def _beside_peers(work: Work, rows: Sequence[Row], excused: Collection[str]) -> Iterator[Bar]:
    limit = TIE[work]
    for peer in PEERS:
        figures = [
            (own_time(row, peer.name) / row.milliseconds[peer.name], _place(row))
            for row in rows
            if peer.name in row.milliseconds
        ]
        tie = f" (ties within {limit - 1:.0%})" if limit > 1 else ""
        if work in peer.works and peer.name not in excused:
            yield at_most(f"{work}: {peer.name} is nowhere faster{tie}; gruvy's time over its", limit, figures, "x")


def _mean(promise: str, limit: float, figures: Sequence[tuple[float, str]]) -> Bar:
    if not figures:
        return not_measured(promise, "nothing of this kind was run")
    return at_least(promise, limit, [(statistics.geometric_mean(value for value, _ in figures), "all shapes")], "x")


def _fastest(rows: Sequence[Row]) -> list[tuple[float, str]]:
    """Return the fastest peer's time over gruvy's of the same form."""
    return [
        (min(row.milliseconds[name] / own_time(row, name) for name in row.milliseconds if name in FORMS), _place(row))
        for row in rows
        if any(name in FORMS for name in row.milliseconds)
    ]


def _against(rows: Sequence[Row], peer: str) -> list[tuple[float, str]]:
    return [(row.milliseconds[peer] / own_time(row, peer), _place(row)) for row in rows if peer in row.milliseconds]


def _share_of_peak(rows: Sequence[Row], peaks: Mapping[int, float] | str) -> Bar:
    promise = "inference: 75% of the peak of fused multiply-adds at N >= 16, H >= 128"
    if isinstance(peaks, str):
        return not_measured(promise, peaks)
    figures = []
    for row in rows:
        if _is_large(row):
            gigaflops = row.shape.flops(row.work) / row.milliseconds[GRUVY] / 1e6
            place = f"{_place(row)} ({gigaflops:.0f} of {peaks[row.threads]:.0f} GFLOP/s)"
            figures.append((100 * gigaflops / peaks[row.threads], place))
    return at_least(promise, 75.0, figures, "%")


def _two_threads(rows: Sequence[Row], large: bool) -> list[tuple[float, str]]:
    """Return one thread's time over that of two, of both forms."""
    by_key = {(row.shape, row.work, row.threads): row for row in rows}
    return [
        (by_key[row.shape, row.work, 1].milliseconds[form] / row.milliseconds[form], f"{_place(row)}, {form}")
        for row in rows
        for form in (GRUVY, RESET_BEFORE)
        if row.threads == 2 and (row.shape, row.work, 1) in by_key and (_is_large(row) or not large)
    ]


def _is_large(row: Row) -> bool:
    return row.shape.batch >= 16 and row.shape.hidden >= 128


def _place(row: Row) -> str:
    return f"{row.shape}, {row.threads} thread{'s' if row.threads > 1 else ''}"
