"""Alphabet, drawing, surprise: against values worked out by hand or one character at a time."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from gruvy.errors import ArgumentError, DataError
from gruvy.graph import Builder
from gruvy.language import Alphabet, Characters, Drawing, GraphNetwork
from gruvy.language import characters as module
from gruvy.spec import GRUWeights, LayerWeights

ALPHABET = Alphabet.of("abcdé𝄞")


@pytest.fixture(scope="module")
def model() -> Characters:
    """A GRU with random weights, strong enough that every character depends on many before it."""
    rng = np.random.default_rng(0)

    def weights(*shape: int) -> np.ndarray:
        return rng.normal(0, 1, shape).astype("f4")

    build = Builder()
    read = build.embedding("embedding", build.input("characters", 1, whole=True), weights(len(ALPHABET), 4))
    layer = LayerWeights(weights(24, 4), weights(24, 8) / 2, weights(24), weights(24))
    state = build.gru("encoder", read, GRUWeights(((layer,),), reset_after=True))
    return Characters(GraphNetwork(build.graph(build.dense("logits", state, weights(len(ALPHABET), 8)))), ALPHABET)


def test_an_alphabet_numbers_characters_by_code_point():
    assert ALPHABET.characters == "\nabcdé𝄞"
    assert ALPHABET.encode("é\n𝄞a").tolist() == [5, 0, 6, 1]
    assert ALPHABET.encode("").tolist() == []
    assert ALPHABET.start == 0


def test_unknown_characters_are_named_with_their_counts():
    with pytest.raises(DataError, match=r"the prompt: expected the 7 characters .* got 'ü' \(2x\), 'A' \(1x\); repl"):
        ALPHABET.encode("aüAbü", "the prompt")
    with pytest.raises(DataError, match="and 3 others"):
        ALPHABET.encode("ABCDEFGH")
    with pytest.raises(ValueError, match="each character once"):
        Alphabet("ab")


def test_drawing_by_hand():
    logits = np.log([0.1, 0.4, 0.2, 0.3])
    np.testing.assert_allclose(Drawing().probabilities(logits), [0.1, 0.4, 0.2, 0.3])
    squares = np.array([0.01, 0.16, 0.04, 0.09])
    np.testing.assert_allclose(Drawing(temperature=0.5).probabilities(logits), squares / squares.sum())
    np.testing.assert_allclose(Drawing(top_k=2).probabilities(logits), [0, 4 / 7, 0, 3 / 7])
    np.testing.assert_allclose(Drawing(top_p=0.71).probabilities(logits), [0, 4 / 9, 2 / 9, 3 / 9])
    np.testing.assert_allclose(Drawing(top_p=0.69).probabilities(logits), [0, 4 / 7, 0, 3 / 7])
    # top-p works on what top-k has left: 4/7 of it is the first character
    np.testing.assert_allclose(Drawing(top_k=2, top_p=0.5).probabilities(logits), [0, 1, 0, 0])
    np.testing.assert_allclose(Drawing(temperature=0).probabilities(logits), [0, 1, 0, 0])
    assert np.isfinite(Drawing(temperature=1e-3).probabilities(logits * 1e4)).all()


def test_draws_follow_the_probabilities():
    rng = np.random.default_rng(0)
    logits = np.log([0.1, 0.4, 0.2, 0.3])
    counts = np.bincount([Drawing().draw(logits, rng) for _ in range(4000)], minlength=4)
    np.testing.assert_allclose(counts / 4000, [0.1, 0.4, 0.2, 0.3], atol=0.03)


def test_values_that_cannot_work_are_named_together():
    with pytest.raises(ArgumentError, match=r"temperature: .* got -1; top_k: .* got 0; top_p: .* got 1.5"):
        Drawing(-1, 0, 1.5)
    with pytest.raises(ArgumentError, match="temperature"):
        Drawing(float("nan"))


def test_a_seed_repeats_and_a_stream_is_the_same_text(model):
    text = model.generate("ab", 40, seed=1)
    assert len(text) == 40
    assert text == model.generate("ab", 40, seed=1)
    assert text != model.generate("ab", 40, seed=2)
    assert text != model.generate("ba", 40, seed=1)
    assert "".join(itertools.islice(model.stream("ab", seed=1), 40)) == text


def test_greedy_text_takes_the_least_surprising_character(model):
    text = model.generate("ad", 30, temperature=0)
    for at in range(30):
        before = "ad" + text[:at]
        costs = {character: model.surprise(before + character)[-1] for character in ALPHABET.characters}
        assert text[at] == min(costs, key=costs.__getitem__)


def test_a_stop_ends_the_text_and_is_part_of_it(model):
    whole = model.generate("", 300, seed=3)
    stop = whole[120:123]
    stopped = model.generate("", 300, seed=3, stop=["no such", stop])
    assert stopped == whole[: whole.index(stop) + 3]
    assert model.generate("", 300, seed=3, stop=whole[0]) == whole[0]


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"prompt": "xyz"}, DataError, "the prompt: expected the 7 characters"),
        ({"length": -1}, ArgumentError, "length: expected .* got -1"),
        ({"stop": ["a", ""]}, ArgumentError, "stop: .* an empty one"),
        ({"top_k": 0}, ArgumentError, "top_k"),
    ],
)
def test_mistakes_are_told_before_the_first_character(model, options, error, words):
    with pytest.raises(error, match=words):
        model.stream(**options)


def test_surprise_is_what_a_stream_says_one_by_one(model):
    text = "abc\nddéa𝄞bca" * 3
    step = model.network.stepper()
    logits = step(ALPHABET.start)
    for character, bits in zip(text, model.surprise(text), strict=True):
        number = int(ALPHABET.encode(character)[0])
        shares = np.exp(logits.astype(float)) / np.exp(logits.astype(float)).sum()
        assert bits == pytest.approx(-np.log2(shares[number]), abs=1e-4)
        logits = step(number)
    assert model.surprise("").tolist() == []


@pytest.mark.parametrize("length", [2047, 2048, 2049, 6000, 40000, 140001])
def test_pieces_side_by_side_give_what_the_whole_gives(model, monkeypatch, length):
    text = "".join(np.random.default_rng(length).choice(list("abcdé"), length))
    pieces = model.surprise(text)
    monkeypatch.setattr(module, "_PIECES", 1)
    np.testing.assert_allclose(pieces, model.surprise(text), atol=1e-3)
