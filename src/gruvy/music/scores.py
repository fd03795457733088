"""Scores in Humdrum's **kern and in ABC, as music21 reads them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from os import PathLike
from pathlib import Path
from typing import Any

from gruvy.errors import FileFormatError, MissingExtraError
from gruvy.music.rolls import Note

# Suffix -> what music21 calls the format.
_FORMATS = {".krn": "humdrum", ".abc": "abc"}
SCORES = tuple(_FORMATS)


def read_score(path: str | PathLike[str]) -> list[tuple[Note, ...]]:
    """Read a .krn or .abc file.

    Bars are taken as they stand on the page: repeats are not played twice. Grace notes and chord symbols are left out.

    Args:
        path: the file; one of ABC can have several tunes.

    Returns:
        For each tune its notes, at sounding pitch; tied notes are one.

    Raises:
        FileFormatError: music21 cannot read it, or finds no tune.
        MissingExtraError: music21 is not installed.

    Example:
        >>> tunes = read_score("tunes.abc")  # doctest: +SKIP
    """
    path = Path(path)
    music21 = _music21()
    try:
        found = music21.converter.parseData(_text(path), format=_FORMATS[path.suffix.lower()])
        tunes = list(found.scores) if isinstance(found, music21.stream.Opus) else [found]
        read = [tuple(_notes(tune, music21)) for tune in tunes]
    except OSError:
        raise
    except Exception as error:  # music21 has no error that all of its own are
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise FileFormatError(f"{path}: expected a {path.suffix} score, got something else ({reason})") from error
    if not any(read):
        raise FileFormatError(f"{path}: expected a {path.suffix} score, got no note; is it one?")
    return [notes for notes in read if notes]


def _notes(tune: Any, music21: Any) -> Iterator[Note]:
    sounding = tune.toSoundingPitch().stripTies()
    for element in sounding.flatten().notes:
        if isinstance(element, music21.harmony.Harmony) or element.duration.isGrace:
            continue
        start, length = float(element.offset), float(element.quarterLength)
        if length > 0 and math.isfinite(start + length):
            yield from (Note(start, start + length, pitch.midi) for pitch in element.pitches)


def _text(path: Path) -> str:
    """Scores of either format are of ASCII; texts and names in them are in UTF-8, or in the Latin-1 of older ones."""
    data = path.read_bytes()
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _music21() -> Any:
    try:
        import music21
    except ModuleNotFoundError as error:
        raise MissingExtraError("reading .krn and .abc", "music", error.name) from error
    return music21
