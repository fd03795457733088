"""Cross-validation: who has seen what."""

from __future__ import annotations

import contextlib

import numpy as np

from gruvy.tasks import SequenceClassifier
from gruvy.tasks.classification.folds import cross_validate

SMALL = {"hidden_size": 4, "batch_size": 16, "max_epochs": 1, "random_state": 0}


def test_each_sequence_is_told_by_the_model_that_had_not_seen_it():
    random = np.random.default_rng(0)
    X, y = random.normal(size=(30, 5, 1)), np.arange(30) % 2
    folds = np.arange(30) % 3
    names = []

    @contextlib.contextmanager
    def training(name):
        names.append(name)
        yield lambda event: None

    model = SequenceClassifier(**SMALL)
    found = cross_validate(model, X, y, folds, training)
    assert names == ["fold 1 of 3", "fold 2 of 3", "fold 3 of 3"]
    assert found.folds == 3
    temperatures = []
    for fold in range(3):
        alone = SequenceClassifier(**SMALL).fit(X[folds != fold], y[folds != fold])
        np.testing.assert_array_equal(found.probabilities[folds == fold], alone.predict_proba(X[folds == fold]))
        # The same rows together: torch's products of one row and of ten may differ in the last bit.
        for row, attention in zip(np.flatnonzero(folds == fold), alone.attention(X[folds == fold]), strict=True):
            np.testing.assert_array_equal(found.attention[row].weights, attention.weights)
        temperatures.append(alone.temperature_)
    np.testing.assert_allclose(found.temperature, np.prod(temperatures) ** (1 / 3))
    assert not hasattr(model, "classes_")
