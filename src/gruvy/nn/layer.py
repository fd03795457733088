"""One GRU layer, one or both directions: on the engine with its own backward pass, and in PyTorch's operations.

Both take x (T, N, I), h_0 (D, N, H) or None, the weights of each direction and lengths (N,) or None, where D is 1 or
2 directions, and return the states (T, N, D * H), zero past the end of a row, and the last states (D, N, H).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from gruvy import engine


class DirectionWeights(NamedTuple):
    """Weights of one direction, rows in the order r, z, n: (3H, I), (3H, H), and (3H,) or None."""

    ih: Tensor
    hh: Tensor
    bias_ih: Tensor | None = None
    bias_hh: Tensor | None = None


# ---- on the engine --------------------------------------------------------------------------------------------


def native_layer(
    x: Tensor, h_0: Tensor | None, weights: list[DirectionWeights], lengths: Tensor | None, reset_after: bool
) -> tuple[Tensor, Tensor]:
    """Run the layer on the engine; float32 tensors on the CPU."""
    flat = [w for direction in weights for w in direction]
    if torch.is_grad_enabled() and any(t is not None and t.requires_grad for t in (x, h_0, *flat)):
        out, h_n = _NativeLayer.apply(x, h_0, lengths, reset_after, *flat)  # type: ignore[no-untyped-call]
        return out, h_n
    out, h_n, _ = _run(x, h_0, weights, lengths, reset_after, save=False)
    return out, h_n


def native_gates(
    x: Tensor, h_0: Tensor | None, weights: list[DirectionWeights], lengths: Tensor | None, reset_after: bool
) -> tuple[Tensor, Tensor, Tensor]:
    """Run the layer on the engine and return its gates r, z, n as well: (D, 3, T, N, H), without gradients."""
    out, h_n, saved = _run(x, h_0, weights, lengths, reset_after, save=True)
    gates = torch.stack([s[:, :, :3].permute(2, 0, 1, 3) for s in saved])
    if lengths is not None:
        gates = gates * _running(lengths, x)[:, :, None]
    return out, h_n, gates


def _run(
    x: Tensor,
    h_0: Tensor | None,
    weights: list[DirectionWeights],
    lengths: Tensor | None,
    reset_after: bool,
    save: bool,
) -> tuple[Tensor, Tensor, list[Tensor]]:
    x = _unit_stride(x.detach())
    T, N, _ = x.shape
    H, D = weights[0].hh.shape[1], len(weights)
    out, h_n = x.new_empty(T, N, D * H), x.new_empty(D, N, H)
    h_0 = None if h_0 is None else h_0.detach().contiguous()
    saved = [x.new_empty(T, N, 4, H) for _ in weights] if save else []
    for d, w in enumerate(weights):
        # Kept in a list until the call returns: the engine is given addresses.
        tensors = [None if t is None else t.detach().contiguous() for t in w]
        engine.raw.forward(  # type: ignore[union-attr]
            _problem(x, H, reset_after, d, lengths),
            *map(_address, tensors),
            *(_address(x), x.stride(0), x.stride(1)),
            0 if h_0 is None else _address(h_0[d]),
            *(out.data_ptr() + d * H * out.element_size(), N * D * H, D * H),
            _address(h_n[d]),
            _address(saved[d]) if save else 0,
        )
    return out, h_n, saved


class _NativeLayer(torch.autograd.Function):
    """`native_layer` with gradients: the engine's time loop, and PyTorch's products for the weights and for x."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, h_0: Tensor | None, lengths: Tensor | None, reset_after: bool, *flat: Tensor
    ) -> Any:
        weights = _by_direction(flat)
        out, h_n, saved = _run(x, h_0, weights, lengths, reset_after, save=True)
        ctx.save_for_backward(x, h_0, lengths, out, *flat, *saved)
        ctx.reset_after, ctx.directions = reset_after, len(weights)
        ctx.set_materialize_grads(False)
        return out, h_n

    @staticmethod
    def backward(ctx: Any, dout: Tensor | None, dh_n: Tensor | None) -> Any:
        x, h_0, lengths, out, *rest = ctx.saved_tensors
        flat, saved = rest[: 4 * ctx.directions], rest[4 * ctx.directions :]
        needed = ctx.needs_input_grad
        if torch.is_grad_enabled():  # create_graph=True: these gradients are to be differentiated in their turn
            return _differentiable_gradients(needed, x, h_0, lengths, ctx.reset_after, flat, dout, dh_n)
        dx, dh_0 = None, None if h_0 is None else torch.empty_like(h_0)
        gradients: list[Tensor | None] = []
        for d, w in enumerate(_by_direction(flat)):
            dgates, direction_dh_0 = _backward_loop(
                x, h_0, lengths, out, w, saved[d], dout, dh_n, ctx.reset_after, d, ctx.directions
            )
            if dh_0 is not None:
                dh_0[d] = direction_dh_0
            if needed[0]:
                part = _input_gradient(dgates, w.ih, ctx.reset_after).view_as(x)
                dx = part if dx is None else dx + part
            gradients += _weight_gradients(
                dgates, x, h_0, lengths, out, saved[d], w, ctx.reset_after, d, needed[4 + 4 * d : 8 + 4 * d]
            )
        return dx, dh_0, None, None, *gradients


def _backward_loop(
    x: Tensor,
    h_0: Tensor | None,
    lengths: Tensor | None,
    out: Tensor,
    weights: DirectionWeights,
    saved: Tensor,
    dout: Tensor | None,
    dh_n: Tensor | None,
    reset_after: bool,
    direction: int,
    directions: int,
) -> tuple[Tensor, Tensor]:
    T, N, _ = x.shape
    H = weights.hh.shape[1]
    dout = None if dout is None else _unit_stride(dout)
    dh_n = None if dh_n is None else dh_n[direction].contiguous()
    h_0 = None if h_0 is None else h_0[direction].contiguous()
    hh = weights.hh.contiguous()
    dgates, dh_0 = x.new_empty(T, N, 4 if reset_after else 3, H), x.new_empty(N, H)
    skip = direction * H * out.element_size()
    engine.raw.backward(  # type: ignore[union-attr]
        _problem(x, H, reset_after, direction, lengths),
        _address(hh),
        *(out.data_ptr() + skip, N * directions * H, directions * H),
        _address(h_0),
        _address(saved),
        *((0, 0, 0) if dout is None else (dout.data_ptr() + skip, dout.stride(0), dout.stride(1))),
        _address(dh_n),
        _address(dgates),
        _address(dh_0),
    )
    return dgates, dh_0


def _input_gradient(dgates: Tensor, ih: Tensor, reset_after: bool) -> Tensor:
    T, N, gates, H = dgates.shape
    flat = dgates.view(T * N, gates * H)
    if reset_after:  # columns in the order n, r, z, hidden part of n
        return flat[:, : 3 * H] @ torch.cat((ih[2 * H :], ih[: 2 * H]))
    return flat @ ih


def _weight_gradients(
    dgates: Tensor,
    x: Tensor,
    h_0: Tensor | None,
    lengths: Tensor | None,
    out: Tensor,
    saved: Tensor,
    weights: DirectionWeights,
    reset_after: bool,
    direction: int,
    needed: tuple[bool, ...],
) -> list[Tensor | None]:
    T, N, gates, H = dgates.shape
    flat = dgates.view(T * N, gates * H)
    needs_ih, needs_hh, *needs_bias = needed
    ih = hh = bias_ih = bias_hh = None
    if needs_ih:
        if lengths is not None:  # zero times whatever stands in the padding, NaN included, is to be zero
            x = x.masked_fill(~_running(lengths, x), 0.0)
        inputs = x.reshape(T * N, x.shape[2])
        if reset_after:
            as_nrz = flat[:, : 3 * H].T @ inputs
            ih = torch.cat((as_nrz[H:], as_nrz[:H]))
        else:
            ih = flat.T @ inputs
    if needs_hh:
        before = out[..., direction * H : (direction + 1) * H]
        if reset_after:
            hh = _by_previous_state(dgates[:, :, 1:], before, h_0, lengths, direction)
        else:
            gated = _by_previous_state(dgates[:, :, :2], before, h_0, lengths, direction)
            hh = torch.cat((gated, flat[:, 2 * H :].T @ saved.view(T * N, 4 * H)[:, 3 * H :]))
    if any(needs_bias):
        sums = flat.sum(0)
        bias_ih, bias_hh = (torch.cat((sums[H : 3 * H], sums[:H])), sums[H:]) if reset_after else (sums, sums.clone())
    return [ih, hh, *(b if n else None for b, n in zip((bias_ih, bias_hh), needs_bias, strict=True))]


def _by_previous_state(
    dgates: Tensor, states: Tensor, h_0: Tensor | None, lengths: Tensor | None, direction: int
) -> Tensor:
    """Sum of dgates_t^T h_{t-1} over time and batch; states are zero past the end of a row."""
    T, N, gates, H = dgates.shape
    now, before = (dgates[1:], states[:-1]) if direction == 0 else (dgates[:-1], states[1:])
    if T == 0:
        return dgates.new_zeros(gates * H, H)
    total = now.reshape((T - 1) * N, gates * H).T @ before.reshape((T - 1) * N, H)
    if h_0 is not None:
        if direction == 0:
            first = dgates[0]
        elif lengths is None:
            first = dgates[-1]
        else:  # the padding's gates have no gradient, so a row of length 0 may take any step
            first = dgates[(lengths - 1).clamp(min=0), torch.arange(N)]
        total.addmm_(first.reshape(N, gates * H).T, h_0[direction])
    return total


def _differentiable_gradients(
    needed: tuple[bool, ...],
    x: Tensor,
    h_0: Tensor | None,
    lengths: Tensor | None,
    reset_after: bool,
    flat: list[Tensor],
    dout: Tensor | None,
    dh_n: Tensor | None,
) -> tuple[Tensor | None, ...]:
    inputs = [x, h_0, lengths, None, *flat]
    wanted = [tensor for tensor, need in zip(inputs, needed, strict=True) if need and tensor is not None]
    results = torch_layer(x, h_0, _by_direction(flat), lengths, reset_after)
    pairs = [(y, dy) for y, dy in zip(results, (dout, dh_n), strict=True) if dy is not None]
    ys, dys = zip(*pairs, strict=True)
    found = iter(torch.autograd.grad(ys, wanted, dys, create_graph=True, allow_unused=True))
    return tuple(next(found) if need else None for need in needed)


def _by_direction(flat: Any) -> list[DirectionWeights]:
    return [DirectionWeights(*flat[i : i + 4]) for i in range(0, len(flat), 4)]


def _problem(x: Tensor, hidden: int, reset_after: bool, direction: int, lengths: Tensor | None) -> Any:
    T, N, I = x.shape
    return engine.raw.Problem(  # type: ignore[union-attr]
        T, N, I, hidden, reset_after, direction == 1, _address(lengths), torch.get_num_threads()
    )


def _address(tensor: Tensor | None) -> int:
    return 0 if tensor is None else tensor.data_ptr()


def _unit_stride(tensor: Tensor) -> Tensor:
    """Return the tensor, copied where its features do not lie side by side."""
    return tensor if tensor.stride(-1) == 1 else tensor.contiguous()


# ---- in PyTorch -----------------------------------------------------------------------------------------------


def torch_layer(
    x: Tensor, h_0: Tensor | None, weights: list[DirectionWeights], lengths: Tensor | None, reset_after: bool
) -> tuple[Tensor, Tensor]:
    """Run the layer in PyTorch's operations: any dtype, device and transform."""
    if h_0 is None:
        h_0 = x.new_zeros(len(weights), x.shape[1], weights[0].hh.shape[1])
    if lengths is not None:  # whatever stands in the padding, NaN included, gets no gradient
        x = x.masked_fill(~_running(lengths, x), 0.0)
    if reset_after and x.shape[0] > 0 and x.shape[1] > 0:
        return _torch_gru(x, h_0, weights, lengths)
    directions = [_loop(x, h_0[d], w, lengths, reset_after, reverse=d == 1) for d, w in enumerate(weights)]
    return torch.cat([out for out, _ in directions], dim=-1), torch.stack([h for _, h in directions])


def _torch_gru(
    x: Tensor, h_0: Tensor, weights: list[DirectionWeights], lengths: Tensor | None
) -> tuple[Tensor, Tensor]:
    """PyTorch's own GRU, which is cuDNN's on a GPU."""
    flat = [w for direction in weights for w in direction if w is not None]
    has_bias, two = weights[0].bias_ih is not None, len(weights) == 2
    if lengths is None:
        out, h_n = torch.gru(x, h_0, flat, has_bias, 1, 0.0, False, two, False)
        return out, h_n
    # Packing knows no row of length 0: such rows run one step, of which nothing is kept.
    packed = pack_padded_sequence(x, lengths.clamp(min=1).cpu(), enforce_sorted=False)
    order = packed.sorted_indices
    data, h_n = torch.gru(packed.data, packed.batch_sizes, h_0[:, order], flat, has_bias, 1, 0.0, False, two)
    out, _ = pad_packed_sequence(packed._replace(data=data), total_length=x.shape[0])
    out = out * _running(lengths, x)
    return out, torch.where((lengths > 0)[:, None], h_n[:, packed.unsorted_indices], h_0)


def _loop(
    x: Tensor, h: Tensor, w: DirectionWeights, lengths: Tensor | None, reset_after: bool, reverse: bool
) -> tuple[Tensor, Tensor]:
    H = w.hh.shape[1]
    bias_rz, bias_n = (None, None) if w.bias_hh is None else (w.bias_hh[: 2 * H], w.bias_hh[2 * H :])
    inputs = F.linear(x, w.ih, w.bias_ih)
    running = None if lengths is None else _running(lengths, x)
    states: list[Tensor] = []
    for t in reversed(range(len(x))) if reverse else range(len(x)):
        r, z = torch.sigmoid(inputs[t, :, : 2 * H] + F.linear(h, w.hh[: 2 * H], bias_rz)).chunk(2, dim=-1)
        if reset_after:
            n = torch.tanh(inputs[t, :, 2 * H :] + r * F.linear(h, w.hh[2 * H :], bias_n))
        else:
            n = torch.tanh(inputs[t, :, 2 * H :] + F.linear(r * h, w.hh[2 * H :], bias_n))
        after = n + z * (h - n)
        h = after if running is None else torch.where(running[t], after, h)
        states.append(h if running is None else torch.where(running[t], h, torch.zeros_like(h)))
    if not states:  # empty, and still a function of its inputs
        return inputs[:, :, :H], h
    return torch.stack(states[::-1] if reverse else states), h


def _running(lengths: Tensor, x: Tensor) -> Tensor:
    """Whether step t belongs to row n: (T, N, 1), for x (T, N, I)."""
    return (torch.arange(x.shape[0], device=x.device)[:, None] < lengths.to(x.device))[:, :, None]
