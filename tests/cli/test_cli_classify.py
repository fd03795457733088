"""``gruvy fit classify``, and what the other commands do with its model."""

from __future__ import annotations

import io
import json
import re

import anndata
import numpy as np
import pandas as pd
import pytest

import gruvy as package

QUICK = ("--hidden-size", "6", "--epochs", "4")


@pytest.fixture(scope="module")
def reviews():
    random = np.random.default_rng(0)
    words = ["film", "plot", "the", "a", "long"]
    verdicts = random.choice(["good", "bad"], 120)
    texts = [" ".join([*random.choice(words, 4), verdict]) for verdict in verdicts]
    return pd.DataFrame({"review": texts, "verdict": verdicts})


@pytest.fixture(scope="module")
def files(reviews, tmp_path_factory):
    folder = tmp_path_factory.mktemp("reviews")
    reviews.to_csv(folder / "r.csv", index=False)
    reviews.to_csv(folder / "r.tsv", index=False, sep="\t")
    reviews.to_json(folder / "r.jsonl", orient="records", lines=True)
    reviews.to_parquet(folder / "r.parquet")
    return folder


@pytest.fixture(scope="module")
def classifier(gruvy, files, tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "m.gruvy"
    outcome = gruvy("fit", "classify", files / "r.csv", "--text", "review", "--label", "verdict", "--out", path, *QUICK)
    assert outcome.code == 0, outcome.err
    return path, outcome


def test_it_prints_the_model_beside_the_baselines(classifier):
    path, outcome = classifier
    for name in ("gru", "TF-IDF + logistic regression", "majority class", str(path)):
        assert name in outcome.out
    assert outcome.err.count("GRU: epoch") == 4
    assert max(map(len, outcome.out.splitlines()[:8])) <= 80


@pytest.mark.parametrize("name", ["r.csv", "r.tsv", "r.jsonl", "r.parquet"])
def test_every_type_of_file_gives_the_same_model(gruvy, files, tmp_path, name):
    options = ("--text", "review", "--label", "verdict", "--out", tmp_path / "m.gruvy", "--json", *QUICK)
    report = ("--report", tmp_path / "r.html") if name == "r.csv" else ()
    outcome = gruvy("fit", "classify", files / name, *options, *report)
    document = json.loads(outcome.out)
    assert outcome.err == ""
    assert document["classes"] == ["bad", "good"]
    assert len(document["history"]) == 4
    assert [row["name"] for row in document["scores"]] == ["gru", "TF-IDF + logistic regression", "majority class"]
    first = json.loads(gruvy("fit", "classify", files / "r.csv", *options).out)
    assert document["scores"] == first["scores"]
    if report:
        assert "verdict" in (tmp_path / "r.html").read_text(encoding="utf-8")


def test_predict_and_evaluate(gruvy, classifier, files, reviews, tmp_path):
    path, _ = classifier
    printed = pd.read_csv(io.StringIO(gruvy("predict", path, files / "r.csv").out))
    model = package.load(path)
    assert list(printed.columns) == ["row", "verdict", "p_bad", "p_good"]
    assert printed["verdict"].tolist() == model.predict(reviews["review"]).tolist()
    np.testing.assert_allclose(printed[["p_bad", "p_good"]], model.predict_proba(reviews["review"]))
    assert gruvy("predict", path, files / "r.csv", "--out", tmp_path / "p.parquet").code == 0
    assert len(pd.read_parquet(tmp_path / "p.parquet")) == 120
    scores = json.loads(gruvy("evaluate", path, files / "r.jsonl", "--json").out)["scores"]
    assert scores == json.loads(json.dumps(model.evaluate(reviews["review"], reviews["verdict"])))
    assert f"{scores[0]['accuracy']:.1%}" in gruvy("evaluate", path, files / "r.csv").out


def test_curves(gruvy, tmp_path):
    random = np.random.default_rng(0)
    curves = pd.DataFrame(random.normal(size=(60, 6)).cumsum(axis=1), columns=[f"t{i}" for i in range(6)])
    curves.assign(kind=np.where(curves["t5"] > 0, "up", "down")).to_csv(tmp_path / "c.tsv", sep="\t", index=False)
    options = ("--label", "kind", "--balanced", "--out", tmp_path / "m.gruvy", "--report", tmp_path / "r.html", *QUICK)
    outcome = gruvy("fit", "classify", tmp_path / "c.tsv", *options)
    assert outcome.code == 0, outcome.err
    assert "logistic regression" in outcome.out
    assert "Where it looks" in (tmp_path / "r.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    """30 samples of two tissues, six genes each."""
    random = np.random.default_rng(0)
    names = pd.Index([f"s{number}" for number in range(30)], dtype=object)  # anndata does not write pandas' strings
    tissue = pd.Series(np.where(np.arange(30) % 2, "liver", "heart"), names, dtype=object)
    X = random.normal(size=(30, 6)) + np.where(np.arange(30) % 2, 1.0, -1.0)[:, None]
    genes = pd.DataFrame(index=pd.Index([f"g{number}" for number in range(6)], dtype=object))
    folder = tmp_path_factory.mktemp("samples")
    data = anndata.AnnData(X=X, obs=pd.DataFrame({"tissue": tissue}), var=genes)
    data.write_h5ad(folder / "s.h5ad")
    data.obs = data.obs.drop(columns="tissue")
    data.write_h5ad(folder / "bare.h5ad")
    return folder


def test_expression(gruvy, samples, tmp_path):
    options = ("--label", "tissue", "--out", tmp_path / "m.gruvy", "--hidden-size", "6", "--ensemble", "2")
    outcome = gruvy("fit", "classify", samples / "s.h5ad", *options, "--epochs", "40")
    assert outcome.code == 0, outcome.err
    found = pd.read_csv(io.StringIO(gruvy("predict", tmp_path / "m.gruvy", samples / "bare.h5ad").out))
    assert list(found.columns) == ["row", "tissue", "p_heart", "p_liver"]
    assert found["row"].tolist() == [f"s{number}" for number in range(30)]
    assert (found["tissue"] == np.where(np.arange(30) % 2, "liver", "heart")).mean() > 0.9
    one_line(gruvy("evaluate", tmp_path / "m.gruvy", samples / "bare.h5ad"), "bare.h5ad: no annotation 'tissue' in obs")
    one_line(gruvy("fit", "classify", samples / "s.h5ad", "--label", "tisue"), "did you mean 'tissue'")


def test_expression_as_a_table_with_gaps_and_names(gruvy, tmp_path):
    random = np.random.default_rng(0)
    table = pd.DataFrame(random.normal(size=(40, 5)), columns=[f"t{i}" for i in range(5)])
    table["function"] = np.where(table["t0"] > 0, "a", "b")
    table.insert(0, "gene", [f"G{number}" for number in range(40)])
    table.loc[::5, "t3"] = np.nan
    table.to_csv(tmp_path / "g.tsv", sep="\t", index=False)
    options = ("--label", "function", "--out", tmp_path / "m.gruvy", *QUICK)
    outcome = gruvy("fit", "classify", tmp_path / "g.tsv", "--id", "gene", *options)
    assert outcome.code == 0, outcome.err
    found = pd.read_csv(io.StringIO(gruvy("predict", tmp_path / "m.gruvy", tmp_path / "g.tsv").out))
    assert found["gene"].tolist() == table["gene"].tolist()
    one_line(gruvy("fit", "classify", tmp_path / "g.tsv", *options), "column 'gene': expected numbers, got 'G0'")
    one_line(
        gruvy("fit", "classify", tmp_path / "g.tsv", "--id", "gen", *options), "no column 'gen' .id.; did you mean"
    )


def one_line(outcome, pattern):
    assert outcome.code == 2
    assert outcome.out == ""
    assert outcome.err.count("\n") == 1, outcome.err
    assert re.search(pattern, outcome.err), outcome.err


@pytest.mark.parametrize(
    ("change", "options", "pattern"),
    [
        (lambda t: t.head(0), (), "no rows"),
        (lambda t: t.assign(verdict="good"), (), "expected at least two classes, got one class, 'good'"),
        (lambda t: t.drop(columns="verdict"), (), "no column 'verdict' .label."),
        (lambda t: t, ("--text", "reviw"), "no column 'reviw' .text.; did you mean 'review'"),
        (lambda t: t.assign(verdict=t["verdict"].where(t.index > 3)), (), "4 labels are missing"),
        (lambda t: t, ("--series", "verdict"), "--text and --series: expected one of them"),
        (lambda t: t, ("--tokens", "wrod"), "did you mean 'word'"),
        (lambda t: t, ("--test-fraction", "2"), "--test-fraction: expected a number between 0 and 1"),
        (lambda t: t, ("--ensemble", "0"), "ensemble_size: expected an integer of at least 1"),
        (lambda t: t, ("--resume",), "--resume: needs --checkpoint"),
    ],
)
def test_mistakes(gruvy, reviews, tmp_path, change, options, pattern):
    change(reviews).to_csv(tmp_path / "bad.csv", index=False)
    given = ("--text", "review", "--label", "verdict", "--out", tmp_path / "m.gruvy", *QUICK, *options)
    one_line(gruvy("fit", "classify", tmp_path / "bad.csv", *given), pattern)
    assert not (tmp_path / "m.gruvy").exists()


def test_mistakes_with_a_model(gruvy, classifier, files, reviews, tmp_path):
    path, _ = classifier
    (tmp_path / "empty.jsonl").touch()
    one_line(gruvy("predict", path, tmp_path / "empty.jsonl"), "empty.jsonl: the file is empty")
    reviews.drop(columns="review").to_csv(tmp_path / "no.csv", index=False)
    one_line(gruvy("predict", path, tmp_path / "no.csv"), "no column 'review'")
    one_line(gruvy("predict", path, files / "r.csv", "--quantiles", "0.1"), "--quantiles: only for a Forecaster and")
    reviews.assign(verdict="so so").to_csv(tmp_path / "new.csv", index=False)
    one_line(gruvy("evaluate", path, tmp_path / "new.csv"), "'so so': no classes of the fit")
