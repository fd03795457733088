"""The sentiment demo from end to end, with a small network and two epochs."""

from __future__ import annotations

import pytest

import gruvy
from gruvy.datasets import load_sentiment


@pytest.fixture(scope="module")
def demo(run_demo):
    return run_demo("sentiment", trained=["GRU"], budget="quick", max_epochs=2, hidden_size=16, embedding_size=32)


def test_rows_and_known_baselines(demo):
    _, result = demo
    rows = {row["name"]: row["accuracy"] for row in result.results["rows"]}
    assert list(rows) == ["GRU", "TF-IDF + logistic regression", "VADER (a lexicon)", "majority class"]
    assert rows["VADER (a lexicon)"] == pytest.approx(0.567, abs=0.03)  # 0.567 on both sides together
    assert rows["majority class"] == pytest.approx(0.504, abs=0.03)
    assert rows["TF-IDF + logistic regression"] > 0.7
    assert rows["GRU"] > rows["majority class"] + 0.05


@pytest.mark.filterwarnings("ignore:X. expected the 72 characters:gruvy.errors.InputNote")
def test_the_model_in_the_file_is_the_one_that_was_measured(demo):
    _, outcome = demo
    assert outcome.headline.removesuffix(".") in outcome.report_path.read_text(encoding="utf-8")
    test = load_sentiment().query("split == 'test'")
    model = gruvy.load(outcome.model_path)
    assert model.score(test["text"], test["label"]) == outcome.results["rows"][0]["accuracy"]
    assert outcome.learnt
