"""Scores in MusicXML: what sounds when."""

from __future__ import annotations

import math
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from gruvy.errors import FileFormatError
from gruvy.music.rolls import Note

# What reading a damaged archive or document raises; RuntimeError is that of an encrypted one.
_DAMAGE = (ElementTree.ParseError, zipfile.BadZipFile, zlib.error, EOFError, RuntimeError)
_SEMITONES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}


@dataclass(frozen=True)
class Score:
    """The notes of a score.

    Attributes:
        parts: the notes of each part, in the order of the page.
        fifths: sharps (above 0) or flats (below 0) of the first key signature; 0 if there is none.
    """

    parts: tuple[tuple[Note, ...], ...]
    fifths: int


def read_musicxml(path: str | PathLike[str]) -> Score:
    """Read a MusicXML score, compressed (.mxl) or not (.musicxml, .xml).

    Bars are taken as they stand on the page: repeats are not played twice. Grace and cue notes are left out.

    Args:
        path: the file.

    Returns:
        Its notes, at sounding pitch.

    Raises:
        FileFormatError: the file is no partwise MusicXML score, or is damaged.

    Example:
        >>> score = read_musicxml("chorale.mxl")  # doctest: +SKIP
    """
    try:
        root = ElementTree.fromstring(_content(Path(path)))
        if root.tag != "score-partwise":
            raise ValueError(f"the root is <{root.tag}>")
        parts = [list(part.iter("measure")) for part in root.iter("part")]
        readings = [_Part() for _ in parts]
        start = 0.0
        for number in range(max(map(len, parts), default=0)):
            # A bar is as long as its longest part, so that parts stay together whatever one of them leaves out.
            lengths = [
                reading.read(bars[number], start)
                for reading, bars in zip(readings, parts, strict=True)
                if number < len(bars)
            ]
            start += max(lengths)
        fifths = root.findtext(".//key/fifths", "0")
        return Score(tuple(tuple(reading.notes) for reading in readings), int(fifths))
    except (*_DAMAGE, KeyError, ValueError, ZeroDivisionError) as error:
        raise FileFormatError(f"{path}: expected a partwise MusicXML score, got something else ({error})") from error


class _Part:
    """Reads one part, bar by bar."""

    def __init__(self) -> None:
        self.notes: list[Note] = []
        self._divisions = 1.0  # of a quarter note
        self._transposed = 0

    def read(self, bar: Element, start: float) -> float:
        """Add the notes of a bar that begins at ``start``; return its length in quarter notes."""
        now = longest = begin = 0.0
        for element in bar:
            if element.tag == "attributes":
                self._divisions = float(element.findtext("divisions", self._divisions))
                self._transposed = _transposition(element, self._transposed)
            elif element.tag in ("backup", "forward"):
                now = max(0.0, now + self._length(element) * (1 if element.tag == "forward" else -1))
            elif element.tag == "note" and element.find("grace") is None:
                if element.find("chord") is None:
                    begin, now = now, now + self._length(element)
                pitch = element.find("pitch")
                if pitch is not None and element.find("cue") is None:
                    end = begin + self._length(element)
                    self.notes.append(Note(start + begin, start + end, _midi(pitch) + self._transposed))
            longest = max(longest, now)
        return longest

    def _length(self, element: Element) -> float:
        length = float(element.findtext("duration", "")) / self._divisions
        if not 0 <= length < math.inf:
            raise ValueError(f"a duration of {length} quarter notes")
        return length


def _transposition(attributes: Element, before: int) -> int:
    """Semitones from the written to the sounding pitch."""
    for element in attributes.iter("transpose"):
        return int(element.findtext("chromatic", "0")) + 12 * int(element.findtext("octave-change", "0"))
    return before


def _midi(pitch: Element) -> int:
    step, octave = pitch.findtext("step", ""), int(pitch.findtext("octave", ""))
    return _SEMITONES[step] + round(float(pitch.findtext("alter", "0"))) + 12 * (octave + 1)


def _content(path: Path) -> bytes:
    if path.suffix.lower() != ".mxl":
        return path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        return archive.read(next(_scores(archive)))


def _scores(archive: zipfile.ZipFile) -> Iterator[str]:
    """The scores that the container names, the main one first."""
    for element in ElementTree.fromstring(archive.read("META-INF/container.xml")).iter():
        if element.tag.rpartition("}")[2] == "rootfile":
            yield element.attrib["full-path"]
    raise ValueError("the container names no score")
