"""Text as a network sees it: an alphabet, surprise in bits, drawing what comes next; NumPy alone."""

from gruvy.language.alphabet import Alphabet
from gruvy.language.characters import Characters, GraphNetwork, Network
from gruvy.language.drawing import Drawing
from gruvy.language.subwords import Subwords, read_pieces, words_of

__all__ = [
    "Alphabet",
    "Characters",
    "Drawing",
    "GraphNetwork",
    "Network",
    "Subwords",
    "read_pieces",
    "words_of",
]
