"""The agent demo from end to end, in the real environments, with fewer steps than --quick."""

from __future__ import annotations

import pytest

import gruvy
from gruvy.demos import agent


@pytest.fixture(scope="module")
def demo(run_demo):
    trained = [f"{kind}, {name}" for name in agent.TASKS for kind in ("GRU", "no memory")]
    return run_demo("agent", trained=trained, budget="quick", total_steps=24_576, hidden_size=32)


def test_memory_is_worth_something_in_both(demo):
    _, outcome = demo
    assert [figure.measure for figure in outcome.figures] == [f"mean return, {name}" for name in agent.TASKS]
    repeat, pole = outcome.figures
    assert repeat.gru > repeat.others["no memory"] + 0.05
    assert pole.gru > pole.others["no memory"] + 0.1
    assert outcome.learnt


def test_random_actions_bring_what_they_must(demo):
    _, outcome = demo
    repeat, pole = outcome.figures
    assert repeat.others["random actions"] == pytest.approx(-0.5, abs=0.04)  # one suit in four is right
    assert pole.others["random actions"] == pytest.approx(0.11, abs=0.02)  # 22 steps of 200


def test_the_models_are_those_of_the_table(demo):
    folder, outcome = demo
    row = outcome.results["environments"]["RepeatPreviousEasy"][0]
    model = gruvy.load(folder / "agent.gruvy")
    assert model.evaluate(episodes=agent.EPISODES)[0]["mean_return"] == row["mean_return"]
    other = gruvy.load(folder / "agent-PositionOnlyCartPoleEasy.gruvy")
    assert other.environment_ == "popgym-PositionOnlyCartPoleEasy-v0"
    assert outcome.headline in outcome.report_path.read_text("utf-8")
