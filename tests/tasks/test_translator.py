"""The Translator on a language of six words, whose sentences are turned round."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import sacrebleu
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

import gruvy
from gruvy import files, runtime
from gruvy.errors import ArgumentError, DataError, FileFormatError, InputNote
from gruvy.tasks import Translator
from gruvy.tasks.translation.data import read_pairs
from gruvy.tasks.translation.scores import frequencies
from gruvy.tasks.translation.table import read_lines

WORDS = {"uno": "one", "dos": "two", "tres": "three", "cuatro": "four", "cinco": "five", "seis": "six"}
SMALL = {"embedding_size": 24, "hidden_size": 24, "dropout": 0.0, "batch_size": 16, "learning_rate": 0.01}
SMALL |= {"max_epochs": 8, "random_state": 0}


def pairs(count, seed=0):
    random = np.random.default_rng(seed)
    sentences = [random.choice(list(WORDS), random.integers(2, 8)).tolist() for _ in range(count)]
    return [" ".join(one) for one in sentences], [" ".join(WORDS[word] for word in one[::-1]) for one in sentences]


@pytest.fixture(scope="module")
def model():
    return Translator(**SMALL).fit(*pairs(600))


@pytest.fixture(scope="module")
def without():
    return Translator(attention=None, **SMALL).fit(*pairs(600))


# ---- what it learns ----


def test_it_learns_to_turn_sentences_round(model):
    X, y = pairs(100, seed=1)
    right = [found == expected for found, expected in zip(model.predict(X), y, strict=True)]
    assert np.mean(right) > 0.9
    assert model.score(X, y) == sacrebleu.corpus_bleu(model.predict(X), [y]).score > 90


def test_one_summary_is_not_enough_for_it(model, without):
    X, y = pairs(100, seed=1)
    assert 40 < without.score(X, y) < model.score(X, y) - 10


def test_attention_runs_backwards(model):
    X, _ = pairs(50, seed=2)
    hits = []
    for text, found in zip(X, model.attention_maps(X), strict=True):
        assert found.source == tuple("▁" + word for word in text.split())
        assert found.target[-1] == "<end>"
        assert found.weights.shape == (len(found.target), len(found.source))
        np.testing.assert_allclose(found.weights.sum(axis=1), 1, atol=1e-5)
        written = len(found.target) - 1
        if written == len(found.source):
            hits += (found.weights[:-1].argmax(axis=1) == np.arange(written)[::-1]).tolist()
    assert np.mean(hits) > 0.7


def test_the_rows_of_evaluate(model):
    X, y = pairs(60, seed=3)
    own, copied, frequency = model.evaluate(X, y)
    assert own["bleu"] == model.score(X, y)
    assert own["chrf"] == sacrebleu.corpus_chrf(model.predict(X), [y]).score
    assert copied["bleu"] == sacrebleu.corpus_bleu(X, [y]).score
    assert 1 < own["perplexity"] < 1.5
    # Six words and the end; words are 4.5 of 5.5 on average.
    share = np.array([4.5 / 5.5 / 6] * 6 + [1 / 5.5])
    assert frequency["perplexity"] == pytest.approx(np.exp(-(share * np.log(share)).sum()), rel=0.05)
    assert model.evaluate(X, y, translations=y)[0]["bleu"] == pytest.approx(100)


def test_frequencies_count_the_end():
    found = np.exp(frequencies([np.array([3, 3]), np.array([3])], 5))
    np.testing.assert_allclose(found, np.array([1, 1, 3, 4, 1]) / 10)


def test_a_wider_beam_finds_what_is_more_probable(without):
    X, _ = pairs(60, seed=4)

    def probability(beam_size):
        wide = clone(without).set_params(beam_size=beam_size, length_normalization=0.0)
        wide._set_network(without._network)
        wide._model = without._model
        encoded = without._model.encode_pairs(X, wide.predict(X))
        return -without._model.cross_entropy(encoded)[0]

    assert probability(5) > probability(1)


# ---- what is kept ----


def test_save_and_load(model, tmp_path):
    X, y = pairs(20, seed=5)
    loaded = gruvy.load(model.save(tmp_path / "m.gruvy"))
    assert isinstance(loaded, Translator)
    assert loaded.predict(X) == model.predict(X)
    assert loaded.evaluate(X, y) == model.evaluate(X, y)
    assert loaded.get_params() == model.get_params()
    assert loaded.history_ == model.history_
    with pytest.raises(FileFormatError, match="beam search is no operation of a graph"):
        runtime.load(tmp_path / "m.gruvy")


def test_a_damaged_file_is_refused(model, tmp_path):
    tensors, document = files.read(model.save(tmp_path / "m.gruvy"))
    for part in ("params", "subwords", "fitted"):
        path = files.write(tmp_path / "d.gruvy", tensors, {**document, part: {}})
        with pytest.raises(FileFormatError, match="the model in it is damaged"):
            gruvy.load(path)
    document["subwords"]["source"] = "{}"
    with pytest.raises(FileFormatError, match="the model in it is damaged"):
        gruvy.load(files.write(tmp_path / "d.gruvy", tensors, document))


def test_an_interrupted_training_goes_on_as_if_it_had_not_been(tmp_path):
    class InterruptedError(Exception):
        pass

    def interrupt(event):
        if event.epoch == 2:
            raise InterruptedError

    X, y = pairs(80)
    short = SMALL | {"max_epochs": 3, "dropout": 0.2}
    whole = Translator(**short).fit(X, y)
    with pytest.raises(InterruptedError):
        Translator(**short).fit(X, y, checkpoint=tmp_path, progress=interrupt)
    resumed = Translator(**short, beam_size=1).fit(X, y, checkpoint=tmp_path, resume=True)
    assert [row["validation_loss"] for row in resumed.history_] == [row["validation_loss"] for row in whole.history_]
    weights = [one._model.network.state_dict() for one in (whole, resumed)]
    assert all(np.array_equal(weights[0][name], weights[1][name]) for name in weights[0])
    with pytest.raises(ArgumentError, match="another"):
        Translator(**short).fit(X[1:], y[1:], checkpoint=tmp_path, resume=True)


def test_validation_pairs_are_not_learnt_from():
    X, y = pairs(60)
    quick = SMALL | {"max_epochs": 1}
    given = Translator(**quick).fit(X, y, validation=(["uno siete"], ["seven one"]))
    assert given.provenance_["pairs"] == 60
    assert given.provenance_["validated"] == 1
    own = Translator(**quick, validation_fraction=0.25).fit(X + X, y + y)
    assert own.provenance_["validated"] == pytest.approx(30, abs=6)
    assert own.provenance_["validated"] % 2 == 0  # both of a pair that is there twice


# ---- what is refused ----


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"attention": "dot"}, "attention: expected 'additive' or None, got 'dot'"),
        ({"vocabulary_size": 3}, "vocabulary_size: expected an integer of at least 10, got 3"),
        ({"beam_size": 0}, "beam_size: expected an integer of at least 1, got 0"),
        ({"length_normalization": -1}, "length_normalization: expected a number of at least 0, got -1"),
        ({"validation_fraction": 1}, "validation_fraction: expected a number between 0 and 1, got 1"),
        ({"dropout": 1.0}, "dropout: expected a number of at least 0 and below 1"),
    ],
)
def test_parameters_that_cannot_be(params, message):
    with pytest.raises(ArgumentError, match=message):
        Translator(**params).fit(["a"], ["b"])


@pytest.mark.parametrize(
    ("X", "y", "message"),
    [
        ("one text", ["a"], "X: expected a list of texts, got one text"),
        (3, ["a"], "X: expected a list of texts, got int"),
        ([], [], "X: expected at least one text, got none"),
        (["a", "b"], ["c"], "y: expected 2 texts, one for each of X, got 1"),
        (["a", None, 3.0], ["c"] * 3, "X: 2 of 3 texts are missing or no text, the first is number 1: None"),
        (["a", float("nan")], ["c"] * 2, "X: 1 of 2 texts are missing or no text, the first is number 1: nan"),
        (["a", "b"], ["c", "  "], "y: 1 of 2 texts are empty, the first is number 1"),
        (["a", "a"], ["c", "d"], "X: expected at least two different sentences"),
        (["a a a a"] * 3 + ["b b b b"] * 3, ["c"] * 6, "more sub-words than max_length=1; raise it"),
    ],
)
def test_sentences_that_cannot_be(X, y, message):
    with pytest.raises(DataError, match=message):
        Translator(max_length=1).fit(X, y)


def test_what_needs_something_first(without):
    with pytest.raises(NotFittedError):
        Translator().predict(["a"])
    with pytest.raises(ArgumentError, match="resume=True: expected checkpoint"):
        Translator().fit(["a"], ["b"], resume=True)
    with pytest.raises(ArgumentError, match="the model has none; fit one with attention='additive'"):
        without.attention_maps(["uno"])
    assert clone(without).get_params() == without.get_params()


def test_a_text_of_unknown_signs_is_translated_to_something_and_said(model):
    with pytest.warns(InputNote, match=r"got 'ξ' \(2x\), 'ψ' \(1x\), 'ω' \(1x\) in 2 of 2 texts.*read as unknown"):
        assert isinstance(model.predict(["ξ", "ξ ψ ω"])[0], str)


def test_only_a_line_break_ends_a_sentence(tmp_path):
    (tmp_path / "a.es").write_text("\ufeffuno\u2028uno\ndos\x85\r\ntres", encoding="utf-8")
    assert read_lines(tmp_path / "a.es") == ["uno\u2028uno", "dos\x85", "tres"]


def test_a_table_is_no_list_of_texts():
    frame = pd.DataFrame({"es": ["hola"], "en": ["hi"]})
    with pytest.raises(DataError, match="X: expected a list of texts, got 2 dimensions; give one column"):
        read_pairs(frame, frame["en"])
    assert read_pairs(frame["es"], frame["en"]) == (["hola"], ["hi"])
