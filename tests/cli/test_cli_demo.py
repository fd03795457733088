"""What all demos have in common on the command line, with a demo that takes no time."""

from __future__ import annotations

import inspect
import sys
import types

import pytest
from typer.testing import CliRunner

from gruvy.cli import demo
from gruvy.cli.app import app
from gruvy.datasets import card
from gruvy.demos.catalogue import DEMOS
from gruvy.demos.outcome import Figure, Outcome
from gruvy.errors import DataError
from gruvy.report import Column, scores_table


def outcome(folder, gru=1.0):
    figure = Figure("error", gru, {"guess": 2.0}, "guess")
    table = scores_table([Column("error", "error")], [{"name": "GRU", "error": gru}, {"name": "[guess]", "error": 2.0}])
    return Outcome("The GRU is the best.", [table], [figure], {"gru": gru}, folder / "r.html", folder / "m.gruvy")


@pytest.fixture
def fake(monkeypatch, tmp_path):
    """Replace all demos by ones that return at once; returns what they were called with, and what they return."""
    calls, results = [], dict.fromkeys(DEMOS, 1.0)
    for name in DEMOS:

        def run(folder, *, budget, training, name=name):
            calls.append((name, budget))
            if isinstance(results[name], Exception):
                raise results[name]
            return outcome(tmp_path, results[name])

        monkeypatch.setitem(sys.modules, f"gruvy.demos.{name}", types.SimpleNamespace(run=run))
    return calls, results


def call(*arguments):
    return CliRunner().invoke(app, ["demo", *map(str, arguments)], env={"COLUMNS": "120"})


@pytest.mark.parametrize("name", DEMOS)
def test_every_demo_names_its_data_and_has_an_example(name, fake):
    done = call(name)
    assert done.exit_code == 0
    for one in DEMOS[name].cards:
        assert card(one).source in done.stderr
    assert DEMOS[name].about in done.stderr
    assert "The GRU is the best." in done.stdout
    assert "[guess]" in done.stdout
    assert f"gruvy demo {name} --quick" in call(name, "--help").stdout


def test_the_budget_is_passed_on(fake):
    calls, _ = fake
    call("weather"), call("weather", "--quick"), call("weather", "--full")
    assert calls == [("weather", "default"), ("weather", "quick"), ("weather", "full")]
    done = call("weather", "--quick", "--full")
    assert str(done.exception) == "--quick and --full: expected at most one of them, got both"


def test_json_is_the_results_alone(fake):
    assert call("weather", "--json").stdout == '{\n  "gru": 1.0\n}\n'


def test_all_runs_every_demo(fake):
    calls, _ = fake
    done = call("all", "--quick")
    assert done.exit_code == 0
    assert calls == [(name, "quick") for name in DEMOS]


def test_all_goes_on_and_fails_where_one_has_not_learnt_or_cannot_run(fake):
    calls, results = fake
    results["stocks"] = 2.0
    results["text"] = DataError("the novels: expected a file, got none")
    done = call("all")
    assert done.exit_code == 1
    assert len(calls) == len(DEMOS)
    assert "gruvy: demo stocks: no better than its trivial baseline" in done.stderr
    assert "gruvy: demo text: the novels: expected a file, got none" in done.stderr


def test_record_writes_the_table(fake, monkeypatch, tmp_path):
    from gruvy.demos import record

    monkeypatch.setattr(record, "engine_speedup", lambda name: 3.0)
    assert call("all", "--quick", "--record", tmp_path / "results.md").exit_code == 0
    text = (tmp_path / "results.md").read_text()
    for name in DEMOS:
        assert f"| `{name} --quick` | error | **1.00** | guess 2.00 | 0 s | 3.0x |" in text
    done = call("weather", "--record", tmp_path / "no" / "results.md")
    assert str(done.exception).startswith("--record: the folder")


def test_modules_of_demos_have_what_the_command_needs():
    for name in DEMOS:
        assert inspect.unwrap(demo.runner(name)).__code__.co_varnames[:3] == ("folder", "budget", "training")
