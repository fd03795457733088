"""`Characters`: a trained network over characters or sub-words, to generate text and to measure it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from gruvy.errors import ArgumentError
from gruvy.graph import Graph
from gruvy.language.alphabet import Alphabet
from gruvy.language.drawing import Drawing
from gruvy.language.subwords import Subwords
from gruvy.text import Aligned, Unknown, canonical

Numbers = NDArray[np.int64]
Logits = NDArray[np.float32]

# A long text is measured as this many pieces side by side, because a batch is up to several times faster than one
# sequence. Each piece first reads the characters before it, so that its state is nearly that of the text.
_PIECES = 64
_READ_BEFORE = 256
# Steps of a run: what it returns has that many times the pieces times the alphabet.
_STEPS = 256


class Network(Protocol):
    """What a network of characters is asked."""

    def run(self, numbers: Numbers, state: Any) -> tuple[Logits, Any]:
        """Return logits (T, N, V) of what follows each of the characters (T, N), and the state after them.

        The state is that of an earlier run, or None for the beginning of a text.
        """
        ...

    def stepper(self) -> Callable[[int], Logits]:
        """Return a stream at the beginning of a text: it takes a character and gives the logits (V,) of the next."""
        ...


class GraphNetwork:
    """A graph as a network of characters, with NumPy and the engine alone.

    Args:
        graph: from the input "characters" (T, N, 1) to the output "logits" (T, N, V).
    """

    def __init__(self, graph: Graph):
        self.graph = graph

    def run(self, numbers: Numbers, state: Any) -> tuple[Logits, Any]:
        """See `Network.run`."""
        outputs, state = self.graph.run({"characters": numbers[..., None]}, state)
        return outputs["logits"], state

    def stepper(self) -> Callable[[int], Logits]:
        """See `Network.stepper`."""
        stream = self.graph.stream()

        def step(number: int) -> Logits:
            logits: Logits = stream.step({"characters": np.array([[number]])})["logits"][0]
            return logits

        return step


@dataclass(frozen=True)
class Characters:
    """A trained network over characters or sub-words.

    Attributes:
        network: from pieces of text, by their numbers, to what follows them.
        alphabet: the numbers of the characters, or of the sub-words.
        unknown: what becomes of characters that the alphabet has not: None and "refuse" raise, "replace" reads others
            in their place, "skip" reads the text without them; see `gruvy.text.Unknown`.
    """

    network: Network
    alphabet: Alphabet | Subwords
    unknown: str | None = None

    def generate(self, prompt: str = "", length: int = 500, **how: Any) -> str:
        """Return text that goes on from a prompt; arguments as for `stream`."""
        return "".join(self.stream(prompt, length, **how))

    def stream(
        self,
        prompt: str = "",
        length: int | None = None,
        *,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        seed: int | None = None,
        stop: str | Sequence[str] = (),
    ) -> Iterator[str]:
        """Draw characters or sub-words one after another; each is there as soon as it is drawn.

        Args:
            prompt: what the text begins with; it is not returned. Without one a new line begins.
            length: characters to draw; None for no end. The last sub-word may be cut.
            temperature: see `Drawing`.
            top_k: see `Drawing`.
            top_p: see `Drawing`.
            seed: the same one draws the same text; None for another one each time.
            stop: a text, or several, at whose end the drawing ends; it is returned too.

        Returns:
            An iterator over what is drawn: single characters, or sub-words.

        Raises:
            ArgumentError: values that cannot work.
            DataError: the prompt has characters that the model does not know, and ``unknown`` refuses them.
        """
        if length is not None and length < 0:
            raise ArgumentError(f"length: expected a number of characters from 0 on, or None for no end, got {length}")
        if seed is not None and seed < 0:
            raise ArgumentError(f"seed: expected an integer from 0 on, or None, got {seed}")
        drawing = Drawing(temperature, top_k, top_p)
        stops = tuple(map(canonical, (stop,) if isinstance(stop, str) else stop))
        if "" in stops:
            raise ArgumentError("stop: expected texts of at least one character, got an empty one; leave it out")
        read = self.alphabet.encode(self.read(prompt, "the prompt").text)
        # The checks are made now, not when the first character is asked for.
        return self._drawn([self.alphabet.start, *read.tolist()], length, drawing, np.random.default_rng(seed), stops)

    def surprise(self, text: str) -> NDArray[np.float64]:
        """Return the bits of each character (T,): -log2 of the probability that it got, given all before it.

        The bits of a sub-word are shared out evenly among its characters. Long texts are cut into parts, each of which
        reads only the 256 characters or sub-words before it. Unknown characters that are skipped have NaN.

        Raises:
            DataError: the text has characters that the model does not know, and ``unknown`` refuses them.
        """
        read = self.read(text)
        numbers = self.alphabet.encode(read.text)
        pieces = max(1, min(_PIECES, len(numbers) // (8 * _READ_BEFORE)))
        before = _READ_BEFORE if pieces > 1 else 0
        size = -(-(len(numbers) - before) // pieces)
        # Row t of piece n is the character at t + n * size; the first `before` rows belong to the piece before.
        places = np.arange(before + size)[:, None] + np.arange(pieces) * size
        scored = places < len(numbers)
        scored[:before, 1:] = False
        places = places.clip(max=max(0, len(numbers) - 1))
        inputs = np.concatenate([[self.alphabet.start], numbers[:-1]])
        found = np.empty(len(numbers))
        state = None
        for first in range(0, len(places) if len(numbers) else 0, _STEPS):
            rows = slice(first, first + _STEPS)
            logits, state = self.network.run(inputs[places[rows]], state)
            bits = _bits(logits, numbers[places[rows]])
            found[places[rows][scored[rows]]] = bits[scored[rows]]
        lengths = np.array([len(piece) for piece in self.alphabet.pieces])[numbers]
        return read.spread(np.repeat(found / lengths, lengths))

    def read(self, text: str, name: str = "the text") -> Aligned:
        """Return a text in the characters of the alphabet; what had to be left out or replaced is said.

        Raises:
            DataError: it has characters that the model does not know, and ``unknown`` refuses them.
        """
        return Unknown(set(self.alphabet.characters), self.unknown, stands=False).read(text, name)

    def _drawn(
        self, read: list[int], length: int | None, drawing: Drawing, random: np.random.Generator, stops: tuple[str, ...]
    ) -> Iterator[str]:
        step = self.network.stepper()
        for number in read:
            logits = step(number)
        longest = max(map(len, stops), default=0)
        pieces = self.alphabet.pieces
        tail = ""
        drawn = 0
        while length is None or drawn < length:
            number = drawing.draw(logits, random)
            piece = pieces[number] if length is None else pieces[number][: length - drawn]
            ends = [(tail + piece).find(stop) + len(stop) for stop in stops if stop in tail + piece]
            if ends:
                yield piece[: min(ends) - len(tail)]
                return
            yield piece
            drawn += len(piece)
            tail = (tail + piece)[1 - longest :] if longest > 1 else ""
            logits = step(number)


def _bits(logits: Logits, numbers: Numbers) -> NDArray[np.float64]:
    """-log2 softmax(logits) at the characters that came."""
    powers = logits.astype(np.float64)
    powers -= powers.max(axis=-1, keepdims=True)
    came = np.take_along_axis(powers, numbers[..., None], axis=-1)[..., 0]
    bits: NDArray[np.float64] = (np.log(np.exp(powers).sum(axis=-1)) - came) / math.log(2)
    return bits
