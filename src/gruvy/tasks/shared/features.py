"""What a person would count first in a sequence: the features of the simple models that a network has to beat."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from gruvy.data.words import folded, stands_alone, words
from gruvy.tasks.shared.sequences import Series, Texts


def sequence_features(sequences: Texts | Series, *, one_length: bool | None = None) -> list[Any]:
    """Return the steps of a scikit-learn pipeline that make features of sequences.

    Of texts these are the words and pairs of words, weighted by TF-IDF; of numeric sequences of one length all their
    values; of others the mean, spread, least, greatest, first and last value and mean change of each channel. Gaps are
    filled in along a line between the values beside them.

    Args:
        sequences: of the fit.
        one_length: whether all numeric sequences, those to come too, have one length; None: as those of the fit.
    """
    if isinstance(sequences[0], str):
        return [_tfidf(sequences)]
    if one_length is None:
        one_length = len({len(one) for one in sequences}) == 1
    # Of a channel without any value the mean over the other sequences is taken.
    read = FunctionTransformer(_flat if one_length else _statistics)
    return [read, SimpleImputer(keep_empty_features=True), StandardScaler()]


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
