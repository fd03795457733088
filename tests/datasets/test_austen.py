"""The shipped novels are what their card says they are, and no part of the split is in another."""

from __future__ import annotations

import bz2
import hashlib
import lzma
import struct
import zlib
from importlib import resources

import pytest

from gruvy.datasets import card, load_austen, make_austen
from gruvy.datasets.austen import SEPARATOR, SPLIT, TITLES

PARTS = ("training", "validation", "test")


@pytest.fixture(scope="module")
def novels() -> dict[str, str]:
    return load_austen()


def test_content_has_the_hash_of_the_card():
    packed = resources.files("gruvy.datasets").joinpath(card("austen").file).read_bytes()
    assert hashlib.sha256(lzma.decompress(packed)).hexdigest() == card("austen").sha256
    assert len(packed) < 1_500_000


def test_counts_and_figures_are_those_of_the_card(novels):
    counts, reference = card("austen").counts, card("austen").reference
    assert {title: len(text) for title, text in novels.items()} == counts["characters"]
    assert tuple(novels) == TITLES
    whole = "".join(novels.values())
    assert len(set(whole)) == counts["different characters"]
    assert round(8 * len(bz2.compress(whole.encode())) / len(whole), 2) == reference["bzip2"]
    assert round(8 * len(lzma.compress(whole.encode())) / len(whole), 2) == reference["xz"]


def test_each_novel_is_in_one_part(novels):
    assert sorted(title for part in PARTS for title in SPLIT[part]) == sorted(TITLES)
    for part in PARTS:
        assert load_austen(part) == {title: novels[title] for title in SPLIT[part]}


def test_no_passage_of_one_part_is_in_another(novels):
    """Shared stretches of 60 characters are headings or none at all."""

    def passages(part: str, step: int) -> set[str]:
        text = "\n".join(novels[title] for title in SPLIT[part])
        words = " ".join(text.split())
        return {words[at : at + 60] for at in range(0, len(words) - 60, step)}

    learnt = passages("training", 1)
    assert not passages("test", 60) & learnt
    assert not passages("validation", 60) & learnt
    assert passages("training", 60) <= learnt  # it would find one


def test_the_script_reads_r_and_puts_the_novels_in_order():
    def strings(lines: list[str]) -> bytes:
        found = struct.pack(">ii", 16, len(lines))
        for line in lines:
            data = line.encode()
            found += struct.pack(">ii", 0x00040009, len(data)) + data
        return found

    def block(value: bytes, version: int) -> bytes:
        encoding = struct.pack(">i", 5) + b"UTF-8" if version == 3 else b""
        raw = b"X\n" + struct.pack(">iii", version, 0x040200, 0x030500) + encoding + value
        return struct.pack(">i", len(raw)) + zlib.compress(raw)

    numbers = struct.pack(">iii", 13, 1, 7)  # an integer vector, which is no novel
    database = block(numbers, 3)
    for number, title in enumerate(sorted(TITLES)):
        database += block(strings([title.upper(), "", f"£{number}"]), 2 + number % 2)
    text = make_austen.derive(database)
    assert text.split(SEPARATOR) == [f"{title.upper()}\n\n£{sorted(TITLES).index(title)}" for title in TITLES]
