"""A GRU step by step in NumPy: in any floating dtype, and with any of `gruvy.activations`. Slow; the engine is not.

It is what weights with other functions than sigmoid and tanh run on, and, in float64, what exported files are measured
against.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gruvy import equations
from gruvy.activations import USUAL, Activation

Array = NDArray[Any]


def run(
    layers: Sequence[Sequence[Any]],
    x: Array,
    h_0: Array | None = None,
    lengths: NDArray[np.int64] | None = None,
    *,
    reset_after: bool,
    zoneout: float = 0.0,
    reverse: bool = False,
    activations: tuple[Activation, ...] = USUAL,
) -> tuple[Array, Array]:
    """Run all layers, in the dtype of x; see `gruvy.spec.GRUWeights.run` for the arguments and what is returned.

    Args:
        layers: ``layers[l][d]`` holds layer l's `gruvy.spec.LayerWeights` in direction d.
        x, h_0, lengths: as there.
        reset_after, zoneout, reverse, activations: as in `gruvy.spec.GRUWeights`.
    """
    T, N, _ = x.shape
    D = len(layers[0])
    last = []
    for number, layer in enumerate(layers):
        outputs = []
        for direction, one in enumerate(layer):
            start = one.initial_state if h_0 is None else h_0[number * D + direction]
            H = one.weight_hh.shape[1]
            h = np.zeros((N, H), x.dtype) if start is None else np.broadcast_to(start, (N, H)).astype(x.dtype)
            weights, out = weights_of(one, x.dtype), np.zeros((T, N, H), x.dtype)
            backward = reverse or direction == 1
            for t in reversed(range(T)) if backward else range(T):
                after = step(x[t], h, weights, reset_after=reset_after, zoneout=zoneout, activations=activations)
                inside = True if lengths is None else (t < lengths)[:, None]
                h = np.where(inside, after, h)
                out[t] = np.where(inside, after, 0)
            outputs.append(out)
            last.append(h)
        x = outputs[0] if D == 1 else np.concatenate(outputs, axis=2)
    return x, np.stack(last)


def step(
    x: Array,
    h: Array,
    weights: equations.Weights,
    *,
    reset_after: bool,
    zoneout: float = 0.0,
    activations: tuple[Activation, ...] = USUAL,
) -> Array:
    """Return the state (N, H) after one step with the input x (N, I), in their dtype."""
    number = x.dtype.type  # of which the factors are, so that no product is taken in another dtype
    after = equations.step(
        x,
        h,
        weights,
        reset_after=reset_after,
        dropout=number(1),
        zoneout=number(zoneout),
        functions=activations,
    )
    return after.h_next


def weights_of(one: Any, dtype: Any) -> equations.Weights:
    """Return one layer's weights in one direction as `gruvy.equations` takes them; biases that are not there are 0."""
    zero = np.zeros(len(one.weight_hh), dtype)
    arrays = (one.weight_ih, one.weight_hh, one.bias_ih, one.bias_hh, one.gain_ih, one.gain_hh)
    ready = [None if array is None else array.astype(dtype, copy=False) for array in arrays]
    ready[2:4] = [zero if bias is None else bias for bias in ready[2:4]]
    return equations.Weights(*ready)  # type: ignore[arg-type]
