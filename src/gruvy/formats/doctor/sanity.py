"""What is wrong with a GRU by itself, told from its weights and, where there is some, from data."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from gruvy.activations import USUAL
from gruvy.formats.base import biases
from gruvy.formats.doctor.faults import Fault, gate_name, listing, where
from gruvy.formats.doctor.matching import At, cells
from gruvy.spec import GATES, Array, GRUWeights, LayerWeights

# Beyond these, sigmoid and tanh are 0, 1 or -1 to the last bit of a float32.
PINNED = {"reset": 17.0, "update": 17.0, "candidate": 9.1}
# Beyond these they are within 0.7 % and 0.5 % of it, and hardly learn.
SATURATED = {"reset": 5.0, "update": 5.0, "candidate": 3.0}
OFTEN = 0.99  # the share of steps in which a saturated unit hardly ever learns
# Inputs of the first layer are taken to be smaller than this; those of the others are states, and at most 1.
LARGEST_INPUT = 10.0

Activity = dict[tuple[int, int, str], NDArray[np.float64]]


def faults_of(weights: GRUWeights) -> list[Fault]:
    """Return what the weights alone show. A sound file has none of it, trained or not."""
    broken = list(_not_finite(weights))
    # Where a gate is pinned is known of sigmoid and tanh.
    dead = _dead_gates(weights) if weights.activations == USUAL else []
    return broken or [*_zero_matrices(weights), *dead, *_transposed_copies(weights)]


def faults_on(weights: GRUWeights, x: Array) -> tuple[list[Fault], Activity]:
    """Return what the gates do on data, and of each unit the share of steps in which its gate is saturated.

    Args:
        weights: finite ones.
        x: input (T, N, I), float32.
    """
    faults, shares = [], {}
    for (layer, direction), activations in pre_activations(weights, x):
        for gate, a in zip(GATES, np.split(activations, 3, axis=2), strict=True):
            place = where(layer, direction, gate_name(gate))
            share = (np.abs(a) > SATURATED[gate]).mean(axis=(0, 1), dtype=np.float64)
            shares[layer, direction, gate] = share
            H, low, high = len(share), a.min(axis=(0, 1)), a.max(axis=(0, 1))
            pinned = np.count_nonzero((low > PINNED[gate]) | (high < -PINNED[gate]))
            often = np.count_nonzero(share > OFTEN)
            if pinned:
                message = f"{place} never changes on this data in {pinned:,} of {H:,} units"
                faults.append(Fault("dead gate", message, "look for data that was not scaled, or train again"))
            elif 2 * often >= H:
                message = f"{place} is saturated in 99 % of the steps of this data, in {often:,} of {H:,} units"
                faults.append(Fault("saturated gate", message, "scale the data as it was for training, or train again"))
    return faults, shares


def pre_activations(weights: GRUWeights, x: Array) -> Iterator[tuple[At, Array]]:
    """Yield what enters the sigmoids and the tanh of each cell, (T, N, 3H) in the order of `GATES`."""
    for number, layer in enumerate(weights.layers):
        outputs = []
        for direction, one in enumerate(layer):
            backward = weights.reverse or direction == 1
            alone = GRUWeights(((one,),), weights.reset_after, weights.zoneout, backward)
            out, _ = alone.run(x)
            start = np.zeros(out.shape[2], np.float32) if one.initial_state is None else one.initial_state
            first = np.broadcast_to(start, (1, *out.shape[1:]))
            h = np.concatenate([out[1:], first] if backward else [first, out[:-1]])
            yield (number, direction), _sums(one, x, h, reset_after=weights.reset_after)
            outputs.append(out)
        x = np.concatenate(outputs, axis=2)


def _sums(one: LayerWeights, x: Array, h: Array, *, reset_after: bool) -> Array:
    from_x, from_h = x @ one.weight_ih.T, h @ one.weight_hh.T
    bias_ih, bias_hh = biases(one)
    H = h.shape[2]
    gates = from_x[..., : 2 * H] + from_h[..., : 2 * H] + (bias_ih + bias_hh)[: 2 * H]
    r = 0.5 + 0.5 * np.tanh(0.5 * gates[..., :H])  # the sigmoid, without overflow
    rest = bias_hh[2 * H :]
    recurrent = r * (from_h[..., 2 * H :] + rest) if reset_after else (r * h) @ one.weight_hh[2 * H :].T + rest
    return np.concatenate([gates, from_x[..., 2 * H :] + bias_ih[2 * H :] + recurrent], axis=2)


def spectral_radii(weights: GRUWeights, largest: int = 512) -> dict[tuple[int, int, str], float]:
    """Return the largest modulus of an eigenvalue of each recurrent block; none for layers of more units."""
    found = {}
    if weights.hidden_size <= largest:
        for at, one in cells(weights).items():
            for gate, block in zip(GATES, np.split(one.weight_hh.astype(np.float64), 3), strict=True):
                if np.isfinite(block).all():
                    found[(*at, gate)] = float(np.abs(np.linalg.eigvals(block)).max())
    return found


def _not_finite(weights: GRUWeights) -> Iterator[Fault]:
    for at, one in cells(weights).items():
        for name, array in zip(LayerWeights._fields, one, strict=True):
            wrong = 0 if array is None else np.count_nonzero(~np.isfinite(array))
            if array is not None and wrong:
                message = f"{where(*at, name)} has {wrong:,} values of {array.size:,} that are NaN or infinite"
                yield Fault("not finite", message, "go back to a checkpoint from before the training diverged")


def _zero_matrices(weights: GRUWeights) -> Iterator[Fault]:
    for name, consequence in (("weight_ih", "ignores its input"), ("weight_hh", "sees no state")):
        places = [where(*at) for at, one in cells(weights).items() if not getattr(one, name).any()]
        if places:
            cure = "the file was never filled with weights, or its conversion lost them: convert or train again"
            yield Fault("zero matrix", f"{listing(places)}: {name} is all zero, so that the layer {consequence}", cure)


def _dead_gates(weights: GRUWeights) -> Iterator[Fault]:
    """Find units whose gate cannot move, however inputs and states are, within their bounds."""
    for at, one in cells(weights).items():
        largest = LARGEST_INPUT if at[0] == 0 else 1.0
        from_x = largest * np.abs(one.weight_ih.astype(np.float64)).sum(axis=1)
        from_h = np.abs(one.weight_hh.astype(np.float64)).sum(axis=1)
        if one.gain_ih is not None and one.gain_hh is not None:  # normalised: at most sqrt(3H) times the gain
            bound = np.sqrt(len(from_x))
            from_x, from_h = bound * np.abs(one.gain_ih), bound * np.abs(one.gain_hh)
        bias_ih, bias_hh = (bias.astype(np.float64) for bias in biases(one))
        # The reset gate may close on the candidate's recurrent half.
        candidate = np.repeat([False, False, True], len(bias_ih) // 3)
        low_h, high_h = bias_hh - from_h, bias_hh + from_h
        if weights.reset_after:
            low_h, high_h = np.where(candidate, [np.minimum(low_h, 0), np.maximum(high_h, 0)], [low_h, high_h])
        low, high = bias_ih - from_x + low_h, bias_ih + from_x + high_h
        for gate, lows, highs in zip(GATES, np.split(low, 3), np.split(high, 3), strict=True):
            stuck = np.flatnonzero((lows > PINNED[gate]) | (highs < -PINNED[gate]))
            if len(stuck):
                place = where(*at, gate_name(gate))
                units = f"{len(stuck):,} of {len(lows):,} units ({listing([str(unit) for unit in stuck])})"
                cure = "its bias holds it there: train again, or look for a conversion that mixed up the arrays"
                yield Fault("dead gate", f"{place} cannot move in {units}, whatever comes in", cure)


def _transposed_copies(weights: GRUWeights) -> Iterator[Fault]:
    """Find two cells of which one's recurrent matrix is the other's, each block transposed: a slip, not chance."""
    turned = {
        at: np.concatenate([block.T for block in np.split(one.weight_hh, 3)]) for at, one in cells(weights).items()
    }
    for (at, one), (other_at, other) in itertools.combinations(cells(weights).items(), 2):
        if np.array_equal(one.weight_hh, turned[other_at]) and not np.array_equal(one.weight_hh, other.weight_hh):
            message = f"weight_hh of {where(*at)} is that of {where(*other_at)} with each block transposed"
            yield Fault("transposed copy", message, "convert the file again, and compare it with --against")
