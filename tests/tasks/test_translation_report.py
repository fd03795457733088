"""What a translation report is made of."""

from __future__ import annotations

import pytest
import sacrebleu

from gruvy.tasks import Translator
from gruvy.tasks.translation.report import translation_report

SMALL = {"embedding_size": 8, "hidden_size": 8, "max_epochs": 1, "beam_size": 1, "random_state": 0}


@pytest.fixture(scope="module")
def models():
    X, y = ["uno dos tres cuatro"] * 5 + ["dos uno"] * 5, ["one two three four"] * 5 + ["two one"] * 5
    return {"GRU with": Translator(**SMALL).fit(X, y), "GRU without": Translator(attention=None, **SMALL).fit(X, y)}


def test_long_and_short_sentences_are_measured_apart(models):
    X = ["uno dos tres"] * 12 + ["uno dos " * 6] * 11 + ["uno " * 25] * 15 + ["uno " * 45] * 3
    y = [text.replace("uno", "one").replace("dos", "two") for text in X]
    report = translation_report(models, X, y, title="a")
    assert report.lengths.names == ["1 to 10", "11 to 20", "21 to 30", "31 to 40", "over 40"]
    assert report.lengths.counts == [12, 11, 15, 0, 3]
    for name, model in models.items():
        found = model.predict(X)
        row = next(row for row in report.comparison.rows if row.name == name)
        assert row["bleu"] == sacrebleu.corpus_bleu(found, [y]).score
        assert row["bleu_long"] == sacrebleu.corpus_bleu(found[23:], [y[23:]]).score
        assert report.lengths.bleu[name][0] == sacrebleu.corpus_bleu(found[:12], [y[:12]]).score
        assert report.lengths.bleu[name][3:] == [None, None]  # too few to say
    copied, frequency = report.comparison.rows[2:]
    assert copied["bleu_long"] == sacrebleu.corpus_bleu(X[23:], [y[23:]]).score
    assert (frequency["bleu"], frequency["bleu_long"]) == (None, None)


def test_examples_and_maps_are_chosen_by_rank(models):
    X = [f"uno dos tres cuatro {'dos ' * n}" for n in range(4, 30)]
    report = translation_report(models, X, X, title="a")
    chrf = [
        sacrebleu.sentence_chrf(found, [text]).score
        for found, text in zip(models["GRU with"].predict(X), X, strict=True)
    ]
    shown = [chrf[X.index(example.source)] for example in report.examples]
    assert shown == sorted(shown, reverse=True)
    assert report.examples[2].title == "Typical (50th percentile)"
    assert shown[2] == sorted(chrf)[round(0.5 * 25)]
    assert set(report.examples[0].translations) == set(models)
    assert len(report.maps) == 3
    assert all(8 <= "".join(one.source).count("▁") <= 20 for one in report.maps)
    assert report.maps[0].weights.shape == (len(report.maps[0].target), len(report.maps[0].source))
    assert translation_report({"GRU": models["GRU without"]}, X, X, title="a").maps == []
