"""The n-gram model against its equation, written down a second time for single characters."""

from __future__ import annotations

import bz2
import itertools
import lzma
from collections import Counter, defaultdict

import numpy as np
import pytest

from gruvy.language import Alphabet
from gruvy.tasks.language import baselines as language_baselines
from gruvy.tasks.language.baselines import compressors, ngram, ngram_shares, xz_after


def witten_bell(training: str, context: str, character: str, size: int) -> float:
    """p(x | h) = (c(h x) + d(h) p(x | h')) / (c(h) + d(h)), by counting."""
    lower = 1 / size if not context else witten_bell(training, context[1:], character, size)
    padded = "\n" * 12 + training
    followers = Counter(
        padded[at] for at in range(12, len(padded)) if padded[at - len(context) : at] == context or not context
    )
    count, different = sum(followers.values()), len(followers)
    return lower if not count else (followers[character] + different * lower) / (count + different)


@pytest.mark.parametrize("n", [1, 2, 3, 5, 12])
def test_shares_are_those_of_the_equation(n):
    rng = np.random.default_rng(n)
    training, text = ("".join(rng.choice(list("ab \n"), size)) for size in (150, 40))
    alphabet = Alphabet.of(training + "z")  # a character that never came
    shares = next(itertools.islice(ngram_shares(alphabet.encode(training), alphabet.encode(text), alphabet), n - 1, n))
    padded = "\n" * 12 + text
    for at, share in enumerate(shares):
        context = padded[at + 12 - (n - 1) : at + 12]
        assert share == pytest.approx(witten_bell(training, context, text[at], len(alphabet)), rel=1e-12)


def test_shares_of_all_characters_add_up_to_one():
    alphabet = Alphabet.of("abcz")
    training = alphabet.encode("abcabcbacb\nab")
    sums = defaultdict(float)
    for character in alphabet.characters:
        for n, shares in enumerate(ngram_shares(training, alphabet.encode("abca" + character), alphabet), 1):
            sums[n] += shares[-1]
    assert len(sums) == 12
    assert all(total == pytest.approx(1, rel=1e-12) for total in sums.values())


def test_the_length_is_chosen_on_the_validation_text_alone(monkeypatch):
    rng = np.random.default_rng(0)
    words = ["the ", "cat ", "sat ", "on ", "mat "]
    training, validation, test = ("".join(rng.choice(words, size)) for size in (2000, 200, 200))
    alphabet = Alphabet.of(training)
    best, letters = ngram(training, validation, test, alphabet)
    assert letters["name"] == "letter frequencies"
    assert best["bits_per_character"] < 1 < letters["bits_per_character"]
    means = [
        -np.log2(shares).mean()
        for shares in ngram_shares(alphabet.encode(training), alphabet.encode(validation), alphabet)
    ]
    assert best["name"] == f"{1 + int(np.argmin(means))}-gram"
    same_length = ngram(training, validation, test[::-1], alphabet)[0]
    assert same_length["name"] == best["name"]
    assert same_length["bits_per_character"] > best["bits_per_character"]


def test_compressors_are_as_measured_by_hand():
    text = "Ein Märchen aus alten Zeiten, das kommt mir nicht aus dem Sinn. " * 30
    data = text.encode()
    rows = {row["name"]: row["bits_per_character"] for row in compressors(text)}
    assert rows["bzip2"] == 8 * len(bz2.compress(data)) / len(text)
    assert rows["xz"] == pytest.approx(8 * len(lzma.compress(data)) / len(text), rel=0.05)
    assert xz_after(text[:64], text)["bits_per_character"] < rows["xz"]
    assert language_baselines.score_row("x", 1.5, text)["characters"] == len(text)
