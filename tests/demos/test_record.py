"""The table of results: what goes in comes out, and the figures of a demo replace its older ones."""

from __future__ import annotations

import dataclasses
import inspect
import json
import sys
import types

import numpy as np
import pytest

from gruvy.demos import catalogue, record
from gruvy.demos.outcome import Figure, kept, seconds_kept, write_results
from gruvy.errors import ArgumentError
from gruvy.nn import GRU
from gruvy.tasks import PolyphonicModel

ACCURACY = Figure("accuracy", 0.8, {"linear": 0.75, "majority": 0.5}, "majority", higher_is_better=True, style=".1%")
ERROR = Figure("error, mm", 2.5, {"persistence": 2.25}, None)
PROVENANCE = {
    "date": "2026-01-31T10:00:00+00:00",
    "machine": "Linux x86_64, some processor",
    "versions": {"gruvy": "1", "torch": "2", "python": "3"},
}


def result(demo="sentiment", budget="default", figures=(ACCURACY, ERROR), seconds=125.0):
    return record.Result(demo, budget, list(figures), seconds, 2.345, PROVENANCE)


def test_the_page_shows_every_figure_and_marks_the_best():
    lines = record.markdown([result()]).splitlines()
    assert "| `sentiment` | accuracy | **80.0%** | linear 75.0%, majority 50.0% | 2 min | 2.3x |" in lines
    assert "|  | error, mm | 2.50 | persistence **2.25** |  |  |" in lines
    assert "- Linux x86_64, some processor, 2026-01-31: gruvy 1, PyTorch 2, Python 3" in lines


def test_a_new_result_replaces_the_old_one_of_its_demo_and_budget(tmp_path):
    page = tmp_path / "results.md"
    record.add(page, result("text"))
    record.add(page, result("weather", "full", seconds=10.0))
    record.add(page, result("weather", "quick"))
    record.add(page, result("text", figures=[dataclasses.replace(ERROR, gru=1.0)]))
    kept = json.loads(page.with_suffix(".json").read_text())
    assert [(one["demo"], one["budget"]) for one in kept] == [
        ("weather", "quick"),
        ("weather", "full"),
        ("text", "default"),
    ]
    assert kept[2]["figures"][0]["gru"] == 1.0
    text = page.read_text()
    assert "| `weather --full` | accuracy | **80.0%** | linear 75.0%, majority 50.0% | 10 s | 2.3x |" in text
    assert text.count("2.25") == 3  # of the two results of weather, and of the newer one of text


def test_something_else_in_the_file(tmp_path):
    (tmp_path / "a.json").write_text('{"what": 1}')
    with pytest.raises(ArgumentError, match=r"a\.json holds no results of demos"):
        record.add(tmp_path / "a.md", result())


def test_learnt_is_measured_against_the_trivial_one_only():
    assert ACCURACY.beats("linear")
    assert ACCURACY.beats("majority")
    assert not dataclasses.replace(ACCURACY, gru=0.7).beats("linear")
    assert not ERROR.beats("persistence")


def test_the_engine_is_timed_against_torch(monkeypatch):
    """A demo whose fit takes ten times as long on PyTorch's path."""
    seen = []
    clock = iter([])
    monkeypatch.setattr(record, "perf_counter", lambda: next(clock))

    def run(folder, *, budget, training):
        nonlocal clock
        path = GRU(1, 1)._path(__import__("torch").zeros(1, 1)).__name__
        seen.append((budget, path))
        clock = iter([0.0, 10.0 if path == "torch_layer" else 1.0])
        with training("GRU"):
            pass

    monkeypatch.setitem(sys.modules, "gruvy.demos.fake", types.SimpleNamespace(run=run))
    assert inspect.unwrap(catalogue.runner("fake")) is run
    assert record.engine_speedup("fake") == 10
    assert seen == [("quick", "native_layer"), ("quick", "torch_layer")] * 2


def test_a_full_run_keeps_its_states_until_it_ends(tmp_path):
    assert kept(tmp_path, "text", "default", "GRU") == {}
    first, second = (kept(tmp_path, "text", "full", part) for part in ("GRU", "LSTM"))
    assert first["resume"]
    for state in (first, second):
        state["checkpoint"].mkdir(parents=True)
    other = tmp_path / "weather.state"
    other.mkdir()
    write_results({}, tmp_path / "text.json", "quick")
    assert (tmp_path / "text.state").exists()
    write_results({}, tmp_path / "text.json", "full")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["text.json", "weather.state"]


def test_a_run_that_goes_on_counts_what_it_had_done(tmp_path):
    assert seconds_kept(tmp_path, "music") == 0
    rolls = [np.eye(5, dtype=np.uint8)] * 6
    model = PolyphonicModel(hidden_size=2, max_epochs=2, random_state=0)
    for part in ("GRU", "LSTM"):
        model.fit(rolls, **kept(tmp_path, "music", "full", part))
    seconds = sum(row["seconds"] for row in model.history_)
    assert seconds < seconds_kept(tmp_path, "music") < 1000
    assert seconds_kept(tmp_path, "text") == 0


def test_a_page_that_is_no_table_of_results(tmp_path):
    page = tmp_path / "results.md"
    record.check_page(page)
    record.add(page, result())
    record.check_page(page)
    with pytest.raises(ArgumentError, match=r"expected a name that ends in \.md, got .*results\.json"):
        record.check_page(page.with_suffix(".json"))
    (tmp_path / "README.md").write_text("mine")
    with pytest.raises(ArgumentError, match=r"README\.md is no table of results"):
        record.check_page(tmp_path / "README.md")
