"""The sentiment demo from end to end, with a small network and two epochs."""

from __future__ import annotations

import contextlib
import json

import pytest

import gruvy
from gruvy.datasets import load_sentiment
from gruvy.demos import sentiment


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    @contextlib.contextmanager
    def training(name):
        yield lambda event: None

    folder = tmp_path_factory.mktemp("demo") / "new"
    return folder, sentiment.run(folder, training=training, max_epochs=2, hidden_size=16, embedding_size=32)


def test_rows_and_known_baselines(demo):
    _, result = demo
    rows = {row.name: row for row in result.report.rows}
    assert list(rows) == ["GRU", "TF-IDF + logistic regression", "VADER (a lexicon)", "majority class"]
    assert rows["VADER (a lexicon)"].accuracy == pytest.approx(0.567, abs=0.03)  # 0.567 on both sides together
    assert rows["majority class"].accuracy == pytest.approx(0.504, abs=0.03)
    assert rows["TF-IDF + logistic regression"].accuracy > 0.7
    assert rows["GRU"].accuracy > rows["majority class"].accuracy + 0.05


def test_files_are_there_and_agree(demo):
    folder, result = demo
    figures = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    assert figures == json.loads(json.dumps(result.results))
    assert figures["headline"].removesuffix(".") in (folder / "report.html").read_text(encoding="utf-8")
    test = load_sentiment().query("split == 'test'")
    model = gruvy.load(folder / "sentiment.gruvy")
    assert model.score(test["text"], test["label"]) == figures["rows"][0]["accuracy"]
