"""MIDI files: read to a piano roll, and written from one."""

from __future__ import annotations

import math
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gruvy.errors import ArgumentError, FileFormatError, MissingExtraError
from gruvy.music.rolls import LOWEST, Note, piano_roll

_DRUMS = 9  # the channel on which a number is no pitch but a drum
_TICKS = 480  # of a quarter note, in what is written
_VELOCITY = 72
TEMPO = 80.0  # quarter notes a minute, where nobody says otherwise


def read_midi(path: str | PathLike[str], step: float = 1.0) -> NDArray[np.uint8]:
    """Read a MIDI file as a piano roll; drums are left out.

    Args:
        path: a .mid file whose times count in parts of a quarter note.
        step: the length of a step, in quarter notes.

    Returns:
        (T, 88), 1 where a key sounds at the beginning of the step; the first column is A0 (MIDI pitch 21).

    Raises:
        FileFormatError: it is no MIDI file, or is damaged.
        MissingExtraError: mido is not installed.

    Example:
        >>> import gruvy.music
        >>> roll = gruvy.music.read_midi("tune.mid", step=0.5)  # doctest: +SKIP
    """
    mido = _mido()
    try:
        file = mido.MidiFile(Path(path), clip=True)
        tracks = list(file.tracks)
    except OSError as error:
        if error.errno is not None:  # the system's: no such file, no permission
            raise
        raise _no_midi(path, error) from error
    except (EOFError, ValueError, IndexError, KeyError, mido.KeySignatureError) as error:
        raise _no_midi(path, error) from error
    if not 0 < file.ticks_per_beat < 1 << 15:
        raise FileFormatError(f"{path}: its times are those of film (SMPTE); expected parts of a quarter note")
    notes = [note for track in tracks for note in _notes(track, file.ticks_per_beat)]
    return piano_roll(notes, step)


def write_midi(roll: ArrayLike, path: str | PathLike[str], *, step: float = 1.0, tempo: float = TEMPO) -> Path:
    """Write a piano roll as a MIDI file; a key that is on in several steps in a row is one held note.

    Args:
        roll: (T, 88), or (T, 128) from MIDI pitch 0 on; not 0 where a key sounds.
        path: the file to write; an existing one is replaced.
        step: the length of a step, in quarter notes.
        tempo: quarter notes a minute.

    Returns:
        The path written.

    Raises:
        ArgumentError: the roll has another shape.
        MissingExtraError: mido is not installed.

    Example:
        >>> from gruvy.music import Note, piano_roll, write_midi
        >>> write_midi(piano_roll([Note(0, 4, 60)], step=1.0), "c.mid")  # doctest: +SKIP
        PosixPath('c.mid')
    """
    mido = _mido()
    sounds = np.asarray(roll) != 0
    if sounds.ndim != 2 or sounds.shape[1] not in LOWEST:
        raise ArgumentError(f"roll: expected an array (T, 88) or (T, 128), got shape {sounds.shape}")
    edges = np.diff(sounds.astype(np.int8), axis=0, prepend=0, append=0)
    events = [(int(at), int(edges[at, key]), int(key)) for at, key in np.argwhere(edges)]
    track = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(tempo))])
    now = 0
    for at, edge, key in sorted(events):  # at one time what ends (-1) comes before what begins
        tick = round(at * step * _TICKS)
        kind = "note_on" if edge > 0 else "note_off"
        pitch = key + LOWEST[sounds.shape[1]]
        track.append(mido.Message(kind, note=pitch, velocity=_VELOCITY, time=tick - now))
        now = tick
    # Rests at the end are part of the roll.
    track.append(mido.MetaMessage("end_of_track", time=round(len(sounds) * step * _TICKS) - now))
    mido.MidiFile(type=0, ticks_per_beat=_TICKS, tracks=[track]).save(Path(path))
    return Path(path)


def _notes(track: Any, ticks: int) -> list[Note]:
    """The notes of a track; one that never ends lasts as long as the track."""
    found: list[Note] = []
    began: dict[tuple[int, int], float] = {}
    now = 0.0
    for message in track:
        now += message.time / ticks
        if message.type not in ("note_on", "note_off") or message.channel == _DRUMS:
            continue
        key = (message.channel, message.note)
        if key in began:  # a second note_on of the same key ends the first note
            found.append(Note(began.pop(key), now, message.note))
        if message.type == "note_on" and message.velocity:
            began[key] = now
    found += [Note(start, now, pitch) for (_, pitch), start in began.items()]
    return [note for note in found if math.isfinite(note.end) and note.end > note.start]


def _no_midi(path: str | PathLike[str], error: Exception) -> FileFormatError:
    reason = str(error) or type(error).__name__
    return FileFormatError(f"{path}: expected a MIDI file, got something else, or a damaged one ({reason})")


def _mido() -> Any:
    try:
        import mido
    except ModuleNotFoundError as error:
        raise MissingExtraError("reading and writing MIDI", "music", error.name) from error
    return mido
