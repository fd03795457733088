"""The translation demo from end to end, as its quick budget runs it but with fewer verses and a smaller network."""

from __future__ import annotations

import contextlib
import json

import pytest

import gruvy
from gruvy.datasets import load_bible
from gruvy.demos import translation


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    @contextlib.contextmanager
    def training(name):
        names.append(name)
        yield lambda event: None

    names = []
    folder = tmp_path_factory.mktemp("demo") / "new"
    steps = pytest.MonkeyPatch()
    steps.setitem(translation._STEP, "quick", 24)
    small = {"hidden_size": 16, "embedding_size": 16, "vocabulary_size": 300}
    outcome = translation.run(folder, budget="quick", training=training, **small)
    steps.undo()
    assert names == ["GRU with attention", "GRU without"]
    return folder, outcome


def test_it_learns_and_says_what_is_compared(demo):
    _, outcome = demo
    assert outcome.learnt
    *bleu, figure = outcome.figures
    assert [one.measure for one in bleu] == ["BLEU", "BLEU over 20 words"]
    assert figure.trivial == "sub-word frequencies"
    assert figure.gru < 0.9 * figure.others["sub-word frequencies"]
    assert [row.name for row in outcome.tables[0].rows] == [
        "GRU with attention",
        "GRU without",
        "the source, copied",
        "sub-word frequencies",
    ]


def test_files_are_there_and_agree(demo):
    folder, outcome = demo
    results = json.loads((folder / "translation.json").read_text(encoding="utf-8"))
    assert results == json.loads(json.dumps(outcome.results))
    assert results["headline"].removesuffix(".") in (folder / "translation.html").read_text(encoding="utf-8")
    test = load_bible().query("split == 'test'").iloc[::24]
    model = gruvy.load(folder / "translation.gruvy")
    assert model.score(test["es"], test["en"]) == pytest.approx(results["rows"][0]["bleu"])
    assert sum(results["lengths"]["counts"]) == len(test)
