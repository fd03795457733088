"""The shipped verses are what their card says they are, and nothing leaks from one part of the split to another."""

from __future__ import annotations

import hashlib
import lzma
import re
from collections import defaultdict
from importlib import resources

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from gruvy.datasets import card, load_bible, make_bible
from gruvy.datasets.make_bible import Verse


@pytest.fixture(scope="module")
def bible():
    return load_bible()


def test_content_has_the_hash_of_the_card():
    packed = resources.files("gruvy.datasets").joinpath(card("bible").file).read_bytes()
    assert hashlib.sha256(lzma.decompress(packed)).hexdigest() == card("bible").sha256
    assert card("bible").source_sha256 == make_bible.SOURCE_SHA256


def test_counts_and_columns_are_those_of_the_card(bible):
    counts = card("bible").counts
    assert bible["split"].value_counts().to_dict() == counts["verses by part of the split"]
    chapters = bible.drop_duplicates(["book", "chapter", "split"])["split"].value_counts()
    assert {part: chapters[part] for part in ("train", "validation", "test")} == counts["chapters by part of the split"]
    assert len(bible) == counts["verses in the source"] - 586
    assert list(bible.columns) == list(card("bible").columns)
    assert (bible["es"].str.len() > 0).all()
    assert (bible["en"].str.len() > 0).all()
    assert not bible["es"].str.contains(r"[<>¶\[\]\\]|  ").any()


def test_the_verses_belong_together(bible):
    names = {"Abraham": "Abraham", "Moisés": "Moses", "Pilato": "Pilate"}
    for spanish, english in names.items():
        rows = bible[bible["es"].str.contains(spanish)]
        assert rows["en"].str.contains(english).mean() > 0.85
    first = bible.iloc[0]
    assert first["es"] == "En el principio crió Dios los cielos y la tierra."


def runs(text):
    words = re.findall(r"\w+", text.lower())
    return {" ".join(words[i : i + 3]) for i in range(max(1, len(words) - 2))}


@pytest.mark.parametrize("language", ["es", "en"])
def test_no_verse_and_no_near_duplicate_is_in_two_parts(bible, language):
    texts = {part: rows[language].tolist() for part, rows in bible.groupby("split")}
    held = [*texts["test"][::3], *texts["validation"][::3]]  # a third: all takes four times as long
    assert not {text.lower() for text in texts["train"]} & {text.lower() for text in held}
    assert greatest_overlap(texts["train"], held) < make_bible.NEAR
    assert greatest_overlap(texts["validation"], texts["test"]) < make_bible.NEAR
    assert greatest_overlap(texts["train"], [texts["train"][7] + " indeed"]) >= make_bible.NEAR  # it would be noticed


def greatest_overlap(known, asked):
    """The greatest Jaccard index of any text asked for with any known one, by a matrix product."""
    names = {}
    matrices = []
    for texts in (asked, known):
        cells = [(row, names.setdefault(run, len(names))) for row, text in enumerate(texts) for run in runs(text)]
        matrices.append((cells, len(texts)))
    first, second = (
        csr_matrix((np.ones(len(cells), np.float32), tuple(zip(*cells, strict=True))), shape=(count, len(names)))
        for cells, count in matrices
    )
    shared = (first @ second.T).tocoo()
    sizes = [np.asarray(matrix.sum(axis=1)).ravel() for matrix in (first, second)]
    return (shared.data / (sizes[0][shared.row] + sizes[1][shared.col] - shared.data)).max()


def test_the_script_leaves_out_what_does_not_align_and_cleans():
    spanish = {
        Verse("Gen", 1, 1): "EN el principio. ¿QUIÉN A ",
        Verse("Gen", 1, 2): "Y la  tierra [JEHOVÁ] ",
        Verse("Gen", 2, 1): "dos",
        Verse("Gen", 2, 2): " ",
        Verse("Gen", 3, 1): "tres",
        Verse("Gen", 4, 1): "cuatro",
    }
    english = {at: f" ¶ verse {at.chapter} \\ " for at in spanish}
    lines = make_bible.derive(spanish, english).splitlines()
    assert lines[0] == "book\tchapter\tverse\tsplit\tes\ten"
    assert [line.split("\t")[1:3] for line in lines[1:]] == [["1", "1"], ["1", "2"], ["4", "1"]]
    assert [line.split("\t")[4:] for line in lines[1:3]] == [
        ["En el principio. ¿Quién A", "verse 1"],
        ["Y la tierra JEHOVÁ", "verse 1"],
    ]


def test_the_script_holds_out_chapters_and_notes_what_is_repeated():
    pairs = {
        Verse("X", c, v): (f"uno{c}x{v} dos{c} tres{v} a b", f"one{c} two{v} q{c} r{v}")
        for c in range(400)
        for v in (1, 2)
    }
    parts = make_bible.split(pairs)
    by_chapter = defaultdict(set)
    for at, part in parts.items():
        by_chapter[at.chapter].add(part)
    assert all(len(found) == 1 for found in by_chapter.values())
    counts = [sum(found == {part} for found in by_chapter.values()) for part in ("test", "validation")]
    assert 10 < counts[0] < 40
    assert 5 < counts[1] < 30
    held = next(at for at, part in parts.items() if part == "test")
    learnt = next(at for at, part in parts.items() if part == "train")
    pairs[held] = ("algo distinto por completo", pairs[learnt][1].upper() + "!")
    assert make_bible.split(pairs)[held] == "repeated"
