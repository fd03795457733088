"""``gruvy fit agent``, and what the other commands do with its model."""

from __future__ import annotations

import json
import re
import sys

import pytest

import gruvy as package

ENV = "agent_environments:Recall-v0"
QUICK = ("--steps", "256", "--hidden-size", "4", "--num-envs", "4", "--num-steps", "32", "--episodes", "20")


@pytest.fixture(scope="module")
def agent(gruvy, tmp_path_factory):
    folder = tmp_path_factory.mktemp("agent")
    outcome = gruvy("fit", "agent", ENV, *QUICK, "--out", folder / "a.gruvy", "--report", folder / "r.html")
    assert outcome.code == 0, outcome.err
    return folder, outcome


def test_it_prints_the_agent_beside_random_actions(agent):
    folder, outcome = agent
    assert outcome.err.count("GRU: epoch") == 2
    assert re.search(r"epoch 2/2  256 steps  mean return -?\d\.\d{3}  at most 0:00:00 left", outcome.err)
    for text in (ENV, "GRU", "random actions", "95% confidence", "a.gruvy", "r.html"):
        assert text in outcome.out
    assert "How they learned" in (folder / "r.html").read_text(encoding="utf-8")


def test_json_and_no_memory(gruvy, tmp_path):
    outcome = gruvy("fit", "agent", ENV, *QUICK, "--no-memory", "--out", tmp_path / "a.gruvy", "--json")
    document = json.loads(outcome.out)
    assert outcome.err == ""
    assert [row["name"] for row in document["scores"]] == ["no memory", "random actions"]
    assert len(document["history"]) == 2
    assert package.load(tmp_path / "a.gruvy").memory is False


def test_evaluate(gruvy, agent):
    folder, _ = agent
    outcome = gruvy("evaluate", folder / "a.gruvy", ENV, "--episodes", "7", "--json")
    scores = json.loads(outcome.out)["scores"]
    assert scores == package.load(folder / "a.gruvy").evaluate(ENV, episodes=7)
    assert scores[0]["episodes"] == 7
    assert f"{scores[0]['mean_return']:.3f}" in gruvy("evaluate", folder / "a.gruvy", ENV, "--episodes", "7").out


def one_line(outcome, pattern):
    assert outcome.code == 2
    assert outcome.out == ""
    lines = [line for line in outcome.err.splitlines() if not line.startswith("GRU: epoch")]
    assert len(lines) == 1, outcome.err
    assert re.search(pattern, lines[0]), outcome.err


@pytest.mark.parametrize(
    ("env", "options", "pattern"),
    [
        ("CartPoel-v1", (), "'CartPoel-v1' is no environment that gymnasium knows .*CartPole"),
        ("agent_environments:Odd-v0", (), "observations: expected a Box, Discrete or MultiDiscrete space, got Dict"),
        ("popgym-BattleshipEasy-v0", (), r"actions: expected a Discrete space or a Box.*MultiDiscrete\(\[8 8\]\)"),
        ("agent_environments:Broken-v0", (), "observations: expected finite numbers, got nan"),
        (ENV, ("--steps", "0"), "total_steps: expected an integer of at least 1, got 0"),
        (ENV, ("--gamma", "2"), "gamma: expected a number from 0 to 1"),
        (ENV, ("--episodes", "1"), "--episodes: expected 2 or more"),
        (ENV, ("--resume",), "--resume: needs --checkpoint"),
    ],
)
def test_mistakes(gruvy, tmp_path, env, options, pattern):
    one_line(gruvy("fit", "agent", env, "--out", tmp_path / "m.gruvy", *QUICK, *options), pattern)
    assert not (tmp_path / "m.gruvy").exists()


def test_mistakes_with_a_model(gruvy, agent):
    path = agent[0] / "a.gruvy"
    one_line(gruvy("predict", path, ENV), "an agent acts step by step")
    one_line(gruvy("evaluate", path, "agent_environments:Aim-v0"), r"Aim-v0 has a Box of shape \(1,\) for observations")
    one_line(gruvy("evaluate", path, "Nowhere-v0"), "'Nowhere-v0' is no environment")
    one_line(gruvy("evaluate", path, ENV, "--labels", "x"), "--labels: only for an AnomalyDetector")


def test_a_missing_extra_is_named(gruvy, monkeypatch):
    monkeypatch.setitem(sys.modules, "popgym", None)
    one_line(gruvy("fit", "agent", "popgym-RepeatFirstEasy-v0"), r"needs the extra 'agent' \(popgym is missing\)")
