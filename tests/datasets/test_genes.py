"""The shipped genes are what their card says they are, and each is in one fold."""

from __future__ import annotations

import gzip
import hashlib
from importlib import resources

import numpy as np
import pytest

from gruvy.datasets import card, load_genes, make_genes


@pytest.fixture(scope="module")
def genes():
    return load_genes()


def test_content_has_the_hash_of_the_card():
    packed = resources.files("gruvy.datasets").joinpath(card("genes").file).read_bytes()
    assert hashlib.sha256(gzip.decompress(packed)).hexdigest() == card("genes").sha256
    assert card("genes").source_sha256 == make_genes.SOURCE_SHA256


def test_counts_are_those_of_the_card(genes):
    counts = card("genes").counts
    assert len(genes) == counts["genes"]
    assert genes["function"].value_counts().to_dict() == counts["genes by function"]
    conditions = genes.columns[3:]
    courses = conditions.str.split().str[0]
    assert courses.value_counts(sort=False).to_dict() == counts["conditions by course"]
    assert genes[conditions].isna().sum().sum() == counts["values not measured"]
    share = genes["function"].value_counts(normalize=True).iloc[0]
    assert round(float(share), 3) == card("genes").reference["share of the most frequent function"]


def test_the_values_are_normalised_as_brown_et_al_say(genes):
    squares = (genes.iloc[:, 3:] ** 2).sum(axis=1)
    np.testing.assert_allclose(squares, 1, atol=3e-3)


def test_no_gene_is_in_two_folds_and_the_folds_are_stratified(genes):
    assert genes["gene"].is_unique
    assert not genes.iloc[:, 3:].duplicated().any()
    assert sorted(genes["fold"].unique()) == list(range(10))
    counts = genes.groupby(["function", "fold"]).size().unstack()
    assert (counts.max(axis=1) - counts.min(axis=1) <= 1).all()


def test_the_script_writes_functions_out_and_deals_genes_to_folds():
    lines = ["alpha 0\tcold 20\tfunction\tgene", "continuous\tcontinuous\td\tstring", "\t\tclass\tmeta"]
    lines += [f"{n / 100}\t?\t{'Ribo' if n % 2 else 'Resp'}\tG{n}" for n in range(60)]
    header, *rows = make_genes.derive("\n".join(lines)).splitlines()
    assert header == "gene,function,fold,alpha 0,cold 20"
    assert rows[1].startswith("G1,ribosome,")
    assert rows[1].endswith(",0.01,")
    assert sorted(int(row.split(",")[2]) for row in rows) == sorted(list(range(10)) * 6)
