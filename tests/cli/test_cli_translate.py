"""``gruvy fit translate``, and what the other commands do with its model."""

from __future__ import annotations

import io
import json
import re

import numpy as np
import pandas as pd
import pytest

import gruvy as package

WORDS = {"uno": "one", "dos": "two", "tres": "three", "cuatro": "four"}
QUICK = ("--hidden-size", "8", "--embedding-size", "8", "--vocabulary-size", "40", "--epochs", "2")


@pytest.fixture(scope="module")
def pairs():
    random = np.random.default_rng(0)
    sentences = [random.choice(list(WORDS), random.integers(1, 5)) for _ in range(150)]
    english = [" ".join(WORDS[word] for word in one) for one in sentences]
    return pd.DataFrame({"es": [" ".join(one) for one in sentences], "en": english})


@pytest.fixture(scope="module")
def data(pairs, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pairs")
    pairs.to_csv(folder / "p.csv", index=False)
    pairs.to_csv(folder / "p.tsv", index=False, sep="\t")
    pairs.to_json(folder / "p.jsonl", orient="records", lines=True)
    pairs.to_parquet(folder / "p.parquet")
    for language in pairs:
        (folder / f"p.{language}").write_text("\n".join(pairs[language]) + "\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def translator(gruvy, data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    out = ("--out", folder / "m.gruvy", "--report", folder / "r.html")
    outcome = gruvy("fit", "translate", data / "p.csv", "--source", "es", "--target", "en", *out, *QUICK)
    assert outcome.code == 0, outcome.err
    return folder / "m.gruvy", outcome


def test_it_prints_the_model_beside_the_baselines(translator):
    path, outcome = translator
    for name in ("BLEU", "chrF", "gru", "the source, copied", "sub-word frequencies", str(path)):
        assert name in outcome.out
    assert outcome.err.count("GRU: epoch") == 2
    assert "es to en" in (path.parent / "r.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["p.tsv", "p.jsonl", "p.parquet", "two texts"])
def test_every_type_of_file_gives_the_same_model(gruvy, data, translator, tmp_path, name):
    given = (data / "p.es", data / "p.en") if name == "two texts" else (data / name,)
    options = ("--source", "es", "--target", "en", "--out", tmp_path / "m.gruvy", "--json", *QUICK)
    outcome = gruvy("fit", "translate", *given, *options)
    assert outcome.err == ""
    document = json.loads(outcome.out)
    assert document["history"][-1]["epoch"] == 2
    for key in ("train_loss", "validation_loss"):
        assert document["history"][-1][key] == package.load(translator[0]).history_[-1][key]


def test_predict_and_evaluate(gruvy, translator, data, pairs):
    path, _ = translator
    expected = package.load(path).predict(pairs["es"])
    for file in ("p.csv", "p.es"):  # a table, or the sentences alone
        printed = pd.read_csv(io.StringIO(gruvy("predict", path, data / file).out), keep_default_na=False)
        assert printed["es"].tolist() == pairs["es"].tolist()
        assert printed["en"].tolist() == expected
    scores = json.loads(gruvy("evaluate", path, data / "p.jsonl", "--json").out)["scores"]
    assert scores == json.loads(json.dumps(package.load(path).evaluate(pairs["es"], pairs["en"])))
    assert f"{scores[0]['bleu']:.1f}" in gruvy("evaluate", path, data / "p.csv").out


def test_without_attention(gruvy, data, tmp_path):
    options = ("--source", "es", "--target", "en", "--no-attention", "--out", tmp_path / "m.gruvy", *QUICK)
    assert gruvy("fit", "translate", data / "p.csv", *options).code == 0
    assert package.load(tmp_path / "m.gruvy").attention is None


def one_line(outcome, pattern):
    assert outcome.code == 2
    assert outcome.out == ""
    assert outcome.err.count("\n") == 1, outcome.err
    assert re.search(pattern, outcome.err.replace("\n", " ")), outcome.err


@pytest.mark.parametrize(
    ("change", "options", "pattern"),
    [
        (lambda t: t.head(0), (), "has column names but no rows"),
        (lambda t: t.head(2), (), "expected at least 3 different sentences"),
        (lambda t: t.drop(columns="en"), (), "no column 'en'"),
        (lambda t: t, ("--source", "ess"), "no column 'ess' \\(source\\); did you mean 'es'"),
        (lambda t: t.assign(en=t["en"].where(t.index > 3)), (), "column 'en': 4 of 150 texts are missing"),
        (lambda t: t.assign(es=" "), (), "column 'es': 150 of 150 texts are empty"),
        (lambda t: t, ("--test-fraction", "2"), "--test-fraction: expected a number between 0 and 1"),
        (lambda t: t, ("--vocabulary-size", "4"), "vocabulary_size: expected an integer of at least 10"),
        (lambda t: t, ("--resume",), "--resume: needs --checkpoint"),
    ],
)
def test_mistakes(gruvy, pairs, tmp_path, change, options, pattern):
    change(pairs).to_csv(tmp_path / "bad.csv", index=False)
    given = ("--source", "es", "--target", "en", "--out", tmp_path / "m.gruvy", *QUICK, *options)
    one_line(gruvy("fit", "translate", tmp_path / "bad.csv", *given), pattern)
    assert not (tmp_path / "m.gruvy").exists()


@pytest.mark.parametrize(
    ("files", "pattern"),
    [
        (("two.es",), "two.es: expected a table, or two text files"),
        (("two.es", "none.en"), "none.en: no such file"),
        (("two.es", "empty.en"), "empty.en: the file is empty"),
        (("two.es", "three.en"), "three.en: expected 2 texts, one for each of .*two.es, got 3"),
        (("two.es", "gap.en"), "gap.en: 1 of 2 texts are empty, the first is number 0"),
        (("two.es", "latin.en"), "latin.en: is no text in UTF-8"),
        (("two.es", "."), "expected a text file, got a folder"),
        (("two.es", "pairs.csv"), "pairs.csv: expected two text files, got a table"),
    ],
)
def test_mistakes_with_two_files(gruvy, tmp_path, files, pattern):
    content = {"two.es": b"uno\ndos\n", "empty.en": b"", "three.en": b"one\ntwo\nthree\n", "gap.en": b"\ntwo\n"}
    content |= {"latin.en": "\xe9\ntwo\n".encode("latin-1"), "pairs.csv": b"source,target\nuno,one\n"}
    for name, text in content.items():
        (tmp_path / name).write_bytes(text)
    out = ("--out", tmp_path / "m.gruvy")
    one_line(gruvy("fit", "translate", *(tmp_path / name for name in files), *out, *QUICK), pattern)
