"""One GRU layer, one or both directions, on the engine; see `gruvy.nn.composed` for what a layer takes and returns."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from gruvy import engine
from gruvy.nn.composed import Cell, DirectionWeights, Rows, taken, torch_layer
from gruvy.nn.weight_gradients import WeightGradients

# The weights of all directions one after the other, each in the order of DirectionWeights.
Flat = Sequence[Tensor | None]

# From this many floats on (256 kB) fresh pages cost more than the detour through the engine's workspace.
LARGE = 1 << 16
# The backward pass takes so many floats of the gates' gradients at a time: 4 MB, most of which the products find in
# the cache.
PIECE = 1 << 20


def native_layer(
    x: Tensor, h_0: Tensor | None, weights: list[DirectionWeights], rows: Rows, cell: Cell
) -> tuple[Tensor, Tensor]:
    """Run the layer on the engine; float32 tensors on the CPU."""
    flat = [w for direction in weights for w in direction]
    if torch.is_grad_enabled() and any(t is not None and t.requires_grad for t in (x, h_0, *flat)):
        out, h_n = _NativeLayer.apply(x, h_0, cell, *rows, *flat)  # type: ignore[no-untyped-call]
        return out, h_n
    out, h_n, _ = run(x, h_0, rows, flat, cell, save=False)
    return out, h_n


def native_gates(
    x: Tensor, h_0: Tensor | None, weights: list[DirectionWeights], rows: Rows, cell: Cell
) -> tuple[Tensor, Tensor, Tensor]:
    """Run the layer on the engine and return its gates r, u, n as well: (D, 3, T, N, H), without gradients."""
    flat = [w for direction in weights for w in direction]
    out, h_n, saved = run(x, h_0, rows, flat, cell, save=True)
    return out, h_n, saved.gates[:, :, :, :3].permute(0, 3, 1, 2, 4)


class Saved(NamedTuple):
    """What the backward pass needs: gates (D, T, N, 4, H) and, with layer norm, norms (D, T, N, 3H + 2)."""

    gates: Tensor
    norms: Tensor


class _NativeLayer(torch.autograd.Function):
    """`native_layer` with gradients."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, h_0: Tensor | None, cell: Cell, *tensors: Tensor | None) -> Any:
        rows, flat = Rows(*tensors[: len(Rows._fields)]), tensors[len(Rows._fields) :]
        out, h_n, saved = run(x, h_0, rows, flat, cell, save=not cell.checkpoint_every)
        ctx.save_for_backward(x, h_0, out, *saved, *tensors)
        ctx.cell = cell
        ctx.set_materialize_grads(False)
        return out, h_n

    @staticmethod
    def backward(ctx: Any, dout: Tensor | None, dh_n: Tensor | None) -> Any:
        x, h_0, out, gates, norms, *tensors = ctx.saved_tensors
        rows, flat = Rows(*tensors[: len(Rows._fields)]), tensors[len(Rows._fields) :]
        needed = ctx.needs_input_grad
        if torch.is_grad_enabled():  # create_graph=True: these gradients are to be differentiated in their turn
            return _differentiable_gradients(needed, x, h_0, rows, ctx.cell, flat, dout, dh_n)
        needs_flat = needed[3 + len(rows) :]
        dx, dh_0, dflat = gradients(
            dout, dh_n, x, h_0, rows, out, Saved(gates, norms), flat, ctx.cell, needed[0], needs_flat
        )
        return dx, dh_0 if needed[1] else None, None, *[None] * len(rows), *dflat


def _differentiable_gradients(
    needed: tuple[bool, ...],
    x: Tensor,
    h_0: Tensor | None,
    rows: Rows,
    cell: Cell,
    flat: Flat,
    dout: Tensor | None,
    dh_n: Tensor | None,
) -> tuple[Tensor | None, ...]:
    inputs = [x, h_0, None, *rows, *flat]
    wanted = [tensor for tensor, need in zip(inputs, needed, strict=True) if need and tensor is not None]
    results = torch_layer(x, h_0, by_direction(flat), rows, cell)
    pairs = [(y, dy) for y, dy in zip(results, (dout, dh_n), strict=True) if dy is not None]
    ys, dys = zip(*pairs, strict=True)
    found = iter(torch.autograd.grad(ys, wanted, dys, create_graph=True, allow_unused=True))
    return tuple(next(found) if need else None for need in needed)


# ---- forward --------------------------------------------------------------------------------------------------------


def run(x: Tensor, h_0: Tensor | None, rows: Rows, flat: Flat, cell: Cell, save: bool) -> tuple[Tensor, Tensor, Saved]:
    """Return the states, the last states, and what the backward pass needs where `save` says so."""
    x = _unit_stride(x.detach())
    T, N, _ = x.shape
    weights = by_direction(flat)
    H, D = weights[0].hh.shape[1], len(weights)
    out, h_n, saved = x.new_empty(T, N, D * H), x.new_empty(D, N, H), _room(weights, T if save else 0, N)
    h_0 = None if h_0 is None else h_0.detach().contiguous()
    for d, w in enumerate(weights):
        _forward(
            *(x, None if h_0 is None else h_0[d], w, rows, cell, d),
            *(out[..., d * H : (d + 1) * H], h_n[d], Saved(saved.gates[d], saved.norms[d])),
        )
    return out, h_n, saved


def _room(weights: list[DirectionWeights], steps: int, batch: int) -> Saved:
    H, D = weights[0].hh.shape[1], len(weights)
    norms = 0 if weights[0].gain_hh is None else 3 * H + 2
    return Saved(workspace(D, steps, batch, 4, H), workspace(D, steps, batch, norms))


def _forward(
    x: Tensor,
    h_0: Tensor | None,
    w: DirectionWeights,
    rows: Rows,
    cell: Cell,
    direction: int,
    out: Tensor,
    h_n: Tensor,
    saved: Saved,
) -> None:
    """Run one direction over all steps of x into out (T, N, H) and h_n (N, H)."""
    # Kept until the call returns: the engine is given addresses.
    tensors = [None if t is None else t.detach().contiguous() for t in w]
    rows = _ready(rows)
    engine.raw.forward(  # type: ignore[union-attr]
        _problem(x, out, cell, direction, rows),
        [_address(t) for t in tensors[:6]],
        _sequence(x),
        *(_address(h_0), _address(tensors[6])),
        *(_masks(rows.dropout, direction), _masks(rows.zoneout, direction)),
        _sequence(out),
        *(_address(h_n), _address(saved.gates), _address(saved.norms)),
    )


# ---- backward -------------------------------------------------------------------------------------------------------


def gradients(
    dout: Tensor | None,
    dh_n: Tensor | None,
    x: Tensor,
    h_0: Tensor | None,
    rows: Rows,
    out: Tensor,
    saved: Saved,
    flat: Flat,
    cell: Cell,
    needs_x: bool,
    needs_flat: Sequence[bool],
) -> tuple[Tensor | None, Tensor, list[Tensor | None]]:
    """Return the gradients of x, of h_0 and of the weights of all directions, None where not needed.

    Time is cut into pieces, which are taken in the backward order: the engine differentiates the time loop, and PyTorch
    makes the products from what it left, before it leaves the cache. Where nothing was saved, `saved` is made again.
    """
    T, N, _ = x.shape
    weights = by_direction(flat)
    H, D = weights[0].hh.shape[1], len(weights)
    size = cell.checkpoint_every or max(1, PIECE // max(1, N * H * 4))
    active = taken(rows, x)
    if active is not None:  # zero times whatever stands where no step is taken, NaN included, is to be zero
        x = x.masked_fill(~active, 0.0)
    x = _unit_stride(x)
    dout = None if dout is None else _unit_stride(dout)
    dx = torch.empty_like(x, memory_format=torch.contiguous_format) if needs_x else None
    dh_0 = x.new_zeros(D, N, H) if dh_n is None else dh_n.clone(memory_format=torch.contiguous_format)
    h_0 = None if h_0 is None else h_0.contiguous()
    dflat: list[Tensor | None] = []
    for d, w in enumerate(weights):
        part = slice(d * H, (d + 1) * H)
        line = _Line(x, None if h_0 is None else h_0[d], w, rows, cell, d, out[..., part])
        needs = DirectionWeights(*needs_flat[d * len(w) : (d + 1) * len(w)])  # type: ignore[arg-type]
        found = WeightGradients(w, needs, cell.reset_after)
        for begin, end in _pieces(T, size, reverse=d == 0):
            piece = line.piece(begin, end)
            if cell.checkpoint_every:
                kept = _again(piece)
            else:
                kept = Saved(saved.gates[d, begin:end], saved.norms[d, begin:end])
            dpart = None if dout is None else dout[begin:end, :, part]
            dgates, dsums, dfresh = _backward(piece, kept, dpart, dh_0[d])
            before = line.before(begin, end) if needs.hh else []
            found.add(dgates, dsums, dfresh, piece.x, before, kept.gates, kept.norms)
            if dx is not None:
                found.input_gradient(dx[begin:end], add=d > 0)
            if d == 1 and end < T:
                _stop_at_resets(line, end, dh_0[d], found)
        dflat += found.result()
    return dx, dh_0, dflat


class _Line(NamedTuple):
    """One direction's whole course, or a piece of it: out (T, N, H), h_0 (N, H)."""

    x: Tensor
    h_0: Tensor | None
    w: DirectionWeights
    rows: Rows
    cell: Cell
    direction: int
    out: Tensor

    def piece(self, begin: int, end: int) -> _Line:
        """Return the steps [begin, end), with the state that they start from as h_0."""
        T, rows = len(self.x), self.rows
        if (begin, end) == (0, T):
            return self
        state = self.h_0
        if self.direction == 0 and begin > 0:
            state = self.out[begin - 1].contiguous()
        elif self.direction == 1 and end < T:
            state = self.out[end]
            if rows.resets is not None:
                state = torch.where(rows.resets[end, :, None], self._fresh(state), state)
            if rows.lengths is not None:  # rows that begin within the piece, or before it, have not run yet
                first = torch.zeros_like(state) if self.h_0 is None else self.h_0
                state = torch.where((rows.lengths > end)[:, None], state, first)
            state = state.contiguous()
        cut = Rows(
            None if rows.lengths is None else (rows.lengths - begin).clamp(0, end - begin),
            None if rows.resets is None else rows.resets[begin:end],
            None if rows.mask is None else rows.mask[begin:end],
            rows.dropout if rows.dropout is None or rows.dropout.shape[1] == 1 else rows.dropout[:, begin:end],
            None if rows.zoneout is None else rows.zoneout[:, begin:end],
        )
        return self._replace(x=self.x[begin:end], h_0=state, rows=cut, out=self.out[begin:end])

    def before(self, begin: int, end: int) -> list[tuple[slice, Tensor]]:
        """Return what the recurrent weights multiplied at steps [begin, end): slices of those steps with (K, N, H)."""
        T, out = len(self.x), self.out
        # The states lie in `out`, one step aside; at the first step of all, h_0 stands in.
        if self.direction == 0:
            found = [(slice(max(begin, 1), end), out[max(begin, 1) - 1 : end - 1])]
            first = slice(0, 1) if begin == 0 else None
        else:
            found = [(slice(begin, min(end, T - 1)), out[begin + 1 : min(end, T - 1) + 1])]
            first = slice(T - 1, T) if end == T else None
        if first and (self.h_0 is not None or self.w.fresh is not None):
            state = out.new_zeros(out.shape[1:]) if self.h_0 is None else self.h_0
            found.append((first, state[None]))
        return [
            (slice(at.start - begin, at.stop - begin), self._entering(at, state))
            for at, state in found
            if at.start < at.stop
        ]

    def _entering(self, at: slice, state: Tensor) -> Tensor:
        """Put in what the rows' segments begin with, and dropout."""
        rows, T = self.rows, len(self.x)
        if self.direction == 1 and rows.lengths is not None and self.h_0 is not None:
            last = torch.arange(at.start, at.stop)[:, None] == rows.lengths - 1
            state = torch.where(last[:, :, None], self.h_0, state)
        if rows.resets is not None:
            begins = rows.resets[at] if self.direction == 0 else rows.resets[at.start + 1 : at.stop + 1]
            if self.direction == 1:
                steps = torch.arange(at.start + 1, at.start + 1 + len(begins))[:, None]
                begins = begins if rows.lengths is None else begins & (steps < rows.lengths)
                if at.stop == T:
                    begins = torch.cat((begins, torch.zeros_like(rows.resets[:1])))
            state = torch.where(begins[:, :, None], self._fresh(state), state)
        if rows.dropout is not None:
            factor = rows.dropout[self.direction]
            state = state * (factor if len(factor) == 1 else factor[at])
        return state

    def _fresh(self, like: Tensor) -> Tensor:
        return torch.zeros_like(like) if self.w.fresh is None else self.w.fresh.detach().expand_as(like)


def _stop_at_resets(line: _Line, step: int, dh: Tensor, found: WeightGradients) -> None:
    """In reverse, a reset at the step after a piece lies outside of it: what reaches it goes to `fresh`, in place."""
    rows = line.rows
    if rows.resets is None:
        return
    begins = rows.resets[step] if rows.lengths is None else rows.resets[step] & (rows.lengths > step)
    found.add_fresh(dh[begins])
    dh[begins] = 0.0


def _pieces(steps: int, size: int, reverse: bool) -> Iterator[tuple[int, int]]:
    """Cut [0, steps) into pieces; the last one first where `reverse`. No steps are one piece."""
    starts = range(0, max(steps, 1), size)
    for begin in reversed(starts) if reverse else starts:
        yield begin, min(begin + size, steps)


def _again(piece: _Line) -> Saved:
    """Run the piece once more, to have what backward needs."""
    T, N, _ = piece.x.shape
    H = piece.w.hh.shape[1]
    saved = _room([piece.w], T, N)
    kept = Saved(saved.gates[0], saved.norms[0])
    out, h_n = piece.x.new_empty(T, N, H), piece.x.new_empty(N, H)
    _forward(piece.x, piece.h_0, piece.w, piece.rows, piece.cell, piece.direction, out, h_n, kept)
    return kept


def _backward(
    piece: _Line, saved: Saved, dout: Tensor | None, dh: Tensor
) -> tuple[Tensor, Tensor | None, Tensor | None]:
    """Differentiate the time loop: return dgates, dsums and dfresh as gru.hpp lays them out; dh becomes that of h_0."""
    (T, N, _), H, w = piece.x.shape, piece.w.hh.shape[1], piece.w
    dgates = workspace(T, N, 4 if piece.cell.reset_after else 3, H)
    dsums = None if w.gain_hh is None else workspace(T, N, 3, H)
    dfresh = None if w.fresh is None else dh.new_empty(N, H)
    hh, gain, fresh = (None if t is None else t.detach().contiguous() for t in (w.hh, w.gain_hh, w.fresh))
    rows, dh_n = _ready(piece.rows), dh.clone()
    engine.raw.backward(  # type: ignore[union-attr]
        _problem(piece.x, piece.out, piece.cell, piece.direction, rows),
        *(_address(hh), _address(gain)),
        _sequence(piece.out),
        *(_address(piece.h_0), _address(fresh)),
        _masks(rows.dropout, piece.direction),
        *(_address(saved.gates), _address(saved.norms)),
        (0, 0, 0) if dout is None else _sequence(dout),
        *(_address(dh_n), _address(dgates), _address(dsums), _address(dh), _address(dfresh)),
    )
    return dgates, dsums, dfresh


# ---- what the engine is given ---------------------------------------------------------------------------------------


def workspace(*shape: int) -> Tensor:
    """Return a float32 tensor with anything in it; a large one from memory that the engine uses again."""
    floats = math.prod(shape)
    if floats < LARGE:
        return torch.empty(shape)
    return torch.from_numpy(engine.raw.workspace(floats)).view(shape)  # type: ignore[union-attr]


def by_direction(flat: Flat) -> list[DirectionWeights]:
    """Group the weights of all directions."""
    size = len(DirectionWeights._fields)
    return [DirectionWeights(*flat[i : i + size]) for i in range(0, len(flat), size)]  # type: ignore[arg-type]


def _problem(x: Tensor, out: Tensor, cell: Cell, direction: int, rows: Rows) -> Any:
    T, N, I = x.shape
    share = 0.0 if rows.zoneout is not None else cell.zoneout
    flags = [_address(flag) for flag in rows[:3]]
    return engine.raw.Problem(  # type: ignore[union-attr]
        T, N, I, out.shape[2], cell.reset_after, direction == 1, *flags, share, torch.get_num_threads()
    )


def _ready(rows: Rows) -> Rows:
    lengths, resets, mask = (None if t is None else t.contiguous() for t in rows[:3])
    return rows._replace(lengths=lengths, resets=resets, mask=mask)


def _address(tensor: Tensor | None) -> int:
    return 0 if tensor is None else tensor.data_ptr()


def _sequence(tensor: Tensor) -> tuple[int, int, int]:
    """A sequence (T, N, features), features contiguous, as the engine takes it."""
    return tensor.data_ptr(), tensor.stride(0), tensor.stride(1)


def _masks(masks: Tensor | None, direction: int) -> tuple[int, int, int]:
    """One direction's masks, repeated in time where there is one step of them."""
    if masks is None:
        return 0, 0, 0
    mask = masks[direction]
    return mask.data_ptr(), 0 if len(mask) == 1 else mask.stride(0), mask.stride(1)


def _unit_stride(tensor: Tensor) -> Tensor:
    """Return the tensor, copied where its features do not lie side by side."""
    return tensor if tensor.stride(-1) == 1 else tensor.contiguous()
