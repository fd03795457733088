"""The classifiers that a network has to beat."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from gruvy.data.words import folded, stands_alone, words
from gruvy.tasks.shared.sequences import Series, Texts, read_sequences

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
        steps: list[Any]
        if isinstance(sequences[0], str):
            self.name = "TF-IDF + logistic regression"
            steps = [_tfidf(sequences)]
        else:
            self.name = "logistic regression"
            read = FunctionTransformer(_flat if self._one_length(sequences) else _statistics)
            # Of a channel without any value the mean over the other sequences is taken.
            steps = [read, SimpleImputer(keep_empty_features=True), StandardScaler()]
        regression = LogisticRegression(max_iter=2000, class_weight=self.class_weight)
        self._model = self._search(make_pipeline(*steps, regression), y).fit(sequences, y)
        return self

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """(N, K)."""
        found: NDArray[np.float64] = self._model.predict_proba(read_sequences(X))
        return found

    def _one_length(self, sequences: Series) -> bool:
        return len({len(one) for one in sequences}) == 1 if self.one_length is None else self.one_length

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


def _tfidf(texts: Texts) -> TfidfVectorizer:
    """Words and pairs of them, cut as the network's; of texts without a word, such as signs, the characters."""
    how = {"token_pattern": None, "lowercase": False, "ngram_range": (1, 2), "sublinear_tf": True}
    if any(_words(text) for text in texts):
        return TfidfVectorizer(tokenizer=_words, **how)
    if any(_short_words(text) for text in texts):
        return TfidfVectorizer(tokenizer=_short_words, **how)
    return TfidfVectorizer(analyzer="char", preprocessor=folded, sublinear_tf=True, ngram_range=(1, 2))


def _words(text: str) -> list[str]:
    """Words of two letters or more, those of scripts without spaces, and emoji; no punctuation."""
    return [word for word in _short_words(text) if len(word) > 1 or stands_alone(word)]


def _short_words(text: str) -> list[str]:
    """Words of any length, at their apostrophes two, and emoji."""
    parts = [part for word in words(text) for part in word.split("'")]
    return [part for part in parts if part and (part[0].isalnum() or part[0] == "_" or stands_alone(part))]


def _flat(sequences: Series) -> NDArray[np.float64]:
    """(N, T * C)."""
    return np.stack([_filled(sequence).ravel() for sequence in sequences])


def _statistics(sequences: Series) -> NDArray[np.float64]:
    """(N, 7 C)."""
    return np.stack(
        [
            np.concatenate([x.mean(0), x.std(0), x.min(0), x.max(0), x[0], x[-1], (x[-1] - x[0]) / len(x)])
            for x in map(_filled, sequences)
        ]
    )


def _filled(sequence: NDArray[np.float64]) -> NDArray[np.float64]:
    """(T, C), NaN only in channels without any value."""
    filled = sequence.copy()
    for channel in filled.T:
        known = ~np.isnan(channel)
        if known.any():
            channel[~known] = np.interp(np.flatnonzero(~known), np.flatnonzero(known), channel[known])
    return filled
