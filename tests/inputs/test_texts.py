"""Texts as people write, type and copy them."""

from __future__ import annotations

import unicodedata
import warnings
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import polars
import pyarrow as pa
import pytest
from input_cases import Case, named

import gruvy
from gruvy import runtime
from gruvy.data import Vocabulary, read_text
from gruvy.data.codec import SubwordCodec
from gruvy.data.words import characters, words
from gruvy.errors import DataError, InputNote
from gruvy.tasks.classification.baselines import LinearClassifier
from gruvy.tasks.language.parts import joined
from gruvy.tasks.transcription.data import read_texts as read_transcripts
from gruvy.tasks.transcription.normalizing import normalized
from gruvy.tasks.translation.data import read_texts as read_sentences

TITLE = "Texts"
FRENCH = ["un très beau film animé", "à revoir, élégant et léger", "raté, gênant et mal joué", "hélas, un ennui bâclé"]
RATED = ["pos", "pos", "neg", "neg"]
SMALL = {"hidden_size": 4, "max_epochs": 1, "random_state": 0}


def nfd(text: str) -> str:
    return unicodedata.normalize("NFD", text)


@cache
def classifier() -> gruvy.SequenceClassifier:
    return gruvy.SequenceClassifier(**SMALL, embedding_size=4).fit(FRENCH * 5, RATED * 5)


@cache
def language() -> gruvy.LanguageModel:
    text = "L'été à la plage, c'est la fête. " * 30
    return gruvy.LanguageModel(4, embedding_size=4, context_length=20, max_epochs=1, random_state=0).fit(text)


@cache
def tagger() -> gruvy.SequenceTagger:
    return gruvy.SequenceTagger(**SMALL).fit(["abé", "béa"] * 4, ["xxy", "xyx"] * 4)


def cut(text: str, expected: list[str]):
    def run(folder: Path) -> None:
        assert words(text) == expected

    return run


def same_classes(written: str, meant: str):
    """The network and the words of TF-IDF read the one as the other."""

    def run(folder: Path) -> None:
        found = classifier().predict_proba([written, meant])
        np.testing.assert_array_equal(found[0], found[1])
        assert words(written) == words(meant)

    return run


def decomposed_fit(folder: Path) -> None:
    model = gruvy.SequenceClassifier(**SMALL, embedding_size=4).fit([nfd(text) for text in FRENCH * 5], RATED * 5)
    np.testing.assert_array_equal(model.predict_proba(FRENCH), classifier().predict_proba(FRENCH))
    linear = LinearClassifier().fit([nfd(text) for text in FRENCH * 5], np.array([1, 1, 0, 0] * 5))
    assert (linear.predict_proba(FRENCH).argmax(axis=1) == [1, 1, 0, 0]).all()


def decomposed_language(folder: Path) -> None:
    model, text = language(), "l'été à la fête"
    given = nfd(text)
    bits = model.surprise(given)
    assert len(bits) == len(given)  # a letter's bits are shared by its mark
    np.testing.assert_allclose(bits.sum(), model.surprise(text).sum())
    assert model.generate(nfd("L'été"), 9, seed=0) == model.generate("L'été", 9, seed=0)
    light = runtime.load(model.save(folder / "a.gruvy"))
    np.testing.assert_allclose(light.surprise(given), bits, atol=1e-4)


def decomposed_alphabet(folder: Path) -> None:
    """A model of today's alphabet with letters and marks apart, as files of before have it."""
    text = nfd("la fête à été. " * 60)
    model = gruvy.LanguageModel(4, embedding_size=4, context_length=20, max_epochs=1, random_state=0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gruvy.tasks.language.parts.canonical_texts", lambda texts, what: list(texts))
        model.fit(text)
    assert "\u0301" in model.alphabet_
    bits = model.surprise("été")
    assert len(bits) == 3
    np.testing.assert_allclose(bits.sum(), model.surprise(nfd("été")).sum())


def decomposed_strings(folder: Path) -> None:
    found = tagger().predict_proba(["abé", nfd("abé")])
    # A label for each character that was given; no bits, which a product of matrices gives its rows as they lie.
    np.testing.assert_allclose(found[0][[0, 1, 2, 2]], found[1], rtol=1e-6)
    other = gruvy.SequenceTagger(**SMALL).fit([nfd(one) for one in ["abé", "béa"] * 4], ["xxyy", "xyyx"] * 4)
    np.testing.assert_allclose(other.predict_proba(["abé"])[0], found[0], rtol=1e-6)


def unknown(rule: str, expected: str):
    def run(folder: Path) -> None:
        model = language()
        model.unknown = rule
        try:
            read = model._reader.read("l’été €", "the prompt").text
        finally:
            model.unknown = None
        assert read == expected

    return run


def unknown_step(rule: str | None):
    def run(folder: Path) -> None:
        model = tagger()
        model.unknown = rule
        try:
            (found,) = model.predict(["abZé"])
        finally:
            model.unknown = None
        assert len(found) == 4
        assert rule != "skip" or found == model.predict(["abé"])[0][:2] + found[1] + model.predict(["abé"])[0][2]

    return run


def foreign_review(folder: Path) -> None:
    assert len(classifier().predict(["un film 日本"])) == 1


def foreign_sentence(folder: Path) -> None:
    codec = SubwordCodec.of(["a small cell"] * 3, 60)
    assert codec.admit(["日本 cell", "a cell"], "skip", "X") == [" cell", "a cell"]
    assert codec.admit(["日本 cell", "a cell"], None, "X") == ["日本 cell", "a cell"]


def whole_emoji(folder: Path) -> None:
    assert characters("a👍🏽") == ["a", "👍🏽"]


def spaceless(folder: Path) -> None:
    found = Vocabulary.of(["好电影", "坏电影"], "word", 50)
    assert set(found.tokens[1:]) == {"电", "影"}
    with warnings.catch_warnings():
        warnings.simplefilter("error", InputNote)
        assert len(Vocabulary.of(["好电影", "坏电影"], "subword", 50)) > 2


def surrogates(folder: Path) -> None:
    assert read_sentences(["ok \ud83d\ude00", "cut \ud83d"], "X") == ["ok 😀", "cut \ufffd"]


def empty_from_a_file(folder: Path) -> None:
    from gruvy.tasks.classification.columns import ClassColumns
    from gruvy.tasks.classification.table import read_file

    (folder / "a.csv").write_text("text,label\n,pos\nfine,neg\n", encoding="utf-8")
    frame = read_file(folder / "a.csv", "label", text="text")
    texts, _ = ClassColumns.of(frame, "label", "text").read(frame)
    assert texts == ["", "fine"]


def line_ends(folder: Path) -> None:
    (folder / "a.txt").write_bytes("\ufeffL'été\r\nà la\rfête".encode())

    assert joined("\ufeffL'été\r\nà la\rfête") == read_text(folder / "a.txt") == "L'été\nà la\nfête"


def transcripts(texts: list[str], how: str, expected: list[str]):
    def run(folder: Path) -> None:
        assert normalized(read_transcripts(texts, len(texts)), how, told=True) == expected

    return run


NEVER_SEEN = "expected the … characters that the model was trained on, got"
CASES: list[Case] = [
    Case("the same French sentence with its accents apart (NFD)", "accepted", same_classes(nfd(FRENCH[0]), FRENCH[0])),
    Case("a fit on texts with accents apart", "accepted", decomposed_fit),
    Case("a prompt and a text to measure with accents apart", "accepted", decomposed_language),
    Case("an older model that learnt letters and marks apart", "accepted", decomposed_alphabet),
    Case("strings to tag with accents apart: a label for each character as given", "accepted", decomposed_strings),
    Case(
        "Hindi: marks belong to their letters",
        "accepted",
        cut("यह फिल्म अच्छी है।", ["यह", "फिल्म", "अच्छी", "है", "।"]),
    ),
    Case("Persian: a joiner within a word", "accepted", cut("می\u200cخواهم", ["می\u200cخواهم"])),
    Case("Turkish capital İ", "accepted", cut("İSTANBUL İyi", ["istanbul", "iyi"])),
    Case("emoji with joiners, skin tones and flags", "accepted", cut("👩‍👩‍👧👍🏽 🇫🇷", ["👩‍👩‍👧", "👍🏽", "🇫🇷"])),
    Case(
        "curly apostrophes and quotes",
        "accepted",
        cut("“mal joué”, l’ennui", ['"', "mal", "joué", '"', ",", "l'ennui"]),
    ),
    Case("full-width letters and ligatures", "accepted", same_classes("ＵＮ très beau ﬁlm", "un très beau film")),
    Case(
        "zero-width spaces, soft hyphens, direction marks",
        "accepted",
        same_classes("un ra\u00adté\u200b\u200e", "un raté"),
    ),
    Case(
        "no-break spaces and control characters", "accepted", same_classes("un\u00a0film\u202fraté\x00", "un film raté")
    ),
    Case("Korean in composed and decomposed syllables", "accepted", cut(nfd("한국 영화"), ["한국", "영화"])),
    Case("Thai: each letter with its vowels and tones", "accepted", cut("ดีมาก", ["ดี", "ม", "า", "ก"])),
    Case(
        "Chinese in a fit on words",
        "adapted",
        spaceless,
        "2 of 2 texts are written without spaces between words (Chinese characters): there each character is read as a "
        "word; with subword for the tokens, pieces of words are learnt",
    ),
    Case("whole emoji as characters", "accepted", whole_emoji),
    Case(
        "halves of characters (lone surrogates)",
        "adapted",
        surrogates,
        "X: half a character (a lone surrogate) in 1 of 2 texts, the first is number 1: read as \ufffd; read the file "
        "again, in its own encoding",
    ),
    Case("line ends of Windows and of old Macs, a byte order mark", "accepted", line_ends),
    Case(
        "an empty text in a CSV file",
        "accepted",
        empty_from_a_file,
    ),
    Case(
        "a review with characters that the fit never saw",
        "adapted",
        foreign_review,
        f"X: {NEVER_SEEN} '日' (1x), '本' (1x); read as unknown",
    ),
    Case(
        "a sentence to translate with such characters",
        "adapted",
        foreign_sentence,
        f"X: {NEVER_SEEN} '日' (1x), '本' (1x) in 1 of 2 texts, the first in number 0 at character 1; read as unknown",
    ),
    Case(
        "a prompt with such characters, --unknown replace",
        "adapted",
        unknown("replace", "l'été  "),
        f"the prompt: {NEVER_SEEN} '’' (1x), '€' (1x); read as \"'\", ' '",
    ),
    Case(
        "a prompt with such characters, --unknown skip",
        "adapted",
        unknown("skip", "lété "),
        f"the prompt: {NEVER_SEEN} '’' (1x), '€' (1x); left out",
    ),
    Case(
        "a prompt with such characters",
        "refused",
        unknown(None, ""),
        f"the prompt: {NEVER_SEEN} '’' (1x), '€' (1x); change them, train with texts that have them, or go on with "
        "others in their place by --unknown replace (unknown='replace' in Python), or without them by --unknown skip",
    ),
    Case(
        "a string to tag with such a character, --unknown skip",
        "adapted",
        unknown_step("skip"),
        f"X: {NEVER_SEEN} 'Z' (1x); left out",
    ),
    Case(
        "a string to tag with such a character, --unknown replace",
        "adapted",
        unknown_step("replace"),
        f"X: {NEVER_SEEN} 'Z' (1x); read as unknown",
    ),
    Case(
        "transcripts in upper and lower case",
        "adapted",
        transcripts(["Hello there", "no"], "case", ["hello there", "no"]),
        "the transcripts are learnt from normalised: 1 of 2 in lower case (normalize: case; none keeps them)",
    ),
    Case("transcripts in capitals alone", "accepted", transcripts(["HELLO", "NO"], "case", ["HELLO", "NO"])),
    Case(
        "transcripts with digits",
        "adapted",
        transcripts(["room 12", "no"], "case", ["room 12", "no"]),
        "1 of 2 transcripts have digits, the first is number 0: each digit is learnt as one character, whatever is "
        "said for it; with case,numbers for normalize they are written as words",
    ),
    Case(
        "transcripts with digits and punctuation, --normalize case,punctuation,numbers",
        "adapted",
        transcripts(
            ["It's 1,200 in room 12, on the 3rd!"],
            "case,punctuation,numbers",
            ["it's one thousand two hundred in room twelve on the third"],
        ),
        "the transcripts are learnt from normalised: 1 of 1 in lower case, 1 of 1 without punctuation, 1 of 1 with "
        "numbers as words (normalize: case,punctuation,numbers; none keeps them)",
    ),
    Case(
        "German transcripts with digits, --normalize numbers:de",
        "adapted",
        transcripts(["raum 12"], "numbers:de", ["raum zwölf"]),
        "the transcripts are learnt from normalised: 1 of 1 with numbers as words (normalize: numbers:de; "
        "none keeps them)",
    ),
]


@pytest.mark.parametrize(
    "column", [pd.Series, polars.Series, pa.array, np.array], ids=["pandas", "polars", "pyarrow", "numpy"]
)
def test_a_language_model_reads_a_column_of_texts(column):
    texts = ["L'été à la plage", "c'est la fête"]
    assert joined(column(texts)) == "\n".join(texts)
    assert language().score(column(texts)) == language().score("\n".join(texts))
    with pytest.raises(DataError, match="with other things than strings"):
        joined(column([1, 2]))


@pytest.mark.parametrize("case", named(CASES))
def test_a_text_is_read_as_it_looks(case, tmp_path):
    case.check(tmp_path)
