"""What the report shows is what the classifier computed."""

from __future__ import annotations

import numpy as np
import pytest

from gruvy.tasks import SequenceClassifier
from gruvy.tasks.classification.report import classification_report

SMALL = {"hidden_size": 6, "embedding_size": 6, "batch_size": 16, "max_epochs": 2, "random_state": 0}


@pytest.fixture(scope="module")
def texts():
    random = np.random.default_rng(0)
    words = ["good", "bad", "film", "plot", "the", "a"]
    X = [" ".join(random.choice(words, 8)) for _ in range(90)]
    return X, np.array(["positive" if "good" in x else "negative" for x in X])


@pytest.fixture(scope="module")
def model(texts):
    X, y = texts
    return SequenceClassifier(**SMALL).fit(X[:60], y[:60])


def test_rows_confusion_and_reliability(model, texts):
    X, y = texts[0][60:], texts[1][60:]
    other = {"name": "lexicon", "accuracy": 0.5, "balanced_accuracy": 0.5, "macro_f1": 0.4}
    report = classification_report({"GRU": model}, X, y, [other], title="Films", command="run it")
    assert [(row.name, row.kind) for row in report.comparison.rows] == [
        ("GRU", "model"),
        ("lexicon", "baseline"),
        ("majority class", "baseline"),
    ]
    assert report.model["accuracy"] == model.score(X, y)
    assert report.model["parameters"] == model.n_parameters_
    assert report.comparison.rows[1]["log_loss"] is None
    predicted = model.predict(X)
    for i, true in enumerate(report.classes):
        for j, called in enumerate(report.classes):
            assert report.confusion[i, j] == ((y == true) & (predicted == called)).sum()
    assert sum(row["count"] for row in report.reliability) == 30
    assert report.losses[0].validation == [row["validation_loss"] for row in model.history_]
    assert report.provenance["Sequences"] == "60 to learn from and to validate with, 30 to test"
    assert report.provenance["Command"] == "run it"


def test_examples_are_ranked_by_the_probability_of_the_truth(model, texts):
    X, y = texts[0][60:], texts[1][60:]
    report = classification_report({"GRU": model}, X, y, title="Films")
    assert len(report.examples) == 6
    of_truth = [one.probability if one.predicted == one.truth else 1 - one.probability for one in report.examples]
    assert of_truth == sorted(of_truth, reverse=True)
    for example in report.examples:
        place = X.index(" ".join(example.tokens))
        assert y[place] == example.truth
        np.testing.assert_allclose(model.attention([X[place]])[0].weights, example.weights, atol=1e-6)


@pytest.mark.parametrize("one_length", [True, False])
def test_the_course_of_numeric_sequences(one_length):
    random = np.random.default_rng(0)
    lengths = [12] * 60 if one_length else random.integers(5, 20, 60)
    y = np.arange(60) % 2
    X = [np.linspace(0, 1, n)[:, None] * (1 + label) for n, label in zip(lengths, y, strict=True)]
    model = SequenceClassifier(**SMALL).fit(X, y)
    course = classification_report({"GRU": model}, X, y, title="Curves").course
    assert len(course.steps) == (12 if one_length else 50)
    np.testing.assert_allclose(course.weights.sum(axis=1), 1, atol=0.02)
    assert course.values[:, -1] == pytest.approx([1, 2], abs=0.03)
    if one_length:
        np.testing.assert_allclose(course.values[1], np.linspace(0, 2, 12), atol=1e-12)
        mine = np.mean([one.weights for one in model.attention(X[::2])], axis=0)
        np.testing.assert_allclose(course.weights[0], mine, atol=1e-6)
