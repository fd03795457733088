import subprocess
import sys

import pytest

from gruvy.data import Vocabulary
from gruvy.errors import ArgumentError

TEXTS = ["It isn't good.", "It isn't bad!", "good, good"]


def test_words_keep_apostrophes_and_signs_stand_alone():
    vocabulary = Vocabulary.of(TEXTS, "word", 100)
    assert vocabulary.tokens == ("<unknown>", "good", "isn't", "it")
    assert vocabulary.split("It ISN’T good.") == ["it", "isn't", "good", "."]
    assert vocabulary.encode("good grief, it").tolist() == [1, 0, 0, 3]


def test_the_most_frequent_are_kept():
    assert Vocabulary.of(TEXTS, "word", 2).tokens == ("<unknown>", "good")
    assert Vocabulary.of(["abbccc"], "character", 3).tokens == ("<unknown>", "c", "b")


def test_characters_are_as_they_are():
    vocabulary = Vocabulary.of(["Aa"], "character", 10)
    assert vocabulary.encode("aAé").tolist() == [2, 1, 0]


@pytest.mark.parametrize("kind", ["word", "character"])
def test_a_text_without_a_token_is_one_unknown(kind):
    assert Vocabulary.of(TEXTS, kind, 100).encode("").tolist() == [0]


def test_subwords_are_learnt_and_make_words_that_were_not_seen():
    pytest.importorskip("tokenizers")
    vocabulary = Vocabulary.of(["lower newer wider", "low new wide"] * 5, "subword", 60)
    assert len(vocabulary) <= 60
    assert vocabulary.tokens[0] == "<unknown>"
    tokens = vocabulary.split("Newest lower")
    assert "".join(tokens).replace("▁", " ").strip().startswith("ne")
    assert 0 not in vocabulary.encode("newer lower").tolist()
    assert len(vocabulary.encode("lower")) < len("lower")
    assert [vocabulary.tokens[number] for number in vocabulary.encode("lower")] == vocabulary.split("lower")


@pytest.mark.parametrize("kind", ["word", "character", "subword"])
def test_it_goes_through_json(kind):
    if kind == "subword":
        pytest.importorskip("tokenizers")
    vocabulary = Vocabulary.of(TEXTS, kind, 50)
    again = Vocabulary.of_document(vocabulary.document())
    assert again == vocabulary
    assert again.encode("It isn't so").tolist() == vocabulary.encode("It isn't so").tolist()


def test_an_unknown_kind():
    with pytest.raises(ArgumentError, match=r"expected one of word, character, subword, got 'wrod'"):
        Vocabulary.of(TEXTS, "wrod", 10)


def test_a_missing_library_is_named():
    code = """
import sys
sys.modules["tokenizers"] = None
from gruvy.data.vocabulary import Vocabulary
Vocabulary.of(["a"], "subword", 10)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "tokens='subword' needs the extra 'text'" in done.stderr
