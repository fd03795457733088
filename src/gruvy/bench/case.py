"""What is measured: a shape, a kind of work, and the numbers that every contender gets."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from gruvy.errors import ArgumentError

Array = NDArray[np.float32]
Work = Literal["inference", "training"]
WORKS: tuple[Work, ...] = get_args(Work)


class Shape(NamedTuple):
    """The sizes of one layer's call: I, H, N and T."""

    inputs: int
    hidden: int
    batch: int
    steps: int

    def __str__(self) -> str:
        return ",".join(map(str, self))

    def flops(self, work: Work) -> int:
        """Return the floating-point operations of the matrix products, which are twice as many again backwards."""
        forward = 2 * 3 * self.hidden * (self.inputs + self.hidden) * self.batch * self.steps
        return forward if work == "inference" else 3 * forward


# Small and large, one row and many: from a sensor's forecaster to a language model's layer.
GRID = (
    Shape(1, 32, 32, 64),
    Shape(64, 128, 32, 100),
    Shape(128, 256, 64, 100),
    Shape(256, 512, 32, 100),
    Shape(64, 64, 1, 100),
    Shape(128, 256, 1, 100),
    Shape(512, 512, 1, 100),
)


def parse_shape(text: str) -> Shape:
    """Read a shape like "64,128,32,100".

    Raises:
        ArgumentError: anything but four integers of 1 or more.

    Example:
        >>> parse_shape("64,128,32,100")
        Shape(inputs=64, hidden=128, batch=32, steps=100)
    """
    parts = text.split(",")
    if len(parts) != 4 or not all(part.strip().isdecimal() and int(part) > 0 for part in parts):
        raise ArgumentError(f"the shape {text!r} is not four integers: give inputs,hidden,batch,steps as 64,128,32,100")
    return Shape(*map(int, parts))


@dataclass(frozen=True)
class Case:
    """The numbers of one shape, the same in every process: drawn from a generator with a fixed seed.

    Weights are gruvy's (PyTorch's) own: rows in the order r, z, n; z keeps the old state.
    """

    shape: Shape
    work: Work
    threads: int

    @functools.cached_property
    def arrays(self) -> dict[str, Array]:
        """x (T, N, I), h_0 (N, H), weight_ih (3H, I), weight_hh (3H, H), bias_ih and bias_hh (3H,), dout (T, N, H)."""
        I, H, N, T = self.shape
        rng = np.random.default_rng(0)
        bound = H**-0.5
        weights = {"weight_ih": (3 * H, I), "weight_hh": (3 * H, H), "bias_ih": (3 * H,), "bias_hh": (3 * H,)}
        signals = {"x": (T, N, I), "h_0": (N, H), "dout": (T, N, H)}
        return {name: rng.uniform(-bound, bound, size).astype(np.float32) for name, size in weights.items()} | {
            name: rng.standard_normal(size, np.float32) for name, size in signals.items()
        }

    def in_order(self, name: str, gates: str) -> Array:
        """Return a weight or bias with its rows in another order of the gates, as "zrn"."""
        return reorder_gates(self.arrays[name], "rzn", gates)


def reorder_gates(array: Array, have: str, want: str) -> Array:
    """Return an array (3H, ...) whose gates come in the order ``have`` in the order ``want``.

    Example:
        >>> reorder_gates(np.array([1, 2, 3], "f4"), "rzn", "zrn")
        array([2., 1., 3.], dtype=float32)
    """
    blocks = dict(zip(have, np.split(array, 3), strict=True))
    return np.concatenate([blocks[gate] for gate in want])
