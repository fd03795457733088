"""What sounds when: piano rolls, MIDI files, MusicXML scores."""

from __future__ import annotations

import struct
import zipfile

import mido
import numpy as np
import pytest

from gruvy.errors import ArgumentError, DataError, FileFormatError
from gruvy.music import Note, piano_roll, read_midi, read_musicxml, write_midi

CHORD = [Note(0, 2, 60), Note(1, 1.5, 64), Note(1.5, 3, 67), Note(0, 3, 20), Note(0, 3, 109)]


def sounding(roll, lowest=21):
    return [(np.flatnonzero(frame) + lowest).tolist() for frame in roll]


# ---- rolls ----


def test_a_frame_has_what_sounds_when_its_step_begins():
    assert sounding(piano_roll(CHORD, 1.0)) == [[60], [60, 64], [67]]
    assert sounding(piano_roll(CHORD, 0.5)) == [[60], [60], [60, 64], [60, 67], [67], [67]]
    assert sounding(piano_roll([Note(0, 3, 21), Note(2, 3, 108)], 1.0)) == [[21], [21], [21, 108]]


def test_a_note_may_be_a_little_late_or_long():
    played = [Note(0.1, 1.1, 60), Note(1.04, 2.05, 62)]
    assert sounding(piano_roll(played, 1.0)) == [[60], [62]]
    assert sounding(piano_roll([Note(0.3, 1.0, 60), Note(1, 2, 62)], 1.0)) == [[], [62]]  # that is no longer a little


def test_what_no_piece_can_last_is_refused():
    with pytest.raises(DataError, match="lasts 1,000,001 steps; expected at most 1,000,000"):
        piano_roll([Note(0, 1_000_001, 60)], 1.0)


def test_no_notes_make_an_empty_roll():
    assert piano_roll([], 1.0).shape == (0, 88)


# ---- MIDI ----


@pytest.mark.parametrize("step", [1.0, 0.5, 1 / 3])
@pytest.mark.parametrize("width", [88, 128])
def test_a_roll_comes_back_from_its_midi_file(tmp_path, step, width):
    roll = (np.random.default_rng(0).random((40, width)) < 0.1).astype(np.uint8)
    roll[-1, 50] = 1
    path = write_midi(roll, tmp_path / "a.mid", step=step, tempo=100)
    np.testing.assert_array_equal(read_midi(path, step), roll if width == 88 else roll[:, 21:109])


def test_what_other_programs_read(tmp_path):
    roll = np.zeros((5, 88), np.uint8)
    roll[[0, 1, 3], 60 - 21] = 1
    file = mido.MidiFile(write_midi(roll, tmp_path / "a.mid", step=0.5, tempo=120))
    assert file.length == pytest.approx(5 * 0.5 * 60 / 120)  # the rest at the end is there
    now, events = 0.0, []
    for message in file:  # in seconds
        now += message.time
        if message.type.startswith("note"):
            events.append((round(now, 6), message.type, message.note))
    assert events == [(0, "note_on", 60), (0.5, "note_off", 60), (0.75, "note_on", 60), (1.0, "note_off", 60)]


def test_tracks_drums_and_notes_without_an_end(tmp_path):
    first = [
        mido.Message("note_on", note=60, velocity=9, time=0),
        mido.Message("note_on", note=60, velocity=0, time=96),  # a note_off, as many files write it
        mido.Message("note_on", note=62, velocity=9, time=0),  # never ends
        mido.MetaMessage("end_of_track", time=192),
    ]
    second = [
        mido.Message("note_on", note=40, channel=9, velocity=9, time=0),
        mido.Message("note_off", note=40, channel=9, time=288),
        mido.Message("note_on", note=50, channel=1, velocity=9, time=0),
        mido.Message("note_off", note=50, channel=1, time=96),
    ]
    path = tmp_path / "a.mid"
    mido.MidiFile(ticks_per_beat=96, tracks=[mido.MidiTrack(first), mido.MidiTrack(second)]).save(path)
    assert sounding(read_midi(path)) == [[60], [62], [62], [50]]


def smpte(path):
    """The header of a file whose times are 25 frames a second of 40 parts."""
    path.write_bytes(
        b"MThd" + struct.pack(">LHHbB", 6, 0, 1, -25, 40) + b"MTrk" + struct.pack(">L", 4) + b"\0\xff\x2f\0"
    )


@pytest.mark.parametrize(
    ("make", "pattern"),
    [
        (lambda path: path.write_text("no music"), "expected a MIDI file"),
        (lambda path: path.write_bytes(b""), "expected a MIDI file"),
        (lambda path: path.write_bytes(b"MThd\0\0\0\6\0\0\0\1\1\xe0MTrk\0\0\0\x40\0\x90"), "expected a MIDI file"),
        (smpte, "times are those of film"),
    ],
)
def test_other_files_are_refused(tmp_path, make, pattern):
    make(tmp_path / "a.mid")
    with pytest.raises(FileFormatError, match=pattern):
        read_midi(tmp_path / "a.mid")


def test_a_roll_of_another_width_cannot_be_written(tmp_path):
    with pytest.raises(ArgumentError, match=r"expected an array \(T, 88\) or \(T, 128\), got shape \(3, 5\)"):
        write_midi(np.zeros((3, 5)), tmp_path / "a.mid")


# ---- MusicXML ----

SCORE = """<?xml version="1.0"?>
<score-partwise>
 <part-list><score-part id="P1"/><score-part id="P2"/></part-list>
 <part id="P1">
  <measure number="0"><attributes><divisions>2</divisions><key><fifths>-1</fifths></key></attributes>
   <note><pitch><step>C</step><octave>4</octave></pitch><duration>2</duration></note></measure>
  <measure number="1">
   <note><grace/><pitch><step>A</step><octave>4</octave></pitch></note>
   <note><pitch><step>F</step><alter>1</alter><octave>4</octave></pitch><duration>3</duration></note>
   <note><chord/><pitch><step>A</step><octave>4</octave></pitch><duration>1</duration></note>
   <note><rest/><duration>1</duration></note>
   <backup><duration>4</duration></backup>
   <forward><duration>1</duration></forward>
   <note><pitch><step>B</step><alter>-1</alter><octave>3</octave></pitch><duration>1</duration></note></measure>
  <measure number="2"><note><pitch><step>D</step><octave>5</octave></pitch><duration>2</duration></note></measure>
  <measure number="3"><note><pitch><step>E</step><octave>5</octave></pitch><duration>2</duration></note></measure>
 </part>
 <part id="P2">
  <measure number="0"><attributes><divisions>1</divisions>
   <transpose><chromatic>-2</chromatic><octave-change>-1</octave-change></transpose></attributes></measure>
  <measure number="1"><note><pitch><step>D</step><octave>4</octave></pitch><duration>1</duration></note></measure>
  <measure number="2"><note><cue/><pitch><step>D</step><octave>4</octave></pitch><duration>1</duration></note>
   <note><pitch><step>D</step><octave>4</octave></pitch><duration>1</duration></note></measure>
 </part>
</score-partwise>"""


def test_notes_of_a_score(tmp_path):
    (tmp_path / "a.musicxml").write_text(SCORE, encoding="utf-8")
    score = read_musicxml(tmp_path / "a.musicxml")
    assert score.fifths == -1
    assert score.parts == (
        (Note(0, 1, 60), Note(1, 2.5, 66), Note(1, 1.5, 69), Note(1.5, 2, 58), Note(3, 4, 74), Note(5, 6, 76)),
        (Note(1, 2, 48), Note(4, 5, 48)),  # an octave and a tone lower than written; bars begin together
    )


def test_a_compressed_score_is_what_its_container_names(tmp_path):
    path = tmp_path / "a.mxl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("cover.xml", "<other/>")
        archive.writestr("music/score.xml", SCORE)
        archive.writestr(
            "META-INF/container.xml",
            '<container><rootfiles><rootfile full-path="music/score.xml"/></rootfiles></container>',
        )
    assert len(read_musicxml(path).parts) == 2


@pytest.mark.parametrize(
    "content",
    [
        "no xml",
        "<score-timewise/>",
        SCORE.replace("<duration>3", "<duration>nan"),
        SCORE.replace("<divisions>2", "<divisions>0"),
        SCORE.replace("<step>B", "<step>H"),
    ],
)
def test_other_scores_are_refused(tmp_path, content):
    (tmp_path / "a.xml").write_text(content)
    with pytest.raises(FileFormatError, match=r"a\.xml: expected a partwise MusicXML score"):
        read_musicxml(tmp_path / "a.xml")
    (tmp_path / "a.mxl").write_text(content)
    with pytest.raises(FileFormatError, match="partwise MusicXML"):
        read_musicxml(tmp_path / "a.mxl")
