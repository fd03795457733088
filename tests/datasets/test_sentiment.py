"""The shipped snippets are what their card says they are, and nothing leaks from one side of the split to the other."""

from __future__ import annotations

import gzip
import hashlib
import re
from importlib import resources

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from gruvy.datasets import card, load_sentiment, make_sentiment


@pytest.fixture(scope="module")
def snippets():
    return load_sentiment()


def test_content_has_the_hash_of_the_card():
    packed = resources.files("gruvy.datasets").joinpath(card("sentiment").file).read_bytes()
    assert hashlib.sha256(gzip.decompress(packed)).hexdigest() == card("sentiment").sha256
    assert card("sentiment").source_sha256 == make_sentiment.SOURCE_SHA256


def test_counts_and_columns_are_those_of_the_card(snippets):
    counts = card("sentiment").counts
    assert snippets["label"].value_counts().to_dict() == counts["snippets by label"]
    assert snippets["split"].value_counts().to_dict() == counts["snippets by side of the split"]
    assert list(snippets.columns) == list(card("sentiment").columns)
    assert snippets["text"].str.len().min() > 0
    assert ((snippets["rating"] > 0) == (snippets["label"] == "positive")).all()
    assert snippets["rating"].abs().between(0.01, 4).all()


def test_vader_is_as_right_as_was_measured(snippets):
    right = np.sign(snippets["vader"]) == np.sign(snippets["rating"])
    assert round(float(right.mean()), 3) == card("sentiment").reference["accuracy of VADER's sign"]


def overlaps(one, other, runs_of):
    """The greatest Jaccard index of each text of one side with any of the other, by a matrix product."""
    names = {}
    matrices = []
    for texts in (one, other):
        cells = [(row, names.setdefault(run, len(names))) for row, text in enumerate(texts) for run in runs_of(text)]
        matrices.append((cells, len(texts)))
    first, second = (
        csr_matrix((np.ones(len(cells)), tuple(zip(*cells, strict=True))), shape=(count, len(names)))
        for cells, count in matrices
    )
    shared = (first @ second.T).tocoo()
    sizes = [np.asarray(matrix.sum(axis=1)).ravel() for matrix in (first, second)]
    return shared.data / (sizes[0][shared.row] + sizes[1][shared.col] - shared.data)


def runs(text):
    words = re.findall(r"\w+", text.lower())
    return {" ".join(words[i : i + 3]) for i in range(max(1, len(words) - 2))}


def test_no_snippet_and_no_near_duplicate_is_on_both_sides(snippets):
    train, test = (snippets.loc[snippets["split"] == side, "text"].tolist() for side in ("train", "test"))
    assert not {text.lower() for text in train} & {text.lower() for text in test}
    found = overlaps(train, test, runs)
    assert found.max() < make_sentiment.NEAR
    assert overlaps(train, [*test, train[7] + " indeed"], runs).max() >= make_sentiment.NEAR  # it would be noticed


def test_the_script_keeps_near_duplicates_together_and_drops_zeros():
    texts = [f"film number {n} is a fine one with a plot of its own {n}" for n in range(300)]
    source = "".join(f"{n}\t{(-1) ** n * 1.5}\t{text}\r\n{n}\t0\tneither\r\n" for n, text in enumerate(texts))
    rows = make_sentiment.derive(source, lambda text: 0.25).splitlines()
    assert rows[0] == "text,rating,vader,split"
    assert len(rows) == 301
    assert rows[1].startswith("film number 0 is a fine one with a plot of its own 0,1.5,0.2500,")
    assert len({row.rsplit(",", 1)[1] for row in rows[1:]}) == 1  # all of them hang together
    apart = make_sentiment.split([f"w{n} x{n} y{n} z{n}" for n in range(2000)])
    assert 0.17 < apart.count("test") / 2000 < 0.23
    assert make_sentiment.split(["One two, three four", "one two three four!"]).count("test") in (0, 2)
