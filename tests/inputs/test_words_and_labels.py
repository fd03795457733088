"""Words with a label each: CoNLL files of all kinds, tables and lists."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from input_cases import Case, named

import gruvy
from gruvy.cli.tasks.tag import _read
from gruvy.data.conll import read_conll
from gruvy.tasks.tagging.data import read_labels, read_steps
from gruvy.tasks.tagging.spans import span_f1, spans

TITLE = "Words and their labels"
WORDS = [["Ada", "Lovelace", "sang", "."], ["Oslo", "sleeps"]]
LABELS = [["B-PER", "I-PER", "O", "O"], ["B-LOC", "O"]]
PLAIN = "Ada B-PER\nLovelace I-PER\nsang O\n. O\n\nOslo B-LOC\nsleeps O\n"


def conll(content: str | bytes, words=WORDS, labels=LABELS, name="a.conll", columns=None, labelled=True):
    def run(folder: Path) -> None:
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        found = read_conll(folder / name, columns, labelled=labelled)
        assert [one.words for one in found] == words
        assert [one.labels for one in found] == labels

    return run


def table(name: str, content: str, words=WORDS, labels=LABELS, **options):
    """What ``gruvy fit tag`` reads."""

    def run(folder: Path) -> None:
        (folder / name).write_text(content, encoding="utf-8")
        given = {"labels": None, "label": "tag", "string": "word", "series": None, **options}
        frame, columns = _read(folder / name, *given.values(), {})
        steps = read_steps(columns.read(frame)[0])
        assert [list(one.words) for one in steps] == words
        found = read_labels(columns.labels(frame), steps)
        assert [found.classes[one].tolist() for one in found.numbers] == labels

    return run


@cache
def tagger() -> gruvy.SequenceTagger:
    X, y = WORDS * 8, LABELS * 8
    params = {"hidden_size": 8, "embedding_size": 8, "max_epochs": 12, "learning_rate": 0.05, "random_state": 0}
    return gruvy.SequenceTagger(**params).fit(X, y)


def learnt(folder: Path) -> None:
    model = tagger()
    assert [one.tolist() for one in model.predict(WORDS)] == LABELS
    row, majority = model.evaluate(WORDS, LABELS)
    assert (row["span_f1"], majority["span_f1"]) == (1.0, 0.0)
    loaded = gruvy.load(model.save(folder / "a.gruvy"))
    np.testing.assert_array_equal(loaded.predict_proba(WORDS)[0], model.predict_proba(WORDS)[0])


def unknown_word(folder: Path) -> None:
    assert len(tagger().predict([["Oslo", "says", "日本"]])[0]) == 3


def same_spans(labels: list[str], expected: list[tuple[str, int, int]]):
    def run(folder: Path) -> None:
        assert list(spans(labels)) == expected
        assert span_f1([labels], [labels]) == 1.0

    return run


def refused(X, y):
    return lambda folder: read_labels(y, read_steps(X))


FOUR = "-DOCSTART- -X- -X- O\n\n" + PLAIN.replace(" ", " NN I-NP ")
SPANS = [("PER", 0, 1), ("PER", 2, 2), ("LOC", 4, 4)]
CASES: list[Case] = [
    Case("lists of words with lists of labels", "accepted", learnt),
    Case("two columns, parted by spaces", "accepted", conll(PLAIN)),
    Case(
        "two columns, parted by tabs, lines that end as in Windows",
        "accepted",
        conll(PLAIN.replace(" ", "\t").replace("\n", "\r\n")),
    ),
    Case("four columns with -DOCSTART-, as CoNLL-2003 has them", "accepted", conll(FOUR, name="eng.testa")),
    Case(
        "the part of speech of such a file, --label 2",
        "accepted",
        conll(FOUR, labels=[["NN"] * 4, ["NN"] * 2], columns=(1, 2)),
    ),
    Case(
        "comments, several blank lines, a byte order mark",
        "accepted",
        conll("\ufeff# id = 1\n" + PLAIN.replace("\n\n", "\n\n \n# text = Oslo\n")),
    ),
    Case(
        "a word that is the sign #",
        "accepted",
        conll("# O\nB B-PER\n# O\nis O\n", [["#", "B", "#", "is"]], [["O", "B-PER", "O", "O"]]),
    ),
    Case(
        "CoNLL-U: parts of speech, words of several and empty ones left out",
        "accepted",
        conll(
            "# text = Vámonos\n1-2\tVámonos\t_\t_\t_\t_\t_\t_\t_\t_\n1\tVamos\tir\tVERB\t_\t_\t0\troot\t_\t_\n"
            "2\tnos\tnosotros\tPRON\t_\t_\t1\tobj\t_\t_\n2.1\tx\tx\tX\t_\t_\t_\t_\t_\t_\n",
            [["Vamos", "nos"]],
            [["VERB", "PRON"]],
            name="a.conllu",
        ),
    ),
    Case(
        "words alone, to predict",
        "accepted",
        conll("Ada\nLovelace\nsang\n.\n\nOslo\nsleeps\n", labels=[[], []], labelled=False),
    ),
    Case(
        "words alone, to learn from",
        "refused",
        conll("Ada\nsang\n"),
        "…a.conll: has one column, of words; expected their labels in a second one",
    ),
    Case(
        "a line with a column too few",
        "refused",
        conll(PLAIN.replace("sang O", "sang")),
        "…a.conll: line 3: expected 2 columns, as in most lines, got 1 in 'sang'; part all of them by tabs, "
        "or all by spaces",
    ),
    Case("IOB2 spans", "accepted", same_spans(["B-PER", "I-PER", "B-PER", "O", "B-LOC"], SPANS)),
    Case("IOB1 spans", "accepted", same_spans(["I-PER", "I-PER", "B-PER", "O", "I-LOC"], SPANS)),
    Case("IOBES spans", "accepted", same_spans(["B-PER", "E-PER", "S-PER", "O", "S-LOC"], SPANS)),
    Case("BILOU spans", "accepted", same_spans(["B-PER", "L-PER", "U-PER", "O", "U-LOC"], SPANS)),
    Case(
        "a table with a row for each word",
        "accepted",
        table(
            "a.csv",
            "sentence,word,tag\n"
            + "".join(
                f"{number},{word},{label}\n"
                for number, (words, labels) in enumerate(zip(WORDS, LABELS, strict=True))
                for word, label in zip(words, labels, strict=True)
            ),
            series="sentence",
        ),
    ),
    Case(
        "JSON Lines with lists of words and of labels, as the datasets library exports them",
        "accepted",
        table(
            "a.jsonl",
            "".join(json.dumps({"word": a, "tag": b}) + "\n" for a, b in zip(WORDS, LABELS, strict=True)),
        ),
    ),
    Case(
        "sentences as strings with a label for each word",
        "refused",
        refused(["Ada sang", "Oslo sleeps"], [["B-PER", "O"], ["B-LOC", "O"]]),
        "y: 2 of 2 sequences have another number of labels than of steps, the first is number 0: 2 labels for 8 steps; "
        "give each step one label; to label words, give lists of words",
    ),
    Case(
        "a word that is missing",
        "refused",
        refused([["Ada", None]], [["B-PER", "O"]]),
        "X: word 1 of sequence 0 is None; expected a word, or a sign",
    ),
    Case(
        "a word of characters that the fit never saw",
        "adapted",
        unknown_word,
        "X: expected the … characters that the model was trained on, got 'y' (1x), '日' (1x), '本' (1x); "
        "read as unknown",
    ),
]


@pytest.mark.parametrize("case", named(CASES))
def test_words_and_labels_are_read(case, tmp_path):
    case.check(tmp_path)


def test_a_wrong_span_counts_against_both_sides():
    # As conlleval counts: one of two found spans is right, of three true ones.
    truth, found = ["B-A", "O", "B-A", "B-B"], ["B-A", "O", "B-B", "O"]
    assert span_f1([truth], [found]) == pytest.approx(2 * 1 / 5)
