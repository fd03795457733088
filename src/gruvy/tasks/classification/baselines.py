"""The classifiers that a network has to beat."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import Pipeline, make_pipeline

from gruvy.tasks.shared.features import sequence_features
from gruvy.tasks.shared.sequences import read_sequences

# Inverse strengths of the penalty that are tried.
_STRENGTHS = (0.3, 1.0, 3.0, 10.0, 30.0)


class LinearClassifier:
    """A logistic regression on what a person would count first, its penalty chosen by cross-validation.

    Of texts these are the words and pairs of words, weighted by TF-IDF; of numeric sequences of one length all their
    values; of others the mean, spread, least, greatest, first and last value and mean change of each channel. Gaps are
    filled in along a line between the values beside them.

    Args:
        class_weight: as of the `SequenceClassifier`.
        random_state: of the folds.
        one_length: whether all numeric sequences, those to come too, have one length; None: as those of the fit.

    Attributes:
        name: what reports call it.
    """

    def __init__(
        self,
        class_weight: str | Mapping[Any, float] | None = None,
        random_state: int = 0,
        *,
        one_length: bool | None = None,
    ):
        self.class_weight = class_weight
        self.random_state = random_state
        self.one_length = one_length

    def fit(self, X: Any, y: NDArray[np.int64]) -> LinearClassifier:
        """Learn from sequences and the numbers of their classes."""
        sequences = read_sequences(X)
        texts = isinstance(sequences[0], str)
        self.name = "TF-IDF + logistic regression" if texts else "logistic regression"
        regression = LogisticRegression(max_iter=2000, class_weight=self.class_weight)
        features = sequence_features(sequences, one_length=self.one_length)
        self._model = self._search(make_pipeline(*features, regression), y).fit(sequences, y)
        return self

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """(N, K)."""
        found: NDArray[np.float64] = self._model.predict_proba(read_sequences(X))
        return found

    def _search(self, pipeline: Pipeline, y: NDArray[np.int64]) -> Pipeline | GridSearchCV:
        folds = min(3, int(np.unique(y, return_counts=True)[1].min()))
        if folds < 2:
            return pipeline
        return GridSearchCV(
            pipeline,
            {"logisticregression__C": _STRENGTHS},
            scoring="neg_log_loss",
            cv=StratifiedKFold(folds, shuffle=True, random_state=self.random_state),
        )
