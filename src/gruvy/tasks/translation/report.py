"""From fitted translators and their test part to the values that a report shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from gruvy.report import Comparison, Row
from gruvy.report.translation import (
    AttentionMap,
    Lengths,
    TranslationExample,
    TranslationReport,
    translation_columns,
)
from gruvy.tasks.shared.reporting import at_ranks, loss_curves, repeatable, table_row
from gruvy.tasks.translation.data import read_pairs
from gruvy.tasks.translation.scores import bleu, sentence_chrf
from gruvy.tasks.translation.translator import Translator

# Sentences of more words are long: where one summary began to lose them (Cho et al. 2014b, figure 4).
LONG = 20
# The most words of each bin.
_BINS = (10, 20, 30, 40)
# A BLEU of fewer sentences says little.
_FEWEST = 10
# Places in the order of the chrF of sentences that are shown.
_PLACES = {"90th percentile": 0.9, "75th percentile": 0.75, "Typical (50th percentile)": 0.5}
_PLACES |= {"25th percentile": 0.25, "10th percentile": 0.1}
# Attention maps are of sentences with so many words, whose sub-words have room beside a plot.
_MAPPED = range(8, 21)
_MAPS = {
    "A good one (90th percentile)": 0.9,
    "A typical one (50th percentile)": 0.5,
    "A bad one (10th percentile)": 0.1,
}


def translation_report(
    models: Mapping[str, Translator],
    X: Any,
    y: Any,
    *,
    title: str,
    description: str = "",
    command: str = "",
) -> TranslationReport:
    """Gather what a report shows of translators that were fitted on the same pairs.

    The first model is the one that the report is about.

    Args:
        models: fitted estimators by the name that the report gives them.
        X, y: N sentences and their translations by people, none of them of the fit.
        title: the headline.
        description: one or two sentences on the data.
        command: what repeats the run, or "".

    Returns:
        The values of the report; `gruvy.report.write_report` turns them into a page.

    Raises:
        DataError: sentences that cannot be used.
        MissingExtraError: without sacrebleu.

    Example:
        >>> report = translation_report({"GRU": model}, X, y, title="Spanish to English")  # doctest: +SKIP
    """
    source, references = read_pairs(X, y)
    words = np.array([len(text.split()) for text in source])
    translations = {name: model.predict(source) for name, model in models.items()}
    scores = {
        name: model.evaluate(source, references, translations=translations[name]) for name, model in models.items()
    }
    first = next(iter(models))
    _, copied, frequency = scores[first]
    rows = [_row(name, scores[name][0], translations[name], references, words, models[name]) for name in models]
    rows += [
        _row(copied["name"], copied, source, references, words),
        _row(frequency["name"], frequency, None, references, words),
    ]
    ranks: list[int] = np.argsort(
        [sentence_chrf(*pair) for pair in zip(translations[first], references, strict=True)]
    ).tolist()
    return TranslationReport(
        title=title,
        comparison=Comparison(translation_columns(LONG), rows),
        lengths=_lengths(words, translations, references),
        losses=loss_curves(models),
        examples=[
            TranslationExample(
                place, source[row], references[row], {name: found[row] for name, found in translations.items()}
            )
            for place, row in at_ranks(ranks, _PLACES).items()
        ],
        maps=_maps(models[first], source, [row for row in ranks if words[row] in _MAPPED]),
        provenance=_provenance(models[first], len(source), command),
        long_words=LONG,
        description=description,
    )


def _row(
    name: str,
    score: Mapping[str, Any],
    translations: Sequence[str] | None,
    references: Sequence[str],
    words: np.ndarray,
    model: Translator | None = None,
) -> Row:
    long = np.flatnonzero(words > LONG)
    bleu_long = None if translations is None else _bleu(long, translations, references)
    return table_row(name, score, model, bleu_long=bleu_long)


def _lengths(words: np.ndarray, translations: Mapping[str, Sequence[str]], references: Sequence[str]) -> Lengths:
    edges = [0, *_BINS, int(max(words.max(), _BINS[-1] + 1))]
    bins = [np.flatnonzero((words > low) & (words <= high)) for low, high in pairwise(edges)]
    names = [f"{low + 1} to {high}" for low, high in zip(edges, _BINS, strict=False)] + [f"over {_BINS[-1]}"]
    return Lengths(
        names,
        [len(rows) for rows in bins],
        {name: [_bleu(rows, found, references) for rows in bins] for name, found in translations.items()},
    )


def _bleu(rows: np.ndarray, translations: Sequence[str], references: Sequence[str]) -> float | None:
    if len(rows) < _FEWEST:
        return None
    return bleu([translations[row] for row in rows], [references[row] for row in rows])


def _maps(model: Translator, source: Sequence[str], ranks: Sequence[int]) -> list[AttentionMap]:
    """Return maps by the rank of the translation, from bad to good: none is picked by eye."""
    if model.attention is None or not ranks:
        return []
    chosen = at_ranks(ranks, _MAPS)
    found = model.attention_maps([source[row] for row in chosen.values()])
    return [AttentionMap(title, one.source, one.target, one.weights) for title, one in zip(chosen, found, strict=True)]


def _provenance(model: Translator, tested: int, command: str) -> dict[str, str]:
    made = model.provenance_
    about = {
        "Sentences": f"{made['pairs']:,} to learn from, {made['validated']:,} to validate with, {tested:,} to test",
        "Sub-words": f"{model.vocabulary_size:,} of each language at most",
        "Search": f"beam of {model.beam_size}, scores over T^{model.length_normalization:g}",
    }
    return repeatable(model, about, command)
