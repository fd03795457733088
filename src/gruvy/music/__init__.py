"""Piano rolls: from MIDI and MusicXML files, and back to MIDI. NumPy alone."""

from gruvy.music.midi import TEMPO, read_midi, write_midi
from gruvy.music.musicxml import Score, read_musicxml
from gruvy.music.rolls import LOWEST, Note, piano_roll

__all__ = ["LOWEST", "TEMPO", "Note", "Score", "piano_roll", "read_midi", "read_musicxml", "write_midi"]
