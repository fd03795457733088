"""Notes in time, and the piano roll that they make."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gruvy.errors import DataError

# Columns of a roll -> MIDI pitch of the first one: the keys of a piano, A0 to C8, or all of MIDI.
LOWEST: Mapping[int, int] = {88: 21, 128: 0}
# A step is looked at so far after its beginning, as a share of it: then a note that was played a little late counts
# for the step that it was meant for, and one that was held a little long does not count for the next.
_LATE = 1 / 8
# More steps are no piece of music; ten hours of eighth notes are a tenth of that.
_MOST = 1_000_000


class Note(NamedTuple):
    """One note: when it begins and ends, in quarter notes from the start, and its MIDI pitch (60 is middle C)."""

    start: float
    end: float
    pitch: int


def piano_roll(notes: Iterable[Note], step: float) -> NDArray[np.uint8]:
    """Return which keys sound at the beginning of each step.

    Args:
        notes: in any order; pitches outside the piano, below 21 or above 108, are left out.
        step: its length, in quarter notes.

    Returns:
        (T, 88), 1 where the key sounds; the first column is A0 (MIDI pitch 21).

    Raises:
        DataError: there are more than a million steps, as a damaged file can ask for.

    Example:
        >>> roll = piano_roll([Note(0, 2, 60), Note(1, 2, 64)], step=1.0)
        >>> roll.shape, roll[:, 60 - 21].tolist(), roll[:, 64 - 21].tolist()
        ((2, 88), [1, 1], [0, 1])
    """
    keys = 88
    places = [
        (math.ceil(note.start / step - _LATE), math.ceil(note.end / step - _LATE), note.pitch - LOWEST[keys])
        for note in notes
        if 0 <= note.pitch - LOWEST[keys] < keys
    ]
    steps = max((last for _, last, _ in places), default=0)
    if steps > _MOST:
        raise DataError(f"the music lasts {steps:,} steps; expected at most {_MOST:,}: take a longer step, or cut it")
    roll = np.zeros((steps, keys), np.uint8)
    for first, last, key in places:
        roll[first:last, key] = 1
    return roll
