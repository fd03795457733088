"""One GRU layer, one or both directions, composed of PyTorch's operations: any dtype, device and transform.

A layer, here and on the engine (`gruvy.nn.native`), takes x (T, N, I), h_0 (D, N, H) or None, the weights of each
direction and the rows' segments, where D is 1 or 2 directions, and returns the states (T, N, D * H), zero past the end
of a row, and the last states (D, N, H).
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


class DirectionWeights(NamedTuple):
    """Weights of one direction, rows in the order r, z, n: (3H, I), (3H, H), and (3H,) or None."""

    ih: Tensor
    hh: Tensor
    bias_ih: Tensor | None = None
    bias_hh: Tensor | None = None


class Segments(NamedTuple):
    """How far each row goes, and where in it a new segment begins.

    Attributes:
        lengths: steps of each row (N,), int64, or None where all have T.
        resets: (T, N), bool: where a step knows nothing of the one before it, nor that one, in reverse, of it. None for
            nowhere.
    """

    lengths: Tensor | None = None
    resets: Tensor | None = None


def torch_layer(
    x: Tensor, h_0: Tensor | None, weights: list[DirectionWeights], segments: Segments, reset_after: bool
) -> tuple[Tensor, Tensor]:
    """Run the layer in PyTorch's operations."""
    lengths = segments.lengths
    if h_0 is None:
        h_0 = x.new_zeros(len(weights), x.shape[1], weights[0].hh.shape[1])
    if lengths is not None:  # whatever stands in the padding, NaN included, gets no gradient
        x = x.masked_fill(~running(lengths, x), 0.0)
    if reset_after and segments.resets is None and x.shape[0] > 0 and x.shape[1] > 0:
        return _torch_gru(x, h_0, weights, lengths)
    directions = [_loop(x, h_0[d], w, segments, reset_after, reverse=d == 1) for d, w in enumerate(weights)]
    return torch.cat([out for out, _ in directions], dim=-1), torch.stack([h for _, h in directions])


def torch_gates(
    x: Tensor, h_0: Tensor | None, weights: list[DirectionWeights], segments: Segments, reset_after: bool
) -> tuple[Tensor, Tensor, Tensor]:
    """Run the layer step by step and return its gates r, z, n as well: (D, 3, T, N, H), zero past the end of a row."""
    if h_0 is None:
        h_0 = x.new_zeros(len(weights), x.shape[1], weights[0].hh.shape[1])
    found: list[list[Tensor]] = [[] for _ in weights]
    results = [_loop(x, h_0[d], w, segments, reset_after, d == 1, found[d]) for d, w in enumerate(weights)]
    shape = (x.shape[0], 3, *h_0.shape[1:])
    gates = torch.stack([torch.cat(steps).view(shape) if steps else x.new_zeros(shape) for steps in found])
    gates = gates.transpose(1, 2)
    if segments.lengths is not None:
        gates = torch.where(running(segments.lengths, x), gates, 0.0)
    return torch.cat([out for out, _ in results], dim=-1), torch.stack([h for _, h in results]), gates


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
    out = out * running(lengths, x)
    return out, torch.where((lengths > 0)[:, None], h_n[:, packed.unsorted_indices], h_0)


def _loop(
    x: Tensor,
    h: Tensor,
    w: DirectionWeights,
    segments: Segments,
    reset_after: bool,
    reverse: bool,
    gates: list[Tensor] | None = None,
) -> tuple[Tensor, Tensor]:
    """Run one direction; `gates` is filled with r, z, n of each step, (3, N, H), in the order of time."""
    H = w.hh.shape[1]
    bias_rz, bias_n = (None, None) if w.bias_hh is None else (w.bias_hh[: 2 * H], w.bias_hh[2 * H :])
    inputs = F.linear(x, w.ih, w.bias_ih)
    active = None if segments.lengths is None else running(segments.lengths, x)
    begins = None if segments.resets is None else _begins(segments, x, reverse)
    states: list[Tensor] = []
    for t in reversed(range(len(x))) if reverse else range(len(x)):
        if begins is not None:
            h = torch.where(begins[t], torch.zeros_like(h), h)
        r, z = torch.sigmoid(inputs[t, :, : 2 * H] + F.linear(h, w.hh[: 2 * H], bias_rz)).chunk(2, dim=-1)
        if reset_after:
            n = torch.tanh(inputs[t, :, 2 * H :] + r * F.linear(h, w.hh[2 * H :], bias_n))
        else:
            n = torch.tanh(inputs[t, :, 2 * H :] + F.linear(r * h, w.hh[2 * H :], bias_n))
        if gates is not None:
            gates.insert(0 if reverse else len(gates), torch.stack((r, z, n)))
        after = n + z * (h - n)
        h = after if active is None else torch.where(active[t], after, h)
        states.append(h if active is None else torch.where(active[t], h, torch.zeros_like(h)))
    if not states:  # empty, and still a function of its inputs
        return inputs[:, :, :H], h
    return torch.stack(states[::-1] if reverse else states), h


def _begins(segments: Segments, x: Tensor, reverse: bool) -> Tensor:
    """Whether a row comes to step t with a state of zero: (T, N, 1)."""
    assert segments.resets is not None
    begins = segments.resets.to(x.device)[:, :, None]
    if segments.lengths is not None:
        begins = begins & running(segments.lengths, x)
    return torch.cat((begins[1:], torch.zeros_like(begins[:1]))) if reverse else begins


def running(lengths: Tensor, x: Tensor) -> Tensor:
    """Whether step t belongs to row n: (T, N, 1), for x (T, N, I)."""
    return (torch.arange(x.shape[0], device=x.device)[:, None] < lengths.to(x.device))[:, :, None]
