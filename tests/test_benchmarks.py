"""The benchmark scripts run and judge; what they measure is not asserted here."""

from __future__ import annotations

import sys
from pathlib import Path

import features
import gru_layers
import layer_bars
import long_sequences
import programs
import pytest
import torch
import training_memory
import turns
from bar import Bar, at_least, at_most

from gruvy.bench import Row, Shape

LARGE, SMALL = Shape(64, 128, 32, 100), Shape(64, 64, 1, 100)


def rows(**change: float) -> list[Row]:
    """Rows of two shapes, both works, one thread and two, in which every bar is kept; and then changed."""
    times = {
        "gruvy": 1.0,
        "gruvy, reset before": 1.2,
        "torch GRU": 4.5,
        "torch LSTM": 1.6,
        "oneDNN vanilla": 1.5,
    } | change
    found = []
    for shape in (LARGE, SMALL):
        for work in ("inference", "training"):
            found.append(Row(shape, work, 1, dict(times), {}, {}))
            found.append(Row(shape, work, 2, {name: time / 1.9 for name, time in times.items()}, {}, {}))
    return found


def failed(bars: list[Bar]) -> set[str]:
    return {bar.promise for bar in bars if not bar.passed and "nothing of this kind was run" not in bar.found}


PEAKS = {1: LARGE.flops("inference") / 1e6 / 0.8, 2: 1.9 * LARGE.flops("inference") / 1e6 / 0.8}


def test_kept_bars_pass():
    bars = layer_bars.judge(rows(), PEAKS)
    assert failed(bars) == set()
    assert sum(bar.passed for bar in bars) == 15


@pytest.mark.parametrize(
    ("change", "promises"),
    [
        ({"torch GRU": 3.9}, {"training: 4 times as fast as torch GRU in the geometric mean"}),
        ({"torch LSTM": 1.4}, {"training: 1.5 times as fast as torch LSTM in the geometric mean"}),
        ({"gruvy, reset before": 1.26}, {"reset-before costs at most 1.25 times reset-after", "1.2 times as fast"}),
        ({"oneDNN vanilla": 1.17}, {"training: oneDNN vanilla is nowhere faster", "1.2 times as fast"}),
        ({"oneDNN vanilla": 1.1}, {"inference: oneDNN vanilla is nowhere faster", "training: oneDNN vanilla"}),
    ],
)
def test_a_slower_layer_fails_its_bar(change, promises):
    found = failed(layer_bars.judge(rows(**change), PEAKS))
    for promise in promises:
        assert any(promise in text for text in found), found


def test_the_peak_and_the_threads_are_judged():
    slow = rows()
    slow[1].milliseconds["gruvy"] = 0.6
    found = failed(layer_bars.judge(slow, {1: PEAKS[1] * 1.1, 2: PEAKS[2]}))
    assert any("75% of the peak" in text for text in found)
    assert "two threads: 1.7 times one at N >= 16, H >= 128" in found
    assert "two threads: never slower than one" not in found
    assert "no compiler" in [
        bar.found.removeprefix("not measured: ") for bar in layer_bars.judge(rows(), "no compiler")
    ]


def test_a_peer_that_is_missing_fails_its_bar_unless_it_is_excused():
    def about(bars: list[Bar]) -> list[str]:
        return [str(bar) for bar in bars if "ONNX Runtime" in bar.promise]

    (bar,) = about(layer_bars.judge(rows(), PEAKS))
    assert bar.startswith("FAIL")
    assert about(layer_bars.judge(rows(), PEAKS, excused=["ONNX Runtime"])) == []


def test_a_bar_says_where_it_falls_short():
    bar = at_most("no more than 2", 2.0, [(1.0, "here"), (3.0, "there"), (2.5, "elsewhere")], " ms")
    assert str(bar).splitlines() == [
        "FAIL  no more than 2: kept at 1 of 3; worst 3 ms at there",
        "          3 ms at there",
        "          2.5 ms at elsewhere",
    ]
    assert str(at_least("2 or more", 2.0, [(2.0, "here")])) == "pass  2 or more: 2 at here"
    assert not at_most("anything", 2.0, []).passed
    assert not at_most("no number", 2.0, [(float("nan"), "here")]).passed


def test_features_are_measured_and_those_that_are_missing_fail(monkeypatch):
    monkeypatch.setattr(turns, "TURN_SECONDS", 0.0)
    monkeypatch.setattr(features, "SHAPES", (Shape(2, 4, 3, 5),))
    shown = {"lengths": features.FEATURES["lengths"], "magic": features.Feature({"magic": 1})}
    monkeypatch.setattr(features, "FEATURES", shown)
    threads = torch.get_num_threads()
    found, (lengths, magic) = features.judge()
    torch.set_num_threads(threads)
    assert [(row["feature"], row["work"]) for row in found] == [("lengths", "inference"), ("lengths", "training")]
    assert "worst" in lengths.found
    assert not magic.passed
    assert "unexpected keyword argument 'magic'" in magic.found


def test_long_sequences_are_measured(monkeypatch):
    monkeypatch.setattr(turns, "TURN_SECONDS", 0.0)
    monkeypatch.setattr(long_sequences, "STEPS", (5, 50))
    threads = torch.get_num_threads()
    found, bars = long_sequences.judge()
    torch.set_num_threads(threads)
    assert [row["work"] for row in found] == ["inference", "training"]
    assert len(bars) == 2


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="only Linux tells a process' peak")
def test_memory_grows_with_the_steps():
    short, long = (training_memory.measured("gruvy", Shape(16, 32, 16, steps)) for steps in (1, 2000))
    gates = 4 * 2000 * 16 * 4 * 32
    assert short < gates < long


def test_a_tool_that_fails_is_named_with_its_message():
    with pytest.raises(programs.ProgramError, match=r"no-such-tool is not installed: pip install '.\[bench\]'"):
        programs.call("no-such-tool")
    with pytest.raises(programs.ProgramError, match=r"failed with code 1: boom"):
        programs.call(sys.executable, "-c", "raise SystemExit('boom')")


def test_what_cannot_be_held_to_an_instruction_set_is_a_peer():
    names = {peer.name for peer in gru_layers.PEERS}
    assert set(gru_layers.NOT_HELD) <= names
