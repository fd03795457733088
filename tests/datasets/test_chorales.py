"""The list of chorales is what its card says, music21 reads the same notes, and no tune is on two sides."""

from __future__ import annotations

import hashlib
import logging
from collections import Counter
from importlib import resources, util

import numpy as np
import pytest

from gruvy.datasets import card, load_chorales, make_chorales
from gruvy.datasets.chorales import corpus, roll_of
from gruvy.errors import DataError, MissingExtraError
from gruvy.music import Note, Score, read_musicxml

pytest.importorskip("music21")


@pytest.fixture(scope="module")
def chorales():
    return load_chorales()


def test_list_and_source_have_the_hashes_of_the_card():
    content = resources.files("gruvy.datasets").joinpath(card("chorales").file).read_bytes()
    assert hashlib.sha256(content).hexdigest() == card("chorales").sha256
    assert card("chorales").source_sha256 == make_chorales.SOURCE_SHA256
    assert make_chorales.fingerprint(sorted(corpus().glob("*.mxl"))) == make_chorales.SOURCE_SHA256


def test_counts_are_those_of_the_card(chorales):
    about = card("chorales")
    assert Counter(one.split for one in chorales) == about.counts["chorales by side of the split"]
    assert len({one.tune for one in chorales}) == about.counts["tunes"]
    frames = {
        side: sum(len(one.roll) for one in chorales if one.split == side) for side in ("train", "validation", "test")
    }
    assert frames == about.counts["frames of a quarter note by side of the split"]
    every = np.concatenate([one.roll for one in chorales])
    assert round(every.sum(axis=1).mean(), 2) == about.reference["notes that sound in a frame of a quarter note, mean"]
    assert (np.flatnonzero(every.any(axis=0))[[0, -1]] + 21).tolist() == about.reference[
        "lowest and highest MIDI pitch"
    ]
    # Most of what sounds is of the scale without accidentals.
    white = np.isin((np.arange(88) + 21) % 12, (0, 2, 4, 5, 7, 9, 11))
    assert every[:, white].sum() / every.sum() > 0.9


@pytest.mark.parametrize("name", ["bwv269", "bwv1.6", "bwv66.6", "bwv248.64-s"])
def test_music21_reads_the_same_notes(name):
    from music21 import converter

    logging.getLogger("music21").setLevel(logging.ERROR)
    score = converter.parseFile(corpus() / f"{name}.mxl", forceSource=True, storePickle=False)
    theirs = {
        (float(one.offset), float(one.offset + one.quarterLength), pitch.midi)
        for one in score.toSoundingPitch().flatten().notes
        if not one.duration.isGrace
        for pitch in one.pitches
    }
    ours = {tuple(note) for part in read_musicxml(corpus() / f"{name}.mxl").parts for note in part}
    assert ours == theirs


def test_no_tune_is_on_two_sides(chorales):
    found = {one.name: make_chorales.runs(read_musicxml(corpus() / f"{one.name}.mxl")) for one in chorales}
    sides = {one.name: one.split for one in chorales}
    nearest = max(
        len(runs & found[other]) / len(runs | found[other])
        for name, runs in found.items()
        for other in found
        if sides[name] != sides[other]
    )
    assert 0 < nearest < make_chorales.NEAR
    rolls = [{one.roll.tobytes() for one in chorales if one.split == side} for side in ("train", "validation", "test")]
    assert not rolls[0] & rolls[1]
    assert not rolls[0] & rolls[2]
    assert not rolls[1] & rolls[2]


def test_a_tune_is_known_in_any_key_and_rhythm():
    pitches = [60, 62, 64, 65, 67, 69, 67, 65, 64, 62, 60, 67]
    plain = Score((tuple(Note(i, i + 1, pitch) for i, pitch in enumerate(pitches)),), 0)
    other = Score((tuple(Note(i / 2, i / 2 + 1, pitch + 5) for i, pitch in enumerate(sorted_pairs(pitches))),), 0)
    assert make_chorales.runs(plain) == make_chorales.runs(other)
    apart = Score((tuple(Note(i, i + 1, 60 + i % 3) for i in range(12)),), 0)
    joined = make_chorales.tunes(
        {"a": make_chorales.runs(plain), "b": make_chorales.runs(apart), "c": make_chorales.runs(other)}
    )
    assert joined == {"a": "a", "b": "b", "c": "a"}


def sorted_pairs(pitches):
    """Every note twice: repeated notes are no steps of a tune."""
    return [pitch for pitch in pitches for _ in range(2)]


def test_a_roll_has_no_signature_left():
    flat = Score(((Note(0, 1, 65),),), -1)  # F in F major becomes C in C major, 5 down
    sharp = Score(((Note(0, 1, 67),),), 1)  # and G in G major C, 5 up
    assert [np.flatnonzero(roll_of(score, 1.0)[0]).tolist() for score in (flat, sharp)] == [[60 - 21], [72 - 21]]


def test_a_shorter_step_has_more_frames(chorales):
    halves = load_chorales(0.5)
    for one, half in zip(chorales[:20], halves, strict=False):
        assert len(half.roll) in (2 * len(one.roll) - 1, 2 * len(one.roll))
        np.testing.assert_array_equal(half.roll[::2], one.roll)


def test_what_is_missing_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr("gruvy.datasets.chorales.corpus", lambda: tmp_path)
    with pytest.raises(
        DataError, match=r"364 of 364 chorales are missing, the first is bwv10\.7\.mxl; install music21"
    ):
        load_chorales()
    monkeypatch.undo()
    monkeypatch.setattr(util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"load_chorales needs the extra 'music' .music21 is missing.: pip"):
        load_chorales()
