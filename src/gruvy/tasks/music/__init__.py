"""Sequences of binary vectors, as piano rolls are: `PolyphonicModel`."""

from gruvy.tasks.music.polyphonic import PolyphonicModel

__all__ = ["PolyphonicModel"]
