"""Piano rolls: from MIDI, MusicXML, .krn and .abc files, and back to MIDI. NumPy alone."""

from gruvy.music.composer import Composer
from gruvy.music.midi import TEMPO, read_midi, write_midi
from gruvy.music.musicxml import Score, read_musicxml
from gruvy.music.rolls import LOWEST, Note, piano_roll
from gruvy.music.scores import SCORES, read_score

__all__ = [
    "LOWEST",
    "SCORES",
    "TEMPO",
    "Composer",
    "Note",
    "Score",
    "piano_roll",
    "read_midi",
    "read_musicxml",
    "read_score",
    "write_midi",
]
