"""What an environment's observations and actions are to the network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gruvy.errors import ArgumentError, DataError

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Observations:
    """Observations as vectors: numbers as they are, categories as a 1 in their place among zeros.

    Attributes:
        shape: of one observation.
        sizes: how many categories each number of a Discrete or MultiDiscrete space has; None of a Box.
        lowest: the least value of each of these numbers.
    """

    shape: tuple[int, ...]
    sizes: tuple[int, ...] | None = None
    lowest: tuple[int, ...] = ()

    @classmethod
    def of(cls, space: Any) -> Observations:
        """Read a space of gymnasium.

        Raises:
            ArgumentError: it is none of Box, Discrete and MultiDiscrete.
        """
        from gymnasium import spaces

        if isinstance(space, spaces.Box):
            return cls(space.shape)
        if isinstance(space, spaces.Discrete):
            return cls((), (int(space.n),), (int(space.start),))
        if isinstance(space, spaces.MultiDiscrete):
            return cls(space.shape, tuple(space.nvec.ravel().tolist()), tuple(space.start.ravel().tolist()))
        raise ArgumentError(
            f"observations: expected a Box, Discrete or MultiDiscrete space, got {space}; wrap the environment in "
            "gymnasium.wrappers.FlattenObservation"
        )

    @classmethod
    def of_document(cls, document: dict[str, Any]) -> Observations:
        """Read what ``document`` returned."""
        sizes = document["sizes"]
        return cls(tuple(document["shape"]), sizes if sizes is None else tuple(sizes), tuple(document["lowest"]))

    def document(self) -> dict[str, Any]:
        """Return plain JSON."""
        return asdict(self)

    @property
    def size(self) -> int:
        """I, numbers in a vector."""
        return int(np.prod(self.shape, dtype=int)) if self.sizes is None else sum(self.sizes)

    def is_one(self, observation: Any) -> bool:
        """Whether it is one observation, and not several."""
        try:
            return bool(np.shape(observation) == self.shape)
        except ValueError:  # a ragged list, which `encode` refuses
            return False

    def encode(self, observations: Sequence[Any]) -> Array:
        """Return N observations as (N, I).

        Raises:
            DataError: they are of another shape, not finite, or no such category.
        """
        try:
            values: NDArray[Any] = np.asarray(observations, np.float32 if self.sizes is None else np.int64)
        except (TypeError, ValueError) as error:
            raise DataError(f"observations: expected shape {self.shape}, got {observations[0]!r}") from error
        if values.shape[1:] != self.shape:
            raise DataError(f"observations: expected shape {self.shape}, got {values.shape[1:]}")
        flat = values.reshape(len(values), -1)
        if self.sizes is None:
            if not np.isfinite(flat).all():
                raise DataError(f"observations: expected finite numbers, got {flat[~np.isfinite(flat)][0]}")
            return flat
        places = flat - self.lowest
        if (places < 0).any() or (places >= self.sizes).any():
            row = np.flatnonzero(((places < 0) | (places >= self.sizes)).any(axis=1))[0]
            raise DataError(f"observations: {values[row].tolist()} is outside of the space, {self}")
        vectors = np.zeros((len(values), self.size), np.float32)
        first = np.cumsum((0, *self.sizes[:-1]))
        vectors[np.arange(len(values))[:, None], first + places] = 1
        return vectors

    def __str__(self) -> str:
        if self.sizes is None:
            return f"a Box of shape {self.shape}"
        return f"Discrete({self.sizes[0]})" if self.shape == () else f"MultiDiscrete({list(self.sizes)})"


@dataclass(frozen=True)
class Actions:
    """Actions as what the network gives: a logit for each choice, or the means of a normal distribution.

    Attributes:
        size: A, choices of a Discrete space, or numbers in an action of a Box.
        shape: of one action.
        lowest: the first choice; None of a Box.
        low, high: (A,) bounds of a Box, where the network's -1 and 1 are put; None where there are no bounds.
    """

    size: int
    shape: tuple[int, ...] = ()
    lowest: int | None = None
    low: tuple[float, ...] | None = None
    high: tuple[float, ...] | None = None

    @classmethod
    def of(cls, space: Any) -> Actions:
        """Read a space of gymnasium.

        Raises:
            ArgumentError: it is neither Discrete nor a Box of real numbers with bounds on all sides or none.
        """
        from gymnasium import spaces

        if isinstance(space, spaces.Discrete):
            return cls(int(space.n), lowest=int(space.start))
        if isinstance(space, spaces.Box) and np.issubdtype(space.dtype, np.floating):
            size = int(np.prod(space.shape, dtype=int))
            if space.is_bounded():
                low, high = (tuple(bound.ravel().tolist()) for bound in (space.low, space.high))
                return cls(size, space.shape, None, low, high)
            if not (space.bounded_below | space.bounded_above).any():
                return cls(size, space.shape)
        raise ArgumentError(
            f"actions: expected a Discrete space or a Box of real numbers, bounded on all sides or none, got {space}; "
            "wrap the environment in gymnasium.wrappers.TransformAction"
        )

    @classmethod
    def of_document(cls, document: dict[str, Any]) -> Actions:
        """Read what ``document`` returned."""
        given: dict[str, Any] = {n: tuple(value) if isinstance(value, list) else value for n, value in document.items()}
        return cls(**given)

    def document(self) -> dict[str, Any]:
        """Return plain JSON."""
        return asdict(self)

    @property
    def discrete(self) -> bool:
        """Whether an action is a choice."""
        return self.lowest is not None

    def choose(self, outputs: Array, deviation: Array | None, random: np.random.Generator | None) -> NDArray[Any]:
        """Return what is done in N environments, as the network counts it.

        Args:
            outputs: (N, A), logits or means.
            deviation: (A,), standard deviations of a Box; None of choices.
            random: what to draw with; None for the likeliest.

        Returns:
            (N,) int64 choices from 0 on, or (N, A) float32 numbers.
        """
        if deviation is None:
            if random is not None:  # the largest of logits with Gumbel noise is a draw from their softmax
                outputs = outputs + random.gumbel(size=outputs.shape).astype(np.float32)
            choices: NDArray[np.int64] = outputs.argmax(axis=1)
            return choices
        if random is None:
            return outputs
        drawn: Array = outputs + deviation * random.standard_normal(outputs.shape, np.float32)
        return drawn

    def decode(self, chosen: NDArray[Any]) -> Sequence[Any]:
        """Return what ``choose`` gave as the environments take it."""
        if self.lowest is not None:
            choices: list[int] = (chosen + self.lowest).tolist()
            return choices
        if self.low is not None:
            low, high = np.array(self.low, np.float32), np.array(self.high, np.float32)
            chosen = low + (np.clip(chosen, -1, 1) + 1) / 2 * (high - low)
        return list(chosen.reshape(-1, *self.shape))

    def __str__(self) -> str:
        return f"Discrete({self.size})" if self.discrete else f"a Box of shape {self.shape}"
