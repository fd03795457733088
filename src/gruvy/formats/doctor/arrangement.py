"""How the numbers of an array lie in another one: blocks in another order, negated, transposed."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from gruvy.spec import GATES, KERAS, PYTORCH, Array

UPDATE = GATES.index("update")
ORDERS = tuple(itertools.permutations(range(3)))

Turn = Literal["", "blocks", "whole", "whole, z first"]
# Whether one array is another one, exactly or up to rounding.
Close = Callable[[Array, Array], bool]


@dataclass(frozen=True)
class Arrangement:
    """What was done to an array of one file, seen from the same array of another.

    Attributes:
        order: for each of `GATES`, the number of the block that holds it.
        negated: whether the update gate's block has the opposite sign.
        transposed: whether each square block is transposed, or the whole matrix is, its numbers being read row by row;
            "whole, z first" in a file whose gates are in the order of Keras and ONNX.
    """

    order: tuple[int, ...] = (0, 1, 2)
    negated: bool = False
    transposed: Turn = ""

    @property
    def parts(self) -> int:
        """How many things were done."""
        return (self.order != (0, 1, 2)) + self.negated + bool(self.transposed)

    def undo(self, array: Array) -> Array:
        """Return the array as it was."""
        blocks = np.split(_turned(array, self.transposed), 3)
        found = [blocks[at] for at in self.order]
        if self.negated:
            found[UPDATE] = -found[UPDATE]
        return np.concatenate(found)


def arrangements(array: Array, wanted: Array, close: Close) -> list[Arrangement]:
    """Return every arrangement that, undone, turns an array into the one that is wanted; the simplest first.

    Args:
        array: (3H,) or (3H, K).
        wanted: of the same shape.
        close: tells whether a block of one is a block of the other.
    """
    if array.shape != wanted.shape:
        return []
    targets = np.split(wanted, 3)
    found = []
    for transposed in _turns(array):
        blocks = np.split(_turned(array, transposed), 3)
        fits = [[_fits(block, target, close) for block in blocks] for target in targets]
        opposite = [_fits(-block, targets[UPDATE], close) for block in blocks]
        for order in ORDERS:
            if all(fits[gate][order[gate]] for gate in range(3) if gate != UPDATE):
                signs = [fits[UPDATE][order[UPDATE]], opposite[order[UPDATE]]]
                found += [Arrangement(order, bool(sign), transposed) for sign in (0, 1) if signs[sign]]
    return sorted(found, key=lambda one: one.parts)


def _fits(block: Array, target: Array, close: Close) -> bool:
    """Whether a block is another one; one row tells nearly always that it is not."""
    return close(block[:1], target[:1]) and close(block, target)


def _turns(array: Array) -> tuple[Turn, ...]:
    if array.ndim == 1 or array.shape[1] == 1 == len(array) // 3:
        return ("",)
    whole: tuple[Turn, ...] = ("whole", "whole, z first")
    return ("", "blocks", *whole) if len(array) == 3 * array.shape[1] else ("", *whole)


def _turned(array: Array, turn: Turn) -> Array:
    if turn == "blocks":
        return np.concatenate([block.T for block in np.split(array, 3)])
    if turn == "whole":
        return array.reshape(array.shape[::-1]).T
    if turn == "whole, z first":  # reading has sorted what it took for blocks
        return KERAS.blocks_to(PYTORCH, _turned(PYTORCH.blocks_to(KERAS, array), "whole"))
    return array
