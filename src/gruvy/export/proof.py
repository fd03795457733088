"""What an exported network has to show before it is kept: that it is no worse than float32 itself.

How far two right float32 runs lie apart is the network's own affair: the order in which sums are taken moves the last
bit, and a trained network may make that bit a thousand times larger, from step to step. So no fixed threshold is right.
Everything is measured against the same network in float64: gruvy's own run, that of the network with the last bit of
its weights moved, and the exported one, which may be off by a small multiple of what the others are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gruvy.errors import GruvyError
from gruvy.graph import Graph

Array = NDArray[Any]
Arrays = Mapping[str, Array]

# Of float32's own error. Where rounding grows from step to step, errors of right runs are as random numbers times one
# direction; that one exceeds the largest of five by a factor of 8 happens in one run of some 15,000.
MULTIPLE = 8.0
MOVED = 4  # further runs, with weights that are off by their last bit
# What is allowed beyond that, as a share of the largest number: functions that are right to a few last bits.
LEAST = 2e-6
# Runs in which more would be allowed say nothing of a file, and are left out where there are others.
TELLING = 0.1


class Run(NamedTuple):
    """What goes into one run: inputs as `Graph.run` takes them, and the states to start from, or None for the usual."""

    inputs: Arrays
    states: Arrays | None = None


class Proof(NamedTuple):
    """How well an exported network computes, as a share of the largest number where that exceeds 1.

    Attributes:
        error: how far it is from float64, at most.
        own: how far gruvy's own run is, on the same inputs.
        difference: how far the two are from each other.
        runs: those that count, by their numbers.
    """

    error: float
    own: float
    difference: float
    runs: tuple[int, ...]


@np.errstate(all="ignore")  # a network may leave float32's range; such runs do not count
def prove(
    graph: Graph,
    runs: Iterable[Run],
    exported: Callable[[Run], Arrays],
    ours: Callable[[Graph, Run], Arrays],
    *,
    title: str,
    multiple: float = MULTIPLE,
) -> Proof:
    """Compare an exported network with float64, and with what gruvy's own arithmetic loses on the same inputs.

    Args:
        graph: the network.
        runs: what to run it on; one step at least has to be among them, in which rounding has not grown.
        exported: what the exported network computes, by the names of values; it may return further names than `ours`.
        ours: what gruvy computes of a graph, with the arithmetic that the exported network has: its outputs by name,
            and its last states, where they are to be compared, as ``NAME_h_n``.
        title: what the exported network is called in a message.
        multiple: how much more than gruvy's own it may be off.

    Raises:
        GruvyError: it is off by more, has another shape, or one of them is NaN.
    """
    moved = [_moved(graph, seed) for seed in range(MOVED)]
    compared = []
    for run in runs:
        outputs, states = graph.run_exactly(run.inputs, run.states)
        exact = {**outputs, **{f"{name}_h_n": state for name, state in states.items()}}
        mine, theirs = ours(graph, run), exported(run)
        others = [mine, *(ours(each, run) for each in moved)]
        compared.append([_compared(name, exact[name], theirs[name], others, title, multiple) for name in mine])
    telling = [number for number, each in enumerate(compared) if all(one.allowed <= TELLING for one in each)]
    if not telling:  # float32 is at a loss from the first step on; the least so are the shortest runs
        telling = [min(range(len(compared)), key=lambda number: max(one.allowed for one in compared[number]))]
    every = [one for number in telling for one in compared[number]]
    for one in every:
        if not one.error <= one.allowed:
            raise GruvyError(
                f"{title} and gruvy differ by {one.difference:.1e} in {one.name}: {title} is {one.error:.1e} from what "
                f"float64 gives and gruvy {one.own:.1e}, and {multiple:g} times of that is allowed; nothing written"
            )
    error, own, difference = (
        max(getattr(one, what) * min(1.0, one.size) for one in every) for what in ("error", "own", "difference")
    )
    return Proof(error, own, difference, tuple(telling))


class _Compared(NamedTuple):
    """Of one value in one run, as shares of its largest number, which is `size`."""

    name: str
    size: float
    error: float
    own: float
    difference: float
    allowed: float


def _compared(name: str, exact: Array, theirs: Array, others: list[Arrays], title: str, multiple: float) -> _Compared:
    mine = others[0][name]
    if theirs.shape != mine.shape:
        raise GruvyError(f"{title} returns {name} of the shape {theirs.shape}; expected {mine.shape}; nothing written")
    size = float(np.abs(exact).max(initial=0.0))
    # A value that is 0 throughout has no size; what is as small beside 1 is nothing.
    unit = size if size > 1e-12 or np.isnan(size) else 1.0
    own = float(np.max([np.abs(each[name] - exact).max(initial=0.0) for each in others])) / unit
    return _Compared(
        name,
        unit,
        float(np.abs(theirs - exact).max(initial=0.0)) / unit,
        float(np.abs(mine - exact).max(initial=0.0)) / unit,
        float(np.abs(theirs - mine).max(initial=0.0)) / unit,
        max(multiple * own, LEAST),
    )


def _moved(graph: Graph, seed: int) -> Graph:
    """Return the network with each weight moved to one of its neighbours among float32's numbers."""
    draw = np.random.default_rng(seed)
    arrays = {
        name: np.nextafter(array, np.where(draw.random(array.shape) < 0.5, -np.inf, np.inf).astype(np.float32))
        for name, array in graph.arrays.items()
    }
    return replace(graph, arrays=arrays)
