"""One GRU layer, one or both directions, on the engine; see `gruvy.nn.composed` for what a layer takes and returns."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from gruvy import engine
from gruvy.nn.composed import DirectionWeights, Segments, running, torch_layer

# The weights of all directions one after the other: ih, hh, bias_ih, bias_hh, ih of the second direction ...
Flat = Sequence[Tensor | None]

# From this many floats on (256 kB) fresh pages cost more than the detour through the engine's workspace.
LARGE = 1 << 16


def native_layer(
    x: Tensor, h_0: Tensor | None, weights: list[DirectionWeights], segments: Segments, reset_after: bool
) -> tuple[Tensor, Tensor]:
    """Run the layer on the engine; float32 tensors on the CPU."""
    flat = [w for direction in weights for w in direction]
    if torch.is_grad_enabled() and any(t is not None and t.requires_grad for t in (x, h_0, *flat)):
        out, h_n = _NativeLayer.apply(x, h_0, *segments, reset_after, *flat)  # type: ignore[no-untyped-call]
        return out, h_n
    out, h_n, _ = run(x, h_0, segments, flat, reset_after, save=False)
    return out, h_n


def native_gates(
    x: Tensor, h_0: Tensor | None, weights: list[DirectionWeights], segments: Segments, reset_after: bool
) -> tuple[Tensor, Tensor, Tensor]:
    """Run the layer on the engine and return its gates r, z, n as well: (D, 3, T, N, H), without gradients."""
    flat = [w for direction in weights for w in direction]
    out, h_n, saved = run(x, h_0, segments, flat, reset_after, save=True)
    return out, h_n, saved[:, :, :, :3].permute(0, 3, 1, 2, 4)


class _NativeLayer(torch.autograd.Function):
    """`native_layer` with gradients."""

    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        h_0: Tensor | None,
        lengths: Tensor | None,
        resets: Tensor | None,
        reset_after: bool,
        *flat: Tensor | None,
    ) -> Any:
        out, h_n, saved = run(x, h_0, Segments(lengths, resets), flat, reset_after, save=True)
        ctx.save_for_backward(x, h_0, lengths, resets, out, saved, *flat)
        ctx.reset_after = reset_after
        ctx.set_materialize_grads(False)
        return out, h_n

    @staticmethod
    def backward(ctx: Any, dout: Tensor | None, dh_n: Tensor | None) -> Any:
        x, h_0, lengths, resets, out, saved, *flat = ctx.saved_tensors
        segments, needed = Segments(lengths, resets), ctx.needs_input_grad
        if torch.is_grad_enabled():  # create_graph=True: these gradients are to be differentiated in their turn
            return _differentiable_gradients(needed, x, h_0, segments, ctx.reset_after, flat, dout, dh_n)
        dgates, dh_0 = run_backward(dout, dh_n, x, h_0, segments, out, saved, flat, ctx.reset_after)
        dx, dflat = products(dgates, x, h_0, segments, out, saved, flat, ctx.reset_after, needed[0], needed[5:])
        return dx, dh_0 if needed[1] else None, None, None, None, *dflat


def _differentiable_gradients(
    needed: tuple[bool, ...],
    x: Tensor,
    h_0: Tensor | None,
    segments: Segments,
    reset_after: bool,
    flat: Flat,
    dout: Tensor | None,
    dh_n: Tensor | None,
) -> tuple[Tensor | None, ...]:
    inputs = [x, h_0, *segments, None, *flat]
    wanted = [tensor for tensor, need in zip(inputs, needed, strict=True) if need and tensor is not None]
    results = torch_layer(x, h_0, by_direction(flat), segments, reset_after)
    pairs = [(y, dy) for y, dy in zip(results, (dout, dh_n), strict=True) if dy is not None]
    ys, dys = zip(*pairs, strict=True)
    found = iter(torch.autograd.grad(ys, wanted, dys, create_graph=True, allow_unused=True))
    return tuple(next(found) if need else None for need in needed)


# ---- the engine's two calls -----------------------------------------------------------------------------------------


def run(
    x: Tensor, h_0: Tensor | None, segments: Segments, flat: Flat, reset_after: bool, save: bool
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the states, the last states, and what the backward pass needs: (D, T, N, 4, H), or T = 0 of it."""
    x = _unit_stride(x.detach())
    T, N, _ = x.shape
    weights = by_direction(flat)
    H, D = weights[0].hh.shape[1], len(weights)
    out, h_n, saved = x.new_empty(T, N, D * H), x.new_empty(D, N, H), workspace(D, T if save else 0, N, 4, H)
    h_0 = None if h_0 is None else h_0.detach().contiguous()
    for d, w in enumerate(weights):
        # Kept in a list until the call returns: the engine is given addresses.
        tensors = [None if t is None else t.detach().contiguous() for t in w]
        engine.raw.forward(  # type: ignore[union-attr]
            _problem(x, H, reset_after, d, segments),
            *map(_address, tensors),
            *(_address(x), x.stride(0), x.stride(1)),
            0 if h_0 is None else _address(h_0[d]),
            *(out.data_ptr() + d * H * out.element_size(), N * D * H, D * H),
            _address(h_n[d]),
            _address(saved[d]) if save else 0,
        )
    return out, h_n, saved


def run_backward(
    dout: Tensor | None,
    dh_n: Tensor | None,
    x: Tensor,
    h_0: Tensor | None,
    segments: Segments,
    out: Tensor,
    saved: Tensor,
    flat: Flat,
    reset_after: bool,
) -> tuple[Tensor, Tensor]:
    """Return the gradients of the pre-activations (D, T, N, 4 or 3, H), laid out as gru.hpp says, and of h_0."""
    T, N, _ = x.shape
    weights = by_direction(flat)
    H, D = weights[0].hh.shape[1], len(weights)
    dgates, dh_0 = workspace(D, T, N, 4 if reset_after else 3, H), x.new_empty(D, N, H)
    dout = None if dout is None else _unit_stride(dout)
    dh_n = None if dh_n is None else dh_n.contiguous()
    h_0 = None if h_0 is None else h_0.contiguous()
    for d, w in enumerate(weights):
        hh, skip = w.hh.contiguous(), d * H * out.element_size()
        engine.raw.backward(  # type: ignore[union-attr]
            _problem(x, H, reset_after, d, segments),
            _address(hh),
            *(out.data_ptr() + skip, N * D * H, D * H),
            0 if h_0 is None else _address(h_0[d]),
            _address(saved[d]),
            *((0, 0, 0) if dout is None else (dout.data_ptr() + skip, dout.stride(0), dout.stride(1))),
            0 if dh_n is None else _address(dh_n[d]),
            _address(dgates[d]),
            _address(dh_0[d]),
        )
    return dgates, dh_0


def workspace(*shape: int) -> Tensor:
    """Return a float32 tensor with anything in it; a large one from memory that the engine uses again."""
    floats = math.prod(shape)
    if floats < LARGE:
        return torch.empty(shape)
    return torch.from_numpy(engine.raw.workspace(floats)).view(shape)  # type: ignore[union-attr]


def by_direction(flat: Flat) -> list[DirectionWeights]:
    """Group the weights of all directions."""
    return [DirectionWeights(*flat[i : i + 4]) for i in range(0, len(flat), 4)]  # type: ignore[arg-type]


def _problem(x: Tensor, hidden: int, reset_after: bool, direction: int, segments: Segments) -> Any:
    T, N, I = x.shape
    return engine.raw.Problem(  # type: ignore[union-attr]
        T, N, I, hidden, reset_after, direction == 1, *map(_address, segments), torch.get_num_threads()
    )


def _address(tensor: Tensor | None) -> int:
    return 0 if tensor is None else tensor.data_ptr()


def _unit_stride(tensor: Tensor) -> Tensor:
    """Return the tensor, copied where its features do not lie side by side."""
    return tensor if tensor.stride(-1) == 1 else tensor.contiguous()


# ---- the products that make gradients of x and of the weights from those of the pre-activations ---------------------


def products(
    dgates: Tensor,
    x: Tensor,
    h_0: Tensor | None,
    segments: Segments,
    out: Tensor,
    saved: Tensor,
    flat: Flat,
    reset_after: bool,
    needs_x: bool,
    needs_flat: Sequence[bool],
) -> tuple[Tensor | None, list[Tensor | None]]:
    """Return the gradients of x and of the weights of all directions, None where not needed."""
    dx: Tensor | None = None
    dflat: list[Tensor | None] = []
    if segments.lengths is not None and any(needs_flat):
        # Zero times whatever stands in the padding, NaN included, is to be zero.
        x = x.masked_fill(~running(segments.lengths, x), 0.0)
    for d, w in enumerate(by_direction(flat)):
        if needs_x:
            part = _input_gradient(dgates[d], w.ih, reset_after)
            dx = part if dx is None else dx + part
        dflat += _weight_gradients(
            dgates[d], x, h_0, segments, out, saved[d], reset_after, d, needs_flat[4 * d : 4 * d + 4]
        )
    return dx, dflat


def _input_gradient(dgates: Tensor, ih: Tensor, reset_after: bool) -> Tensor:
    T, N, gates, H = dgates.shape
    flat = dgates.view(T * N, gates * H)
    if reset_after:  # columns in the order n, r, z, hidden part of n
        return (flat[:, : 3 * H] @ torch.cat((ih[2 * H :], ih[: 2 * H]))).view(T, N, ih.shape[1])
    return (flat @ ih).view(T, N, ih.shape[1])


def _weight_gradients(
    dgates: Tensor,
    x: Tensor,
    h_0: Tensor | None,
    segments: Segments,
    out: Tensor,
    saved: Tensor,
    reset_after: bool,
    direction: int,
    needed: Sequence[bool],
) -> list[Tensor | None]:
    T, N, gates, H = dgates.shape
    flat = dgates.view(T * N, gates * H)
    needs_ih, needs_hh, *needs_bias = needed
    ih = hh = bias_ih = bias_hh = None
    if needs_ih:
        inputs = x.reshape(T * N, x.shape[2])
        if reset_after:
            as_nrz = flat[:, : 3 * H].T @ inputs
            ih = torch.cat((as_nrz[H:], as_nrz[:H]))
        else:
            ih = flat.T @ inputs
    if needs_hh:
        states = out[..., direction * H : (direction + 1) * H]
        if reset_after:
            hh = _by_previous_state(dgates[:, :, 1:], states, h_0, segments, direction)
        else:
            gated = _by_previous_state(dgates[:, :, :2], states, h_0, segments, direction)
            hh = torch.cat((gated, flat[:, 2 * H :].T @ saved.view(T * N, 4 * H)[:, 3 * H :]))
    if any(needs_bias):
        sums = flat.sum(0)
        bias_ih, bias_hh = (torch.cat((sums[H : 3 * H], sums[:H])), sums[H:]) if reset_after else (sums, sums.clone())
    return [ih, hh, *(b if n else None for b, n in zip((bias_ih, bias_hh), needs_bias, strict=True))]


def _by_previous_state(
    dgates: Tensor, states: Tensor, h_0: Tensor | None, segments: Segments, direction: int
) -> Tensor:
    """Sum of dgates_t^T h_{t-1} over time and batch; states are zero past the end of a row."""
    T, N, gates, H = dgates.shape
    if T == 0:
        return dgates.new_zeros(gates * H, H)
    now, before = (dgates[1:], states[:-1]) if direction == 0 else (dgates[:-1], states[1:])
    resets = segments.resets
    if resets is not None:
        before = before.masked_fill(resets[1:, :, None], 0.0)
    total = now.reshape((T - 1) * N, gates * H).T @ before.reshape((T - 1) * N, H)
    if h_0 is None:
        return total
    if direction == 0:
        first = dgates[0] if resets is None else dgates[0].masked_fill(resets[0, :, None, None], 0.0)
    elif segments.lengths is None:
        first = dgates[-1]
    else:  # the padding's gates have no gradient, so a row of length 0 may take any step
        first = dgates[(segments.lengths - 1).clamp(min=0), torch.arange(N)]
    return torch.addmm(total, first.reshape(N, gates * H).T, h_0[direction])
