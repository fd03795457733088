"""The shipped chains are what their card says they are, and no test chain is like one that is learnt from."""

from __future__ import annotations

import hashlib
import lzma
from collections import Counter
from importlib import resources

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from gruvy.datasets import card, load_protein, make_protein


@pytest.fixture(scope="module")
def chains():
    return load_protein()


def test_content_has_the_hash_of_the_card():
    packed = resources.files("gruvy.datasets").joinpath(card("protein").file).read_bytes()
    assert hashlib.sha256(lzma.decompress(packed)).hexdigest() == card("protein").sha256
    assert card("protein").source_sha256 == make_protein.SOURCE_SHA256


def test_counts_and_columns_are_those_of_the_card(chains):
    counts = card("protein").counts
    parts = chains.groupby("split")
    assert parts.size().to_dict() == counts["chains by part"]
    assert parts["profile"].count().to_dict() == counts["chains with a profile by part"]
    assert parts["sequence"].agg(lambda column: column.str.len().sum()).to_dict() == counts["residues by part"]
    assert list(chains.columns) == list(card("protein").columns)
    assert chains["chain"].is_unique
    assert (chains["sequence"].str.len() == chains["structure"].str.len()).all()
    assert chains["sequence"].str.len().between(make_protein.SHORTEST, make_protein.LONGEST_SHIPPED).all()
    assert set("".join(chains["sequence"])) == set(make_protein.AMINO_ACIDS)
    assert set("".join(chains["structure"])) == set("HGIEBTSC")


def test_the_states_are_about_as_frequent_as_in_the_source(chains):
    counts = Counter("".join(chains["structure"]).translate(str.maketrans("GIBTS", "HHECC")))
    shares = [counts[state] / counts.total() for state in "HEC"]
    reference = card("protein").reference["share of helix (H, G, I), strand (E, B) and the rest in the source"]
    np.testing.assert_allclose(shares, reference, atol=0.02)


def test_a_profile_favours_its_own_residue(chains):
    shown = chains[chains["profile"].notna()].head(200)
    assert all(one.profile.shape == (len(one.sequence), 20) for one in shown.itertuples())
    numbers = np.array([make_protein.AMINO_ACIDS.index(residue) for residue in "".join(shown["sequence"])])
    profile = np.concatenate(list(shown["profile"]))
    own = profile[np.arange(len(numbers)), numbers]
    assert profile.min() == make_protein.LOWEST
    assert profile.max() == make_protein.HIGHEST
    assert own.mean() > 1.3
    assert profile.mean() < 0


def runs(chains, size=5):
    """(N, 20**size) sparse: which runs of so many residues each chain has."""
    numbers = str.maketrans(make_protein.AMINO_ACIDS, "".join(map(chr, range(20))))
    codes = [np.frombuffer(one.translate(numbers).encode(), np.uint8) for one in chains]
    windows = [np.lib.stride_tricks.sliding_window_view(one, size) for one in codes]
    found = [np.unique(one @ 20 ** np.arange(size)) for one in windows]
    ends = np.cumsum([0, *map(len, found)])
    return csr_matrix((np.ones(ends[-1]), np.concatenate(found), ends), shape=(len(chains), 20**size))


def containment(held, learnt):
    """The greatest share of each held chain's runs of five residues that stand in one chain that is learnt from."""
    first = runs(held)
    shared = (first @ runs(learnt).T).max(axis=1).toarray().ravel()
    return shared / np.asarray(first.sum(axis=1)).ravel()


def test_no_held_out_chain_is_like_one_that_is_learnt_from(chains):
    """Identical chains share all runs of five residues; those of 30% identity next to none.

    The split itself was made by alignments; see the card.
    """
    held = chains[chains["split"] != "train"]["sequence"].tolist()
    learnt = chains[chains["split"] == "train"]["sequence"].tolist()
    assert containment(held, learnt).max() < 0.1
    assert containment([learnt[0][10:-10]], learnt)[0] == 1  # it would be noticed


def test_the_script_keeps_relatives_of_earlier_parts_out_of_later_ones(monkeypatch):
    monkeypatch.setattr(make_protein, "TEST", 2)
    monkeypatch.setattr(make_protein, "VALIDATION", 2)
    names = list("abcdefgh")
    parts = make_protein.split(names, {"a": {"c", "h"}, "b": {"a"}, "d": {"f"}, "g": {"e"}})
    assert parts == {"a": "test", "b": "test", "d": "validation", "e": "validation", "g": "train"}


def test_a_profile_survives_packing():
    shares = np.random.default_rng(0).dirichlet(np.full(20, 0.2), 50)
    profile = (shares * 10_000).round().astype(np.uint16)
    found = make_protein.unpacked(make_protein.packed(profile))
    bits = np.log2((profile / profile.sum(1, keepdims=True) + make_protein.PSEUDO) / make_protein.BACKGROUND)
    np.testing.assert_allclose(found, bits.clip(-2, 3), atol=0.5 + 1e-6)
    assert len(make_protein.packed(profile)) == 500


def test_what_is_written_can_be_read(monkeypatch):
    monkeypatch.setattr(make_protein, "PROFILES", 1)
    profile = np.full((3, 20), 500, np.uint16)
    chains = {name: make_protein.Chain(name, "ACD", "HEC", profile) for name in ("1ABCA", "2ABCB", "3ABCC")}
    parts = {"2ABCB": "test", "1ABCA": "train", "3ABCC": "train"}
    text, _, profiles = make_protein.write(chains, parts).partition(b"\0")
    assert text.decode().split("\n") == [
        *(">2ABCB test profile", "ACD", "HEC"),
        *(">1ABCA train profile", "ACD", "HEC"),
        *(">3ABCC train", "ACD", "HEC"),
    ]
    assert profiles == 2 * make_protein.packed(profile)
