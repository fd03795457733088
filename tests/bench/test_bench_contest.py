"""A contest times those who compute the same, and leaves out the others with the reason."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import bench_peers
import numpy as np
import pytest

from gruvy.bench import OWN, PEERS, Contest, Shape, document, rows_of, run, worker
from gruvy.errors import ArgumentError

SHAPE = Shape(3, 5, 4, 6)
BAD = {
    "forgets the state": "it computes something else: out is off by",
    "other form": "it computes something else: out is off by",
    "raises": "ValueError: this shape is refused",
    "dies": "its process ended with code 7: a last word",
    "fails in its turn": "StopIteration",
}
FAKE = (
    bench_peers.Right(),
    bench_peers.ForgetsTheState(),
    bench_peers.OtherForm(),
    bench_peers.Raises(),
    bench_peers.Dies(),
    bench_peers.FailsInItsTurn(),
    bench_peers.DoesNotStart(),
)
INSTALLED = [peer for peer in PEERS if peer.missing() is None]


@pytest.fixture(scope="module")
def log() -> list[str]:
    return []


@pytest.fixture(scope="module")
def contest(log: list[str]) -> Contest:
    """Every peer that is installed, and contenders that must not be timed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join([*map(str, _sources()), os.environ.get("PYTHONPATH", "")]))
        return run([SHAPE], ["inference", "training"], [1], [*INSTALLED, *FAKE], rounds=2, log=log.append)


def _sources() -> tuple[Path, Path]:
    return Path(bench_peers.__file__).parent, Path(worker.__file__).parents[2]


def test_those_who_compute_the_same_are_timed(contest):
    inference, training = contest.rows
    assert (inference.shape, inference.work, inference.threads) == (SHAPE, "inference", 1)
    assert set(inference.milliseconds) == {peer.name for peer in (*OWN, *INSTALLED)} | {"right"}
    assert set(training.milliseconds) == {peer.name for peer in (*OWN, *INSTALLED) if "training" in peer.works}
    for row in contest.rows:
        assert all(value > 0 for value in row.milliseconds.values())
        assert row.spread.keys() == row.milliseconds.keys()


def test_the_others_are_left_out_with_the_reason(contest, log):
    left_out = contest.rows[0].left_out
    assert left_out.keys() == BAD.keys()
    for name, reason in BAD.items():
        assert left_out[name].startswith(reason)
        assert any(line.startswith(f"{name} is left out at 3,5,4,6, inference: {reason}") for line in log)
    assert contest.rows[1].left_out == {}


def test_who_does_not_start_is_left_out_of_all(contest, log):
    assert "does not start is left out: ImportError: a library is damaged" in log
    assert "does not start" not in contest.versions
    assert contest.versions["right"] == "0"


def test_a_contest_is_written_and_read_again(contest):
    written = document(contest, rounds=2)
    assert written["machine"]["gruvy instruction set"]
    for row, again in zip(contest.rows, rows_of(json.loads(json.dumps(written))), strict=True):
        assert (again.shape, again.work, again.left_out) == (row.shape, row.work, row.left_out)
        assert again.milliseconds == pytest.approx(row.milliseconds, rel=1e-3)


def test_more_threads_than_processors_are_refused():
    with pytest.raises(ArgumentError, match=r"100000 threads were asked for; this process may use \d+ processors"):
        run([SHAPE], ["inference"], [100000], [])


def test_a_wrong_gradient_is_found():
    right = {"out": np.ones((2, 3), "f4"), "x": np.full((2, 3), 10, "f4")}
    assert worker.differences(right, right, 1e-4) == ""
    near = {"out": right["out"] + 5e-5, "x": right["x"] + 5e-3}
    assert worker.differences(near, right, 1e-4) == ""
    wrong = {"out": right["out"] * 1.001, "x": right["x"] * np.float32(np.nan), "h_0": np.ones(3, "f4")}
    text = worker.differences(wrong, {**right, "h_0": np.ones(4, "f4")}, 1e-4)
    assert "out is off by 1.0e-03 of its largest value; at most 1e-04 wanted" in text
    assert "x is off by nan" in text
    assert "h_0 has the shape (3,); expected (4,)" in text


def test_a_process_is_settled_when_it_sleeps():
    began = time.perf_counter()
    worker.settle()
    assert time.perf_counter() - began < worker.PATIENCE
