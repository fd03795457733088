"""What the report shows is what the tagger computed."""

from __future__ import annotations

import numpy as np
import pytest

from gruvy.tasks import SequenceTagger
from gruvy.tasks.tagging.report import class_table, merging, tagging_report


@pytest.fixture(scope="module")
def data():
    random = np.random.default_rng(0)
    X = ["".join(random.choice(list("abcd"), random.integers(20, 90))) for _ in range(60)]
    y = ["".join({"a": "G", "b": "H"}.get(x, "E") if random.random() < 0.8 else "C" for x in one) for one in X]
    return X, y


@pytest.fixture(scope="module")
def model(data):
    X, y = data
    return SequenceTagger(hidden_size=8, num_layers=1, max_epochs=4, learning_rate=0.02, random_state=0).fit(
        X[:40], y[:40]
    )


MERGE = {"G": "H"}


def test_figures_on_merged_classes(model, data):
    X, y = data[0][40:], data[1][40:]
    report = tagging_report({"GRU": model}, {"GRU": X}, y, merge=MERGE, title="Chains", command="run it")
    assert report.classes == ["C", "E", "H"]
    names, onto = merging(model, MERGE)
    assert (model.classes_.tolist(), names) == (["C", "E", "G", "H"], ["C", "E", "H"])
    assert onto.tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, 1]]
    added = np.concatenate(model.predict_proba(X)) @ onto
    predicted = np.array(list("CEH"))[added.argmax(axis=1)]
    truth = np.array(list("".join(y).replace("G", "H")))
    assert report.model["accuracy"] == pytest.approx((predicted == truth).mean())
    assert report.confusion[1, 2] == ((truth == "E") & (predicted == "H")).sum()
    assert report.confusion.sum() == sum(map(len, y))
    assert [row.name for row in report.comparison.rows] == ["GRU", "majority class"]
    assert report.comparison.rows[1]["accuracy"] == pytest.approx((truth == "E").mean())  # G and H together are fewer
    assert report.lengths == [len(x) for x in X]
    starts = np.cumsum([0, *report.lengths])
    for number, accuracy in enumerate(report.accuracies):
        part = slice(starts[number], starts[number + 1])
        assert accuracy == pytest.approx((predicted[part] == truth[part]).mean())
    assert report.provenance["Sequences"] == "40 to learn from and to validate with, 20 to test"


def test_along_counts_every_step_at_its_place(model, data):
    X, y = data[0][40:], data[1][40:]
    report = tagging_report({"GRU": model}, {"GRU": X}, y, title="Chains")
    right = [np.array(list(p)) == np.array(list(t)) for p, t in zip(model.predict(X), y, strict=True)]
    first = np.concatenate([one[: int(np.ceil(len(one) / 20))] for one in right])
    assert report.along[0] == pytest.approx(first.mean())
    assert len(report.along) == 20


def test_precision_and_recall_by_hand():
    truth, predicted = np.array([0, 0, 0, 1, 1, 2]), np.array([0, 0, 1, 1, 0, 0])
    first, second, third = class_table(["a", "b", "c"], truth, predicted).rows
    assert (first["precision"], first["recall"], first["count"]) == (0.5, pytest.approx(2 / 3), 3)
    assert (second["precision"], second["recall"], second["f1"]) == (0.5, 0.5, 0.5)
    assert (third["precision"], third["recall"], third["f1"], third["count"]) == (0, 0, 0, 1)


def test_examples_are_ranked_by_accuracy_and_are_what_was_predicted(model, data):
    X, y = data[0][40:], data[1][40:]
    report = tagging_report({"GRU": model}, {"GRU": X}, y, title="Chains")
    accuracies = [example.accuracy for example in report.tagged]
    assert accuracies == sorted(accuracies, reverse=True)
    for example in report.tagged:
        place = X.index(example.characters)
        assert "".join(report.classes[number] for number in example.truth) == y[place]
        assert "".join(report.classes[number] for number in example.predicted) == model.predict([X[place]])[0]
        assert len(example.truth) >= 60
