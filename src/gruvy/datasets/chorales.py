"""Chorales of J. S. Bach as piano rolls, read from the corpus of the package music21."""

from __future__ import annotations

import csv
import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gruvy.errors import DataError, MissingExtraError
from gruvy.music import Score, piano_roll, read_musicxml

VOICES = 4


@dataclass(frozen=True)
class Chorale:
    """One chorale in four parts.

    Attributes:
        name: its number in the catalogue of Bach's works, as "bwv269".
        tune: the name of the first chorale with this tune; Bach set many tunes several times.
        split: "train", "validation" or "test": the same for all of a tune.
        roll: (T, 88), 1 where a key sounds at the beginning of a step; the first column is A0 (MIDI pitch 21).
    """

    name: str
    tune: str
    split: str
    roll: NDArray[np.uint8]


def load_chorales(step: float = 1.0) -> list[Chorale]:
    """Load the 364 chorales in four parts of music21's corpus, transposed to a key without sharps and flats.

    gruvy ships their list and split, but not the music: its encodings are not free for every use. ``pip install
    'gruvy[music]'`` brings them. ``gruvy.datasets.card("chorales")`` names source, licence and split.

    Args:
        step: the length of a step, in quarter notes; 1 is that of the set "JSB chorales" of Boulanger-Lewandowski et
            al. (2012), which holds about the same pieces in another split.

    Returns:
        The chorales by name.

    Raises:
        MissingExtraError: music21 is not installed.
        DataError: music21 is installed without these chorales.

    Example:
        >>> from gruvy.datasets import load_chorales
        >>> training = [chorale.roll for chorale in load_chorales() if chorale.split == "train"]
        >>> len(training)
        231
    """
    folder = corpus()
    with resources.files("gruvy.datasets").joinpath("chorales.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    missing = [row["name"] for row in rows if not (folder / f"{row['name']}.mxl").exists()]
    if missing:
        raise DataError(
            f"{folder}: {len(missing)} of {len(rows)} chorales are missing, the first is {missing[0]}.mxl; install "
            "music21 with its corpus: pip install --force-reinstall music21"
        )
    return [Chorale(**row, roll=roll_of(read_musicxml(folder / f"{row['name']}.mxl"), step)) for row in rows]


def roll_of(score: Score, step: float) -> NDArray[np.uint8]:
    """Return the piano roll of a score, moved by at most half an octave to the key signature without accidentals."""
    shift = (-7 * score.fifths + 6) % 12 - 6  # a fifth is 7 semitones
    return piano_roll((note._replace(pitch=note.pitch + shift) for part in score.parts for note in part), step)


def corpus() -> Path:
    """The folder of the installed music21 that has Bach's works. It is found without importing music21, which is slow.

    Raises:
        MissingExtraError: music21 is not installed.
    """
    found = importlib.util.find_spec("music21")
    places: Sequence[str] = [] if found is None else found.submodule_search_locations or []
    if not places:
        raise MissingExtraError("load_chorales", "music", "music21")
    return Path(places[0], "corpus", "bach")
