"""The arithmetic of int8 weights in NumPy: integers exact, everything else in float64.

The engine rounds its own states, which differ from a float64 reference's in the last bits; one that lies half-way
between two bytes may then be rounded the other way. So each step is computed from the state that the engine itself
came from, which is known bit for bit. Only r * h, with reset before, is not: where an element of it lies that close to
half-way, the row's step is left out, and counted.
"""

from __future__ import annotations

import numpy as np
from configurations import Sample, segments
from numpy.typing import NDArray

from gruvy import equations

# r * h is known to some 4e-7 of its largest element, which is 127 steps: 5e-5 of a step.
HALF_WAY = 1e-4


def round_rows(rows: NDArray) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Make rows (N, K) bytes times a scale each, and give them back as numbers; and which rows have a close call."""
    rows = rows.astype(np.float32)
    largest = np.abs(rows).max(1, initial=0.0, keepdims=True)
    with np.errstate(all="ignore"):
        steps = rows * (np.float32(127) / largest)
    steps = np.where(largest < np.float32(1e-30), np.float32(0), steps)
    whole = np.rint(steps)
    assert np.abs(whole).max(initial=0.0) <= 127
    close = np.abs(np.abs(steps - np.floor(steps)) - 0.5) < HALF_WAY
    return whole.astype(np.float64) * (largest / np.float32(127)).astype(np.float64), close.any(1)


def round_weights(weight: NDArray[np.float32]) -> NDArray[np.float32]:
    """Make rows of weights bytes times scales of 17 bits, and give them back as numbers, which are exact in float32."""
    largest = np.abs(weight).max(1, initial=0.0).astype(np.float32)
    mantissa, exponent = np.frexp((largest / np.float32(127)).astype(np.float64))
    scale = np.ldexp(np.ceil(mantissa * 2**17) / 2**17, exponent)
    with np.errstate(invalid="ignore"):
        whole = np.where(scale[:, None] > 0, np.rint(weight / scale[:, None]), 0)
    assert np.abs(whole).max(initial=0.0) <= 127
    return (whole * scale[:, None]).astype(np.float32)


def next_states(sample: Sample, out: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Compute each state (T, N, H) from the one before it in `out`, and say which (T, N) can be held against `out`."""
    c = sample.configuration
    want, certain = np.zeros(out.shape), np.ones(out.shape[:2], bool)
    zero = np.zeros(c.hidden, np.float32)
    for n in range(c.batch):
        state = zero if sample.h_0 is None else sample.h_0[n]
        for order, begins in segments(sample, n):
            state = (zero if sample.initial_state is None else sample.initial_state) if begins else state
            for t in order:
                if sample.mask is not None and not sample.mask[t, n]:
                    want[t, n] = state
                else:
                    want[t, n], certain[t, n] = _step(sample, sample.x[t, n], state)
                state = out[t, n]
    return want, certain


def _step(sample: Sample, x: NDArray[np.float32], state: NDArray[np.float32]) -> tuple[NDArray[np.float64], bool]:
    H = sample.configuration.hidden
    weights = sample.reference_weights
    rounded = weights._replace(W=round_weights(sample.weight_ih), U=round_weights(sample.weight_hh))
    (W_rz, W_n), (U_rz, U_n), (b_rz, b_n), (d_rz, d_n), (g_rz, g_n), (f_rz, f_n) = (
        (None, None) if w is None else np.split(w.astype(np.float64), [2 * H]) for w in rounded
    )
    x, k = round_rows(x[None])[0], round_rows(state[None])[0]
    h, certain = state[None].astype(np.float64), True
    sums = equations.affine(x @ W_rz.T, g_rz, b_rz) + equations.affine(k @ U_rz.T, f_rz, d_rz)
    r, z = np.split(equations.sigmoid(sums), 2, axis=1)
    if sample.configuration.reset_after:
        part = r * equations.affine(k @ U_n.T, f_n, d_n)
    else:
        reset, close = round_rows(r * h)
        part, certain = equations.affine(reset @ U_n.T, f_n, d_n), not close[0]
    n = np.tanh(equations.affine(x @ W_n.T, g_n, b_n) + part)
    keep = z + sample.zoneout * (1 - z)
    return (keep * h + (1 - keep) * n)[0], certain
