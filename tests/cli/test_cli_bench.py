"""``gruvy bench``: what it asks for, what it prints and writes, and mistakes."""

from __future__ import annotations

import json

import pytest

from gruvy import bench as room
from gruvy.bench import Contest, Row, Shape


@pytest.fixture
def asked(monkeypatch):
    """What the command asked for; the contest itself is tested in its own room."""
    found = {}

    def run(shapes, works, threads, peers, *, rounds, progress, log):
        found.update(shapes=shapes, works=works, threads=threads, peers=[peer.name for peer in peers], rounds=rounds)
        rows = [
            Row(shape, work, count, {"gruvy": 1.0, "torch GRU": 2.5}, {"gruvy": 0.0, "torch GRU": 0.1}, {})
            for count in threads
            for shape in shapes
            for work in works
        ]
        for row in rows:
            progress(row)
        log("JAX is left out at 1,2,3,4, training: it computes something else")
        return Contest(rows, {"gruvy": "1"})

    monkeypatch.setattr(room, "run", run)
    return found


def test_the_users_shapes_are_measured_and_written(gruvy, asked, tmp_path):
    options = ["--shapes", "1,2,3,4", "--shapes", "5,6,7,8 9,9,9,9", "--threads", "1,2", "--rounds", "9"]
    outcome = gruvy(
        "bench", *options, "--work", "training", "--peers", "torch,torch gru", "--out", tmp_path / "new" / "b"
    )
    assert outcome.code == 0, outcome.err
    assert asked == {
        "shapes": [Shape(1, 2, 3, 4), Shape(5, 6, 7, 8), Shape(9, 9, 9, 9)],
        "works": ["training"],
        "threads": [1, 2],
        "peers": ["torch GRU", "torch LSTM"],
        "rounds": 9,
    }
    assert "training, 2 threads (milliseconds; * fastest)" in outcome.out
    assert "5,6,7,8" in outcome.out
    assert "2.50x" in outcome.out
    assert "JAX is left out at 1,2,3,4, training" in outcome.err
    written = json.loads((tmp_path / "new" / "b" / "bench.json").read_text())
    assert written["rows"][0]["milliseconds"] == {"gruvy": 1.0, "torch GRU": 2.5}
    assert {"processor", "limited by"} <= written["machine"].keys()
    assert (tmp_path / "new" / "b" / "bench.svg").read_text().startswith("<svg")


def test_without_options_it_measures_the_grid_and_all_that_is_installed(gruvy, asked, monkeypatch):
    for peer in room.PEERS:
        missing = f"{peer.name}: not installed: do this" if peer.name == "JAX" else None
        monkeypatch.setattr(type(peer), "missing", lambda self, missing=missing: missing)
    outcome = gruvy("bench")
    assert outcome.code == 0, outcome.err
    assert (asked["shapes"], asked["works"], asked["threads"]) == (list(room.GRID), list(room.WORKS), [1])
    assert set(asked["peers"]) == {peer.name for peer in room.PEERS} - {"JAX"}
    assert "left out: JAX: not installed: do this" in outcome.err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--shapes", "1,2,3"], "the shape '1,2,3' is not four integers"),
        (["--work", "inference,dreaming"], "--work: dreaming is unknown; expected inference, training or both"),
        (["--work", ""], "--work: expected inference, training or both, got ''"),
        (["--threads", "0"], "--threads: expected integers of at least 1, such as 1,2, got '0'"),
        (["--rounds", "3"], "--rounds: expected 7 or more, for a median that holds; got 3"),
        (["--peers", "mxnet"], "--peers: 'mxnet' is unknown; expected the beginning of one of these: torch GRU"),
    ],
)
def test_a_mistake_ends_in_one_line(gruvy, asked, options, message):
    outcome = gruvy("bench", *options)
    assert outcome.code == 2
    assert outcome.err.startswith(f"gruvy: error: {message}")
    assert outcome.err.count("\n") == 1
    assert asked == {}
