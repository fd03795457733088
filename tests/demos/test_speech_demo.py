"""The speech demo from end to end, on the shortest prompts."""

from __future__ import annotations

import pytest
from prompts import installed

import gruvy
from gruvy.datasets import load_speech

pytestmark = installed


@pytest.fixture(scope="module")
def demo(run_demo):
    return run_demo("speech", trained=["GRU"], budget="quick", max_epochs=11)


def test_it_begins_to_learn(demo):
    _, outcome = demo
    assert outcome.learnt
    rows = {row["name"]: row for row in outcome.results["rows"]}
    assert rows["GRU"]["cer"] < 0.97
    assert rows["empty transcript"]["cer"] == 1
    assert 0.6 < rows["nearest recording (DTW)"]["cer"] < 0.8
    losses = [row["validation_loss"] for row in outcome.results["history"]["GRU"]]
    assert losses[-1] < 0.9 * losses[0]


def test_report_and_model_belong_together(demo):
    _, outcome = demo
    page = outcome.report_path.read_text(encoding="utf-8")
    assert outcome.headline in page
    assert "Allison Smith" in page
    test = load_speech().query("split == 'test'")
    model = gruvy.load(outcome.model_path)
    assert model.evaluate(test["path"].tolist(), test["text"])[0]["cer"] == outcome.results["rows"][0]["cer"]
