"""The text demo from end to end, with a small network and the first part of the training text."""

from __future__ import annotations

import pytest

import gruvy
from gruvy.datasets import load_austen


@pytest.fixture(scope="module")
def demo(run_demo):
    return run_demo("text", trained=["GRU"], budget="quick", hidden_size=64, max_epochs=1)


def test_it_learns(demo):
    """One pass over a sixth of the training text is enough to beat the letters' frequencies by far."""
    _, result = demo
    bits = {row["name"]: row["bits_per_character"] for row in result.results["rows"]}
    assert bits["gru"] < 0.65 * bits["letter frequencies"]
    assert 4.3 < bits["letter frequencies"] < 4.5


def test_it_measures_on_persuasion_alone(demo):
    _, result = demo
    assert {row["characters"] for row in result.results["rows"]} == {len(load_austen("test")["Persuasion"])}


def test_report_and_model_belong_together(demo):
    _, outcome = demo
    assert outcome.headline in outcome.report_path.read_text(encoding="utf-8")
    model = gruvy.load(outcome.model_path)
    assert model.scores_ == outcome.results["rows"]
    assert outcome.learnt
