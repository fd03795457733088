"""``gruvy fit tag``, and what the other commands do with its model."""

from __future__ import annotations

import io
import json
import re

import numpy as np
import pandas as pd
import pytest

import gruvy as package

QUICK = ("--hidden-size", "6", "--num-layers", "1", "--epochs", "3")


@pytest.fixture(scope="module")
def chains():
    random = np.random.default_rng(0)
    sequences = ["".join(random.choice(list("AGV"), random.integers(5, 25))) for _ in range(60)]
    labels = ["".join("H" if x == "A" else "C" for x in one) for one in sequences]
    return pd.DataFrame({"id": [f"c{i}" for i in range(60)], "sequence": sequences, "states": labels})


@pytest.fixture(scope="module")
def residues(chains):
    random = np.random.default_rng(1)
    rows = [
        (row.id, residue, state, random.normal(), random.normal())
        for row in chains.itertuples()
        for residue, state in zip(row.sequence, row.states, strict=True)
    ]
    return pd.DataFrame(rows, columns=["id", "residue", "state", "p1", "p2"])


@pytest.fixture(scope="module")
def files(chains, tmp_path_factory):
    folder = tmp_path_factory.mktemp("chains")
    rows = list(chains.itertuples())
    (folder / "c.3line").write_text("".join(f">{r.id}\n{r.sequence}\n{r.states}\n" for r in rows))
    (folder / "seq.fasta").write_text("".join(f">{r.id}\n{r.sequence}\n" for r in rows))
    (folder / "lab.fasta").write_text("".join(f">{r.id}\n{r.states}\n" for r in rows))
    chains.to_csv(folder / "c.csv", index=False)
    chains.to_csv(folder / "c.tsv", index=False, sep="\t")
    chains.assign(states=chains["states"].map(list)).to_json(folder / "c.jsonl", orient="records", lines=True)
    return folder


@pytest.fixture(scope="module")
def tagger(gruvy, files, tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "m.gruvy"
    outcome = gruvy("fit", "tag", files / "c.3line", "--out", path, *QUICK)
    assert outcome.code == 0, outcome.err
    return path, outcome


def test_it_prints_the_model_beside_the_baselines(tagger):
    path, outcome = tagger
    for name in ("gru", "window logistic regression", "majority class", str(path)):
        assert name in outcome.out
    assert outcome.err.count("GRU: epoch") == 3
    assert max(map(len, outcome.out.splitlines()[:8])) <= 80


TABLE = ("--string", "sequence", "--label", "states")


@pytest.mark.parametrize(
    ("name", "options"),
    [("seq.fasta", ("--labels", "lab.fasta")), ("c.csv", TABLE), ("c.tsv", TABLE), ("c.jsonl", TABLE)],
)
def test_every_type_of_file_gives_the_same_model(gruvy, files, tmp_path, name, options):
    options = [files / one if one == "lab.fasta" else one for one in options]
    given = ("--out", tmp_path / "m.gruvy", "--json", *QUICK)
    outcome = gruvy("fit", "tag", files / name, *options, *given)
    assert outcome.err == ""
    document = json.loads(outcome.out)
    assert document["classes"] == ["C", "H"]
    first = json.loads(gruvy("fit", "tag", files / "c.3line", *given, "--report", tmp_path / "r.html").out)
    assert document["scores"] == first["scores"]
    assert [row["name"] for row in first["scores"]] == ["gru", "window logistic regression", "majority class"]
    assert "Class by class" in (tmp_path / "r.html").read_text(encoding="utf-8")


def test_predict_and_evaluate(gruvy, tagger, files, chains, tmp_path):
    path, _ = tagger
    model = package.load(path)
    printed = pd.read_csv(io.StringIO(gruvy("predict", path, files / "seq.fasta").out))
    assert list(printed.columns) == ["name", "position", "sequence", "label", "p_C", "p_H"]
    assert printed["name"].tolist() == np.repeat(chains["id"], chains["sequence"].str.len()).tolist()
    assert "".join(printed["sequence"]) == "".join(chains["sequence"])
    assert "".join(printed["label"]) == "".join(model.predict(chains["sequence"]))
    np.testing.assert_allclose(printed[["p_C", "p_H"]], np.concatenate(model.predict_proba(chains["sequence"])))
    second = printed[printed["name"] == "c1"]
    assert second["position"].tolist() == list(range(1, len(chains["sequence"][1]) + 1))
    scores = json.loads(gruvy("evaluate", path, files / "c.3line", "--json").out)["scores"]
    assert scores == json.loads(json.dumps(model.evaluate(chains["sequence"], chains["states"])))
    assert f"{scores[0]['accuracy']:.1%}" in gruvy("evaluate", path, files / "c.3line").out


def test_a_table_with_a_row_for_each_step(gruvy, residues, tmp_path):
    residues.to_parquet(tmp_path / "r.parquet")
    options = ("--series", "id", "--string", "residue", "--label", "state", "--out", tmp_path / "m.gruvy")
    outcome = gruvy("fit", "tag", tmp_path / "r.parquet", *options, "--balanced", *QUICK)
    assert outcome.code == 0, outcome.err
    model = package.load(tmp_path / "m.gruvy")
    assert (model.alphabet_, model.columns_.values) == ("AGV", ("p1", "p2"))
    printed = pd.read_csv(io.StringIO(gruvy("predict", tmp_path / "m.gruvy", tmp_path / "r.parquet").out))
    assert printed["id"].tolist() == residues["id"].tolist()
    assert printed["residue"].tolist() == residues["residue"].tolist()
    numbers = ("--series", "id", "--label", "state", "--out", tmp_path / "n.gruvy", *QUICK)
    residues.drop(columns="residue").to_csv(tmp_path / "n.csv", index=False)
    assert gruvy("fit", "tag", tmp_path / "n.csv", *numbers).code == 0
    assert package.load(tmp_path / "n.gruvy").alphabet_ == ""


def one_line(outcome, pattern):
    assert outcome.code == 2
    assert outcome.out == ""
    assert outcome.err.count("\n") == 1, outcome.err
    assert re.search(pattern, outcome.err), outcome.err


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("", "bad.3line: the file is empty"),
        (">a\nAGV\n>b\nAG\n", "the FASTA file has no labels: give each entry a third line"),
        (">a\nAGV\nCCC\n>b\nAG\nCC\n>c\nAV\nCC\n", "at least two classes, got one class, 'C'"),
        (">a\nAG1\nCCH\n", "'a' has '1' at position 3"),
        (">a\nAGV\nCCH\n>b\nAG\nCH\n", "expected three sequences or more"),
    ],
)
def test_mistakes_in_fasta(gruvy, tmp_path, text, pattern):
    (tmp_path / "bad.3line").write_text(text)
    one_line(gruvy("fit", "tag", tmp_path / "bad.3line", "--out", tmp_path / "m.gruvy", *QUICK), pattern)
    assert not (tmp_path / "m.gruvy").exists()


@pytest.mark.parametrize(
    ("change", "options", "pattern"),
    [
        (lambda t: t.assign(states=t["states"].str[1:]), TABLE, "60 of 60 sequences have another number of labels"),
        (lambda t: t.drop(columns="states"), TABLE, "no column 'states' .label."),
        (lambda t: t.head(0), TABLE, "no rows"),
        (
            lambda t: t.assign(sequence=None),
            TABLE,
            "'sequence': 60 of 60 strings are missing",
        ),
        (lambda t: t, ("--label", "states"), "--series or --string: expected the column of ids"),
        (lambda t: t, ("--string", "sequence"), "--label: expected the column of the labels"),
        (lambda t: t, (*TABLE, "--labels", "x"), "--labels: is for FASTA files"),
        (lambda t: t, (*TABLE, "--test-fraction", "2"), "--test-fraction: expected a number between 0 and 1"),
        (lambda t: t, (*TABLE, "--resume"), "--resume: needs --checkpoint"),
        (lambda t: t, (*TABLE, "--cell", "gro"), "did you mean 'gru'"),
    ],
)
def test_mistakes_in_tables(gruvy, chains, tmp_path, change, options, pattern):
    change(chains).to_csv(tmp_path / "bad.csv", index=False)
    one_line(gruvy("fit", "tag", tmp_path / "bad.csv", "--out", tmp_path / "m.gruvy", *QUICK, *options), pattern)


@pytest.mark.parametrize(
    ("change", "pattern"),
    [
        (lambda t: t.assign(p1=t["p1"].where(t.index > 3)), "1 of 60 sequences have NaN"),
        (lambda t: t.assign(p1="x"), "column 'p1': expected numbers, got 'x'"),
        (
            lambda t: t.assign(residue=t["residue"].where(t.index != 3, "AB")),
            "column 'residue': expected one character in each row, got 'AB'",
        ),
        (lambda t: t.assign(state=t["state"].where(t.index > 3)), "y: 4 labels are missing"),
        (lambda t: t.assign(id=t["id"].where(t.index > 3)), "column 'id': 4 rows have no id"),
    ],
)
def test_mistakes_in_steps(gruvy, residues, tmp_path, change, pattern):
    change(residues).to_csv(tmp_path / "bad.csv", index=False)
    options = ("--series", "id", "--string", "residue", "--label", "state", "--out", tmp_path / "m.gruvy", *QUICK)
    one_line(gruvy("fit", "tag", tmp_path / "bad.csv", *options), pattern)


def test_mistakes_with_a_model(gruvy, tagger, files, tmp_path):
    path, _ = tagger
    (tmp_path / "x.fasta").write_text(">a\nAGXV\n")
    one_line(gruvy("predict", path, tmp_path / "x.fasta"), r"expected the 3 characters .* got 'X' \(1x\)")
    one_line(gruvy("evaluate", path, files / "seq.fasta"), "the FASTA file has no labels")
    one_line(gruvy("predict", path, files / "c.csv"), "no column 'name'")
    (tmp_path / "new.3line").write_text(">a\nAGV\nCQH\n")
    one_line(gruvy("evaluate", path, tmp_path / "new.3line"), "'Q': no classes of the fit")
