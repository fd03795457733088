"""The GRU, written once: both forms, both meanings of z, forward and backward, in NumPy float64.

This is what every other implementation in gruvy is tested against. It is meant to be read beside Cho et al. 2014
(arXiv:1406.1078, section 2.3) and Chung et al. 2014 (arXiv:1412.3555, section 3.2), and it is slow. Three things go
beyond them, each absent unless it is asked for: layer norm in the cell (Ba et al. 2016, arXiv:1607.06450, equations 20
to 23 with r and z normalised together), dropout of the state where it enters the products (Gal and Ghahramani 2016,
arXiv:1512.05287), and zoneout (Krueger et al. 2017, arXiv:1606.01305).

Shapes: x (T, N, I), h (N, H), W (3H, I), U (3H, H), b, d, g and f (3H,). The rows of W, U, b, d, g and f are those of
the reset gate r, the update gate z and the candidate n, in this order.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Meaning = Literal["keeps", "writes"]

EPSILON = 1e-5  # added to the variance in layer norm


class Weights(NamedTuple):
    """Input weights W (3H, I), recurrent weights U (3H, H) and their biases b, d (3H,), rows in the order r, z, n.

    With layer norm, g and f (3H,) are the gains of W x and of U k; without it they are None.
    """

    W: Array
    U: Array
    b: Array
    d: Array
    g: Array | None = None
    f: Array | None = None


class Step(NamedTuple):
    """One step: its input and what was computed, each (N, H) except x (N, I).

    k is the state with dropout, ``part`` is U_n k + d_n or r * k, and q is zoneout's mask.
    """

    x: Array
    h: Array
    m: Array
    q: Array
    r: Array
    z: Array
    n: Array
    part: Array
    h_next: Array


def step(
    x: Array,
    h: Array,
    weights: Weights,
    *,
    reset_after: bool = True,
    z: Meaning = "keeps",
    dropout: Array | float = 1.0,
    zoneout: Array | float = 0.0,
    functions: tuple[Any, ...] | None = None,
) -> Step:
    """Compute one step from the input x (N, I) and the state h (N, H).

    The gates, where k = dropout * h::

        r = sigmoid(x @ W_r.T + b_r + k @ U_r.T + d_r)
        z = sigmoid(x @ W_z.T + b_z + k @ U_z.T + d_z)

    The candidate, with ``reset_after=True`` (PyTorch, cuDNN, Keras' default) and ``False`` (Cho 2014)::

        n = tanh(x @ W_n.T + b_n + r * (k @ U_n.T + d_n))    # reset_after=True
        n = tanh(x @ W_n.T + b_n + (r * k) @ U_n.T + d_n)    # reset_after=False

    The new state, where z "keeps" the old one (PyTorch, Keras, ONNX, Cho 2014) or "writes" the candidate (Chung 2014)::

        h_next = z * h + (1 - z) * n    # z="keeps"
        h_next = (1 - z) * h + z * n    # z="writes"

    Zoneout then leaves its share of the old state: ``h_next = zoneout * h + (1 - zoneout) * h_next``. With layer norm
    each product passes through `affine`, r and z together.

    ``functions`` stand in for sigmoid and tanh; `backward` knows these two alone.
    """
    gate, candidate = functions or (sigmoid, np.tanh)
    H = h.shape[1]
    W, U, b, d, g, f = (_groups(w, H) for w in weights)
    m, q = np.broadcast_to(dropout, h.shape), np.broadcast_to(zoneout, h.shape)
    k = m * h
    gates = gate(affine(x @ W[0].T, g[0], b[0]) + affine(k @ U[0].T, f[0], d[0]))
    r, update = gates[:, :H], gates[:, H:]
    if reset_after:
        part = affine(k @ U[1].T, f[1], d[1])
        n = candidate(affine(x @ W[1].T, g[1], b[1]) + r * part)
    else:
        part = r * k
        n = candidate(affine(x @ W[1].T, g[1], b[1]) + affine(part @ U[1].T, f[1], d[1]))
    keep = update if z == "keeps" else 1 - update
    return Step(x, h, m, q, r, update, n, part, q * h + (1 - q) * (keep * h + (1 - keep) * n))


def forward(
    x: Array,
    h_0: Array,
    weights: Weights,
    *,
    reset_after: bool = True,
    z: Meaning = "keeps",
    dropout: Array | float = 1.0,
    zoneout: Array | float = 0.0,
) -> tuple[Array, list[Step]]:
    """Run all steps of x (T, N, I) from h_0 (N, H): the states (T, N, H), and the steps that `backward` needs.

    ``dropout`` and ``zoneout`` are the masks of all steps, (T, N, H) or what broadcasts to it.
    """
    masks = [np.broadcast_to(mask, (len(x), *h_0.shape)) for mask in (dropout, zoneout)]
    steps: list[Step] = []
    h = h_0
    for x_t, m_t, q_t in zip(x, *masks, strict=True):
        steps.append(step(x_t, h, weights, reset_after=reset_after, z=z, dropout=m_t, zoneout=q_t))
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
    H = dh_n.shape[1]
    W, U, _, _, g, f = (_groups(w, H) for w in weights)
    gradient = Weights(*(None if w is None else np.zeros_like(w) for w in weights))  # type: ignore[arg-type]
    dW, dU, db, dd, dg, df = (_groups(w, H) for w in gradient)  # views
    dx = np.zeros((len(steps), len(dh_n), weights.W.shape[1]))
    dh = dh_n
    for t in reversed(range(len(steps))):
        s = steps[t]
        k = s.m * s.h
        dh = dh + dout[t]
        dafter = dh * (1 - s.q)
        keep = s.z if z == "keeps" else 1 - s.z
        dkeep = dafter * (s.h - s.n)
        dz = (dkeep if z == "keeps" else -dkeep) * s.z * (1 - s.z)
        dn = dafter * (1 - keep) * (1 - s.n**2)
        dh = dh * s.q + dafter * keep
        if reset_after:
            dsum = affine_backward(dn * s.r, k @ U[1].T, f[1], df[1], dd[1])
            dr = dn * s.part * s.r * (1 - s.r)
            dk = dsum @ U[1]
            dU[1] += dsum.T @ k
        else:
            dsum = affine_backward(dn, s.part @ U[1].T, f[1], df[1], dd[1])
            drk = dsum @ U[1]
            dr = drk * k * s.r * (1 - s.r)
            dk = drk * s.r
            dU[1] += dsum.T @ s.part
        dgates = np.concatenate([dr, dz], axis=1)
        dsum = affine_backward(dgates, k @ U[0].T, f[0], df[0], dd[0])
        dU[0] += dsum.T @ k
        dh = dh + s.m * (dk + dsum @ U[0])
        for group, dout_group in enumerate((dgates, dn)):
            dsum = affine_backward(dout_group, s.x @ W[group].T, g[group], dg[group], db[group])
            dx[t] += dsum @ W[group]
            dW[group] += dsum.T @ s.x
    return dx, dh, gradient


def affine(a: Array, gain: Array | None, bias: Array) -> Array:
    """Add the bias (G,) to sums a (N, G); with a gain (G,), normalise each row of the sums first (layer norm)."""
    return a + bias if gain is None else gain * _normalised(a)[0] + bias


def affine_backward(dy: Array, a: Array, gain: Array | None, dgain: Array | None, dbias: Array) -> Array:
    """Differentiate `affine`: return the gradient by a (N, G), and add those by gain and bias to the last two."""
    dbias += dy.sum(axis=0)
    if gain is None or dgain is None:
        return dy
    value, deviation = _normalised(a)
    dgain += (dy * value).sum(axis=0)
    dvalue = dy * gain
    along = (dvalue * value).mean(axis=1, keepdims=True)
    da: Array = (dvalue - dvalue.mean(axis=1, keepdims=True) - value * along) / deviation
    return da


def sigmoid(a: Array) -> Array:
    """1 / (1 + exp(-a)), by tanh so that it never overflows."""
    half: Array = 0.5 * a
    return 0.5 * (1 + np.tanh(half))


def _normalised(a: Array) -> tuple[Array, Array]:
    deviation = np.sqrt(a.var(axis=1, keepdims=True) + EPSILON)
    return (a - a.mean(axis=1, keepdims=True)) / deviation, deviation


def _groups(w: Array | None, H: int) -> list[Any]:
    """Split rows r, z, n into views of (r, z) and of n."""
    return [None, None] if w is None else [w[: 2 * H], w[2 * H :]]
