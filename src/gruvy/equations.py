"""The GRU, written once: both forms, both meanings of z, forward and backward, in NumPy float64.

This is what every other implementation in gruvy is tested against. It is meant to be read beside Cho et al. 2014
(arXiv:1406.1078, section 2.3) and Chung et al. 2014 (arXiv:1412.3555, section 3.2), and it is slow.

Shapes: x (T, N, I), h (N, H), W (3H, I), U (3H, H), b and d (3H,). The rows of W, U, b and d are those of the reset
gate r, the update gate z and the candidate n, in this order.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Meaning = Literal["keeps", "writes"]


class Weights(NamedTuple):
    """Input weights W (3H, I), recurrent weights U (3H, H) and their biases b, d (3H,), rows in the order r, z, n."""

    W: Array
    U: Array
    b: Array
    d: Array


class Step(NamedTuple):
    """One step: what came in and what was computed, each (N, H) but x (N, I); ``part`` is U_n h + d_n or r * h."""

    x: Array
    h: Array
    r: Array
    z: Array
    n: Array
    part: Array
    h_next: Array


def step(x: Array, h: Array, weights: Weights, *, reset_after: bool = True, z: Meaning = "keeps") -> Step:
    """Compute one step from the input x (N, I) and the state h (N, H).

    The gates::

        r = sigmoid(x @ W_r.T + b_r + h @ U_r.T + d_r)
        z = sigmoid(x @ W_z.T + b_z + h @ U_z.T + d_z)

    The candidate, with ``reset_after=True`` (PyTorch, cuDNN, Keras' default) and ``False`` (Cho 2014)::

        n = tanh(x @ W_n.T + b_n + r * (h @ U_n.T + d_n))    # reset_after=True
        n = tanh(x @ W_n.T + b_n + (r * h) @ U_n.T + d_n)    # reset_after=False

    The new state, where z "keeps" the old one (PyTorch, Keras, ONNX, Cho 2014) or "writes" the candidate (Chung 2014)::

        h_next = z * h + (1 - z) * n    # z="keeps"
        h_next = (1 - z) * h + z * n    # z="writes"
    """
    (W_r, W_z, W_n), (U_r, U_z, U_n), (b_r, b_z, b_n), (d_r, d_z, d_n) = (np.split(w, 3) for w in weights)
    r = sigmoid(x @ W_r.T + b_r + h @ U_r.T + d_r)
    update = sigmoid(x @ W_z.T + b_z + h @ U_z.T + d_z)
    if reset_after:
        part = h @ U_n.T + d_n
        n = np.tanh(x @ W_n.T + b_n + r * part)
    else:
        part = r * h
        n = np.tanh(x @ W_n.T + b_n + part @ U_n.T + d_n)
    keep = update if z == "keeps" else 1 - update
    return Step(x, h, r, update, n, part, keep * h + (1 - keep) * n)


def forward(
    x: Array, h_0: Array, weights: Weights, *, reset_after: bool = True, z: Meaning = "keeps"
) -> tuple[Array, list[Step]]:
    """Run all steps of x (T, N, I) from h_0 (N, H): the states (T, N, H), and the steps that `backward` needs."""
    steps: list[Step] = []
    h = h_0
    for x_t in x:
        steps.append(step(x_t, h, weights, reset_after=reset_after, z=z))
        h = steps[-1].h_next
    return np.array([s.h_next for s in steps]).reshape(len(x), *h_0.shape), steps


def backward(
    dout: Array,
    dh_n: Array,
    steps: list[Step],
    weights: Weights,
    *,
    reset_after: bool = True,
    z: Meaning = "keeps",
) -> tuple[Array, Array, Weights]:
    """Differentiate `forward`: backpropagation through time.

    Args:
        dout: gradient of the loss by each state (T, N, H).
        dh_n: gradient by the last state, besides that in dout (N, H).
        steps: as `forward` returned them.
        weights, reset_after, z: as given to `forward`.

    Returns:
        The gradients by x (T, N, I), by h_0 (N, H) and by the weights.
    """
    U_r, U_z, U_n = np.split(weights.U, 3)
    gradient = Weights(*(np.zeros_like(w) for w in weights))
    dx = np.zeros((len(steps), len(dh_n), weights.W.shape[1]))
    dh = dh_n
    for t in reversed(range(len(steps))):
        s = steps[t]
        dh = dh + dout[t]
        keep = s.z if z == "keeps" else 1 - s.z
        dkeep = dh * (s.h - s.n)
        dz = (dkeep if z == "keeps" else -dkeep) * s.z * (1 - s.z)
        dn = dh * (1 - keep) * (1 - s.n**2)
        dh = dh * keep
        if reset_after:
            dpart = dn * s.r
            dr = dn * s.part * s.r * (1 - s.r)
            dh = dh + dr @ U_r + dz @ U_z + dpart @ U_n
            dU_n = dpart.T @ s.h
        else:
            dpart = dn
            drh = dn @ U_n
            dr = drh * s.h * s.r * (1 - s.r)
            dh = dh + dr @ U_r + dz @ U_z + drh * s.r
            dU_n = dpart.T @ s.part
        inner = np.concatenate([dr, dz, dn], axis=1)
        dx[t] = inner @ weights.W
        gradient.W[:] += inner.T @ s.x
        gradient.b[:] += inner.sum(axis=0)
        gradient.U[:] += np.concatenate([dr.T @ s.h, dz.T @ s.h, dU_n])
        gradient.d[:] += np.concatenate([dr, dz, dpart], axis=1).sum(axis=0)
    return dx, dh, gradient


def sigmoid(a: Array) -> Array:
    """1 / (1 + exp(-a)), by tanh so that it never overflows."""
    return 0.5 * (1 + np.tanh(0.5 * a))
