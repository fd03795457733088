"""Drawing a character from what a network says of the next one."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gruvy.errors import ArgumentError


@dataclass(frozen=True)
class Drawing:
    """How the next character is drawn: temperature first, then top-k, then top-p.

    Args:
        temperature: what the logits are divided by: below 1 the likely becomes likelier, 0 takes the likeliest always.
        top_k: only the k likeliest are drawn; None for all.
        top_p: only the likeliest that together have at least this probability (Holtzman et al. 2020); None for all.

    Raises:
        ArgumentError: a value that cannot work; all are named at once.

    Example:
        >>> Drawing(top_k=2).probabilities(np.log(np.array([0.2, 0.6, 0.2, 0.0001]))).round(2).tolist()
        [0.25, 0.75, 0.0, 0.0]
    """

    temperature: float = 1.0
    top_k: int | None = None
    top_p: float | None = None

    def __post_init__(self) -> None:
        problems = []
        if not (math.isfinite(self.temperature) and self.temperature >= 0):
            problems.append(f"temperature: expected a number from 0 on, got {self.temperature}")
        if self.top_k is not None and self.top_k < 1:
            problems.append(f"top_k: expected at least 1, or None for all, got {self.top_k}")
        if self.top_p is not None and not 0 < self.top_p <= 1:
            problems.append(f"top_p: expected a number above 0 and up to 1, or None for all, got {self.top_p}")
        if problems:
            raise ArgumentError("; ".join(problems))

    def probabilities(self, logits: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return what each character is drawn with, (V,), from the network's logits (V,)."""
        order = np.argsort(-logits, kind="stable")
        kept = len(order) if self.top_k is None else min(self.top_k, len(order))
        if self.temperature == 0:
            shares = np.eye(1, kept)[0]
        else:
            ranked = logits[order[:kept]].astype(np.float64)
            powers = np.exp((ranked - ranked[0]) / self.temperature)
            shares = powers / powers.sum()
        if self.top_p is not None:
            # A character is kept while those before it have not reached the share; the first always is.
            shares = np.where(np.cumsum(shares) - shares < self.top_p, shares, 0)
            shares /= shares.sum()
        found = np.zeros(len(order))
        found[order[:kept]] = shares
        return found

    def draw(self, logits: NDArray[np.floating], random: np.random.Generator) -> int:
        """Return the number of the next character."""
        return int(random.choice(len(logits), p=self.probabilities(logits)))
