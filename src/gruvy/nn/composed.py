"""One GRU layer, one or both directions, composed of PyTorch's operations: any dtype, device and transform.

See `gruvy.nn.layer` for what a layer takes and returns.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import Parameter
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence
from torch.utils.checkpoint import checkpoint

from gruvy.equations import EPSILON
from gruvy.errors import TensorError
from gruvy.nn.layer import Cell, DirectionWeights, StepControls
from gruvy.nn.transforms import at_work_in_compiled, only_step_by_step, written_down


def torch_layer(
    x: Tensor, h_0: Tensor | None, weights: list[DirectionWeights], controls: StepControls, cell: Cell
) -> tuple[Tensor, Tensor]:
    """Run the layer in PyTorch's operations."""
    if h_0 is None:
        h_0 = x.new_zeros(len(weights), x.shape[1], weights[0].weight_hh.shape[0] // 3)
    active = taken(controls, x)
    if active is not None:  # whatever stands in the padding, NaN included, gets no gradient
        x = x.masked_fill(~active, 0.0)
    plain = all(part is None for part in controls[1:]) and cell == Cell() and weights[0].gain_ih is None
    if plain and x.shape[0] > 0 and x.shape[1] > 0 and _torch_gru_can(x, h_0, weights, controls.lengths):
        return _torch_gru(x, h_0, weights, controls.lengths)
    x = written_down(x)
    directions = [_loop(x, h_0[d], w, controls, cell, d) for d, w in enumerate(weights)]
    return torch.cat([out for out, _ in directions], dim=-1), torch.stack([h for _, h in directions])


def torch_gates(
    x: Tensor, h_0: Tensor | None, weights: list[DirectionWeights], controls: StepControls, cell: Cell
) -> tuple[Tensor, Tensor, Tensor]:
    """Run the layer step by step and return its gates r, u, n as well: (D, 3, T, N, H), zero where no step is taken."""
    if h_0 is None:
        h_0 = x.new_zeros(len(weights), x.shape[1], weights[0].weight_hh.shape[0] // 3)
    by_direction: list[list[Tensor]] = [[] for _ in weights]
    results = [_loop(x, h_0[d], w, controls, cell, d, by_direction[d]) for d, w in enumerate(weights)]
    shape = (x.shape[0], 3, *h_0.shape[1:])
    gates = torch.stack([torch.cat(steps).view(shape) if steps else x.new_zeros(shape) for steps in by_direction])
    gates = gates.transpose(1, 2)
    active = taken(controls, x)
    if active is not None:
        gates = torch.where(active, gates, 0.0)
    return torch.cat([out for out, _ in results], dim=-1), torch.stack([h for _, h in results]), gates


def running(lengths: Tensor, x: Tensor) -> Tensor:
    """Whether step t belongs to row n: (T, N, 1), for x (T, N, I)."""
    return (torch.arange(x.shape[0], device=x.device)[:, None] < lengths.to(x.device))[:, :, None]


def taken(controls: StepControls, x: Tensor) -> Tensor | None:
    """Whether row n takes step t: (T, N, 1), or None where every row takes every step."""
    mask = None if controls.mask is None else controls.mask.to(x.device)[:, :, None]
    if controls.lengths is None:
        return mask
    return running(controls.lengths, x) if mask is None else running(controls.lengths, x) & mask


def _torch_gru_can(x: Tensor, h_0: Tensor, weights: list[DirectionWeights], lengths: Tensor | None) -> bool:
    """Whether PyTorch's own GRU has a rule for what is at work, and can pack the rows by their lengths."""
    if torch.compiler.is_compiling():
        return not at_work_in_compiled()
    if lengths is not None and any(t.is_meta or type(t) not in (Tensor, Parameter) for t in (x, lengths)):
        return False
    return not only_step_by_step(x, h_0, *(t for w in weights for t in w))


def _torch_gru(
    x: Tensor, h_0: Tensor, weights: list[DirectionWeights], lengths: Tensor | None
) -> tuple[Tensor, Tensor]:
    """PyTorch's own GRU, which is cuDNN's on a GPU."""
    flat = [w for direction in weights for w in direction[:4] if w is not None]
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
    controls: StepControls,
    cell: Cell,
    direction: int,
    gates: list[Tensor] | None = None,
) -> tuple[Tensor, Tensor]:
    """Run one direction; `gates` is filled with r, u, n of each step, (3, N, H), in the order of time."""
    H, T, reverse = w.weight_hh.shape[0] // 3, x.shape[0], direction == 1
    _check_shapes(w, x.shape[2], H)
    rz, n_only = slice(0, 2 * H), slice(2 * H, 3 * H)
    inputs = torch.cat([_affine(F.linear(x, w.weight_ih[g]), w.gain_ih, w.bias_ih, g) for g in (rz, n_only)], dim=-1)
    active = taken(controls, x)
    inside = None if controls.lengths is None else running(controls.lengths, x)
    begins = None if controls.resets is None else _begins(controls, x, reverse)
    initial_state = torch.zeros_like(h) if w.initial_state is None else w.initial_state.expand_as(h)

    def run(h: Tensor, *steps: int) -> tuple[Tensor, ...]:
        states = []
        for t in steps:
            if begins is not None:
                h = torch.where(begins[t], initial_state, h)
            k = h
            if controls.dropout is not None:
                k = h * controls.dropout[direction, t if controls.dropout.shape[1] > 1 else 0]
            sums = _affine(F.linear(k, w.weight_hh[rz]), w.gain_hh, w.bias_hh, rz)
            r, z = torch.sigmoid(inputs[t, :, rz] + sums).chunk(2, dim=-1)
            product = F.linear(k if cell.reset_after else r * k, w.weight_hh[n_only])
            part = _affine(product, w.gain_hh, w.bias_hh, n_only)
            n = torch.tanh(inputs[t, :, n_only] + (r * part if cell.reset_after else part))
            u = z
            if controls.zoneout is not None:
                u = torch.where(controls.zoneout[direction, t], torch.ones_like(z), z)
            elif cell.zoneout:
                u = z + cell.zoneout * (1 - z)
            if gates is not None:
                gates.insert(0 if reverse else len(gates), torch.stack((r, u, n)))
            after = n + u * (h - n)
            h = after if active is None else torch.where(active[t], after, h)
            states.append(h if inside is None else torch.where(inside[t], h, torch.zeros_like(h)))
        return h, *states

    order = list(reversed(range(T)) if reverse else range(T))
    every, states = cell.checkpoint_every, []
    for first in range(0, T, every or max(T, 1)):
        if every:
            h, *piece = checkpoint(run, h, *order[first : first + every], use_reentrant=False)
        else:
            h, *piece = run(h, *order)
        states += piece
    if not states:  # empty, and still a function of its inputs
        return inputs[:, :, :H], h
    return torch.stack(states[::-1] if reverse else states), h


def _check_shapes(w: DirectionWeights, inputs: int, hidden: int) -> None:
    """Raise where slices of the weights would leave some of them out."""
    shapes = ((3 * hidden, inputs), (3 * hidden, hidden), *[(3 * hidden,)] * 4, (hidden,))
    for name, tensor, shape in zip(DirectionWeights._fields, w, shapes, strict=True):
        if tensor is not None and tensor.shape != shape:
            raise TensorError(f"{name} has the shape {tuple(tensor.shape)}; expected {shape}")


def _affine(sums: Tensor, gain: Tensor | None, bias: Tensor | None, part: slice) -> Tensor:
    """`gruvy.equations.affine` for the rows `part` of the gain and the bias."""
    shift = None if bias is None else bias[part]
    if gain is None:
        return sums if shift is None else sums + shift
    return F.layer_norm(sums, sums.shape[-1:], gain[part], shift, EPSILON)


def _begins(controls: StepControls, x: Tensor, reverse: bool) -> Tensor:
    """Whether a new segment of row n begins at step t: (T, N, 1)."""
    assert controls.resets is not None
    begins = controls.resets.to(x.device)[:, :, None]
    if controls.lengths is not None:
        begins = begins & running(controls.lengths, x)
    return torch.cat((begins[1:], torch.zeros_like(begins[:1]))) if reverse else begins
