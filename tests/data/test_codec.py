"""Sub-words that become the text again."""

import pytest

pytest.importorskip("tokenizers")

from gruvy.data.codec import BEGIN, END, UNKNOWN, SubwordCodec

TEXTS = ["¿Quién es el rey? dijo Pedro.", "el Rey, el SEÑOR (de todos): ¡oh!", "y dijo: el rey es rey"] * 3


def test_a_text_comes_back():
    subwords = SubwordCodec.of(TEXTS, 120)
    for text in (*TEXTS, "dijo el rey: ¿es Pedro?"):
        assert subwords.decode(subwords.encode(text)) == text


def test_what_has_a_meaning_of_its_own_is_not_in_a_text():
    subwords = SubwordCodec.of(TEXTS, 120)
    numbers = subwords.encode("el rey")
    assert not {UNKNOWN, BEGIN, END} & set(numbers.tolist())
    assert subwords.decode([BEGIN, *numbers, END]) == "el rey"
    assert UNKNOWN in subwords.encode("el ξ")
    assert subwords.encode("").tolist() == []
    assert subwords.names([BEGIN, END]) == ["<begin>", "<end>"]


def test_frequent_words_are_one_and_the_size_is_kept():
    subwords = SubwordCodec.of(TEXTS, 60)
    assert len(subwords) <= 60
    assert subwords.names(subwords.encode("el rey")) == ["▁el", "▁rey"]
    assert SubwordCodec(subwords.document).encode(TEXTS[0]).tolist() == subwords.encode(TEXTS[0]).tolist()
    assert subwords.encode("ﬁ el").tolist() == subwords.encode("fi el").tolist()  # NFKC


def test_what_reads_like_a_special_one_is_a_text():
    subwords = SubwordCodec.of([*TEXTS, "<end> <begin> <unknown>"], 120)
    numbers = subwords.encode("el <end> rey")
    assert not {UNKNOWN, BEGIN, END} & set(numbers.tolist())
    assert subwords.decode(numbers) == "el <end> rey"


def test_more_characters_than_sub_words():
    subwords = SubwordCodec.of(["".join(map(chr, range(0x4E00, 0x4E40))) + "aaaa"] * 3, 12)
    assert len(subwords) <= 12
    assert subwords.decode(subwords.encode("a")) == "a"
