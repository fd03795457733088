"""Byte-pair encoding: against the library that learns it, and a language model over its pieces."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer, models

import gruvy
from gruvy import runtime
from gruvy.data import StreamBatch
from gruvy.errors import ArgumentError, DataError, MissingExtraError
from gruvy.language import Alphabet, Subwords, words_of
from gruvy.tasks import LanguageModel
from gruvy.tasks.language.network import CarriedLoss
from gruvy.tasks.language.subwords import learn_subwords

TEXT = "The rain, the rain;\nthe train's  rain-coat... 'twas raining again!\n" * 9 + "naïve ÅÅÅ\tEnd"


@pytest.fixture(scope="module")
def subwords():
    return learn_subwords(TEXT, Alphabet.of(TEXT).characters, 60)


def test_words_and_pieces_put_together_are_the_text(subwords):
    assert "".join(words_of(TEXT)) == TEXT
    assert "".join(subwords.pieces[number] for number in subwords.encode(TEXT)) == TEXT
    assert len(subwords.encode(TEXT)) < 0.6 * len(TEXT)
    assert len(subwords) <= 60
    assert " rain" in subwords.pieces


def test_encoding_is_the_librarys(subwords):
    """The library merges words by the same pairs; its numbers are others, so the pieces are compared."""
    numbers = {piece: number for number, piece in enumerate(subwords.pieces)}
    library = Tokenizer(models.BPE(numbers, list(subwords.merges)))
    for word in words_of(TEXT):
        expected = library.encode(word).tokens
        assert [subwords.pieces[number] for number in subwords.encode(word)] == expected


def test_what_cannot_be(subwords):
    with pytest.raises(DataError, match=r"the prompt: expected the \d+ characters .* got '€' \(1x\)"):
        subwords.encode("€", "the prompt")
    with pytest.raises(ValueError, match="'ab', 'c' is merged before its pieces are there"):
        Subwords("\nabc", (("ab", "c"),))
    assert Subwords.of_document(subwords.document()) == subwords


@pytest.fixture(scope="module")
def fitted():
    params = {"hidden_size": 24, "embedding_size": 8, "context_length": 15, "batch_size": 4, "max_epochs": 8}
    model = LanguageModel(**params, tokens="subword", vocabulary_size=45, learning_rate=0.02, random_state=0)
    return model.fit(TEXT * 5)


def test_bits_are_per_character(fitted):
    bits = fitted.surprise(TEXT)
    assert bits.shape == (len(TEXT),)
    assert fitted.evaluate(TEXT)[0]["bits_per_character"] == pytest.approx(bits.mean())
    pieces = fitted._characters.alphabet.encode(TEXT)
    first = len(fitted.pieces_[pieces[0]])
    assert np.ptp(bits[:first]) == 0  # shared out evenly


def test_the_loss_is_per_character():
    batch = StreamBatch(torch.zeros(3, 2).long(), torch.tensor([[0, 1], [1, 1], [0, 0]]), True)
    bits, characters = CarriedLoss(torch.tensor([1, 4]))(
        lambda numbers, state: (torch.zeros(3, 2, 2), torch.zeros(1)), batch
    )
    assert bits.item() == pytest.approx(6)  # two pieces, alike: a bit each
    assert characters.item() == 3 * 1 + 3 * 4


def test_it_learns_and_generates_as_long_as_asked(fitted):
    assert fitted.evaluate(TEXT)[0]["bits_per_character"] < 1.5
    for length in (0, 1, 17):
        assert len(fitted.generate("The ", length, seed=3)) == length
    drawn = list(fitted.stream("The ", 40, seed=3))
    assert max(map(len, drawn)) > 1
    assert "".join(drawn) == fitted.generate("The ", 40, seed=3)


def test_a_stop_inside_a_piece(fitted):
    whole = fitted.generate("the ", 200, temperature=0.5, seed=1)
    stop = "ai"
    assert stop in whole
    assert fitted.generate("the ", 200, temperature=0.5, seed=1, stop=stop) == whole[: whole.index(stop) + 2]
    assert fitted.generate("the ", 200, temperature=0.5, seed=1, stop=["zzzz", "a"]) == whole[: whole.index("a") + 1]


def test_file_and_runtime_say_the_same(fitted, tmp_path):
    path = fitted.save(tmp_path / "m.gruvy")
    back, light = gruvy.load(path), runtime.load(path)
    assert back.pieces_ == fitted.pieces_ == light.alphabet.pieces
    for other in (back, light):
        assert other.generate("The ", 30, seed=2) == fitted.generate("The ", 30, seed=2)
        np.testing.assert_allclose(other.surprise(TEXT), fitted.surprise(TEXT), atol=1e-5)


def test_mistakes(monkeypatch):
    with pytest.raises(ArgumentError, match="tokens: expected one of character, subword, got 'subwords'; did you mean"):
        LanguageModel(tokens="subwords").fit(TEXT)
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(MissingExtraError, match="needs the extra 'text'"):
        LanguageModel(tokens="subword", context_length=20).fit(TEXT)
