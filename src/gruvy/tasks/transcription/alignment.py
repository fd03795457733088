"""Where in a recording each character is."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gruvy.tasks.transcription.network import BLANK


def align(log_p: NDArray[np.floating[Any]], numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the step at which each character of a text begins, by the likeliest alignment (Viterbi).

    Args:
        log_p: (J, characters + 1), the blank first.
        numbers: (L,) the classes of the text's characters; J steps must be enough to spell it.

    Returns:
        (L,) steps, increasing.

    Example:
        >>> p = np.array([[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.1, 0.8, 0.1], [0.1, 0.1, 0.8]])
        >>> align(np.log(p), np.array([1, 2])).tolist()
        [1, 3]
    """
    # A blank may stand before, between and after the characters.
    classes = np.full(2 * len(numbers) + 1, BLANK)
    classes[1::2] = numbers
    # From two places before: over a blank that is not needed.
    skips = np.zeros(len(classes), bool)
    skips[3::2] = numbers[1:] != numbers[:-1]
    score = np.full(len(classes), -np.inf)
    score[:2] = log_p[0, classes[:2]]
    came = np.zeros((len(log_p), len(classes)), np.int64)  # by how many places the best path moved
    for step in range(1, len(log_p)):
        moves = np.full((3, len(classes)), -np.inf)
        moves[0] = score
        moves[1, 1:] = score[:-1]
        moves[2, 2:] = np.where(skips[2:], score[:-2], -np.inf)
        came[step] = moves.argmax(axis=0)
        score = moves.max(axis=0) + log_p[step, classes]
    place = len(classes) - 1 if score[-1] >= score[-2] else len(classes) - 2
    begins = np.zeros(len(numbers), np.int64)
    for step in range(len(log_p) - 1, -1, -1):
        if place % 2:
            begins[place // 2] = step
        place -= came[step, place]
    return begins
