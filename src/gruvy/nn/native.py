"""One GRU layer, one or both directions, on the engine; see `gruvy.nn.composed` for what a layer takes and returns."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from gruvy import engine
from gruvy.nn.composed import Cell, DirectionWeights, Rows, torch_gates, torch_layer
from gruvy.nn.memory import UnfitError, hidden_size, settled, settled_rows, settled_weights
from gruvy.nn.transforms import at_work

# The weights of all directions one after the other, each in the order of DirectionWeights.
Flat = Sequence[Tensor | None]

# From this many floats on (256 kB) fresh pages cost more than the detour through the engine's workspace.
LARGE = 1 << 16


def native_layer(
    x: Tensor, h_0: Tensor | None, weights: list[DirectionWeights], rows: Rows, cell: Cell
) -> tuple[Tensor, Tensor]:
    """Run the layer on the engine, or in PyTorch's operations where a tensor is not fit for it."""
    try:
        return engine_layer(x, h_0, weights, rows, cell)
    except UnfitError:
        return torch_layer(x, h_0, weights, rows, cell)


def engine_layer(
    x: Tensor, h_0: Tensor | None, weights: list[DirectionWeights], rows: Rows, cell: Cell
) -> tuple[Tensor, Tensor]:
    """Run the layer on the engine; raise `UnfitError` where it cannot be given a tensor."""
    flat = [w for direction in weights for w in direction]
    if torch.is_grad_enabled() and any(t is not None and t.requires_grad for t in (x, h_0, *flat)):
        out, h_n = _NativeLayer.apply(x, h_0, cell, *rows, *flat)  # type: ignore[no-untyped-call]
        return out, h_n
    out, h_n, _ = run(x, h_0, rows, flat, cell, save=False)
    return out, h_n


def native_gates(
    x: Tensor, h_0: Tensor | None, weights: list[DirectionWeights], rows: Rows, cell: Cell
) -> tuple[Tensor, Tensor, Tensor]:
    """Do as `native_layer`, and return the gates r, u, n as well: (D, 3, T, N, H), without gradients."""
    flat = [w for direction in weights for w in direction]
    T, N, _ = x.shape
    try:
        candidates = torch.empty(len(weights), T, N, hidden_size(weights[0]), dtype=torch.float32, device="cpu")
        out, h_n, saved = run(x, h_0, rows, flat, cell, save=True, candidates=candidates)
    except UnfitError:
        return torch_gates(x, h_0, weights, rows, cell)
    reset, kept, _ = saved.gates.unbind(3)
    return out, h_n, torch.stack((reset, kept, candidates), dim=1)


class Saved(NamedTuple):
    """What the backward pass needs: gates (D, T, N, 3, H) and, with layer norm, norms (D, T, N, 3H + 2)."""

    gates: Tensor
    norms: Tensor


NOTHING = Saved(*[torch.empty(0, dtype=torch.float32, device="cpu") for _ in Saved._fields])


class _NativeLayer(torch.autograd.Function):
    """`native_layer` with gradients."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, h_0: Tensor | None, cell: Cell, *tensors: Tensor | None) -> Any:
        rows, flat = Rows(*tensors[: len(Rows._fields)]), tensors[len(Rows._fields) :]
        out, h_n, saved = run(x, h_0, rows, flat, cell, save=not cell.checkpoint_every)
        # What is done to the output in place before the backward pass is seen by `ctx.watch`. That the states are kept
        # under a version of their own lets PyTorch allow it.
        ctx.save_for_backward(x, h_0, out.data, *saved, *tensors)
        ctx.cell, ctx.watch = cell, _watch(out)
        ctx.set_materialize_grads(False)
        return out, h_n

    @staticmethod
    def backward(ctx: Any, dout: Tensor | None, dh_n: Tensor | None) -> Any:
        x, h_0, out, gates, norms, *tensors = ctx.saved_tensors
        rows, flat = Rows(*tensors[: len(Rows._fields)]), tensors[len(Rows._fields) :]
        needed = ctx.needs_input_grad
        differentiable = torch.is_grad_enabled()  # create_graph=True: these gradients are to be differentiated in turn
        if not differentiable and at_work() is None:
            try:
                if ctx.watch._version:
                    out, _, _ = run(x, h_0, rows, flat, ctx.cell, save=False)
                needs_flat = needed[3 + len(rows) :]
                dx, dh_0, dflat = gradients(
                    dout, dh_n, x, h_0, rows, out, Saved(gates, norms), flat, ctx.cell, needed[0], needs_flat
                )
                return dx, dh_0 if needed[1] else None, None, *[None] * len(rows), *dflat
            except UnfitError:  # a parameter has become another one since, or a gradient is one of a transform's
                pass
        with torch.enable_grad():
            return _composed_gradients(needed, x, h_0, rows, ctx.cell, flat, dout, dh_n, differentiable)


def _watch(tensor: Tensor) -> Tensor:
    """Return what counts in its `_version`, from 0 on, how often the tensor has been changed, and holds none of it."""
    watch = tensor.detach()
    watch.data = NOTHING.gates
    return watch


def _composed_gradients(
    needed: tuple[bool, ...],
    x: Tensor,
    h_0: Tensor | None,
    rows: Rows,
    cell: Cell,
    flat: Flat,
    dout: Tensor | None,
    dh_n: Tensor | None,
    differentiable: bool,
) -> tuple[Tensor | None, ...]:
    """Return what the backward pass does, by PyTorch's operations."""
    inputs = [x, h_0, None, *rows, *flat]
    wanted = [tensor for tensor, need in zip(inputs, needed, strict=True) if need and tensor is not None]
    results = torch_layer(x, h_0, by_direction(flat), rows, cell)
    pairs = [(y, dy) for y, dy in zip(results, (dout, dh_n), strict=True) if dy is not None]
    ys, dys = zip(*pairs, strict=True)
    found = iter(torch.autograd.grad(ys, wanted, dys, create_graph=differentiable, allow_unused=True))
    return tuple(next(found) if need else None for need in needed)


# ---- forward --------------------------------------------------------------------------------------------------------


def run(
    x: Tensor,
    h_0: Tensor | None,
    rows: Rows,
    flat: Flat,
    cell: Cell,
    save: bool,
    candidates: Tensor | None = None,
) -> tuple[Tensor, Tensor, Saved]:
    """Return the states, the last states, and what the backward pass needs where `save` says so.

    The candidates are written to `candidates` (D, T, N, H) where it is given.
    """
    x, h_0, rows, weights = _settled(x, h_0, rows, by_direction(flat))
    T, N, _ = x.shape
    H, D = weights[0].hh.shape[1], len(weights)
    out, h_n, saved = x.new_empty(T, N, D * H), x.new_empty(D, N, H), _room(weights, T, N) if save else NOTHING
    for d, w in enumerate(weights):
        _forward(
            *(x, None if h_0 is None else h_0[d], w, rows, cell, d),
            *(out if D == 1 else out[..., d * H : (d + 1) * H], h_n[d]),
            Saved(saved.gates[d], saved.norms[d]) if save else None,
            None if candidates is None else candidates[d],
        )
    return out, h_n, saved


def _room(weights: list[DirectionWeights], steps: int, batch: int) -> Saved:
    H, D = weights[0].hh.shape[1], len(weights)
    norms = 0 if weights[0].gain_hh is None else 3 * H + 2
    return Saved(workspace(D, steps, batch, 3, H), workspace(D, steps, batch, norms))


def _forward(
    x: Tensor,
    h_0: Tensor | None,
    w: DirectionWeights,
    rows: Rows,
    cell: Cell,
    direction: int,
    out: Tensor,
    h_n: Tensor,
    saved: Saved | None,
    candidates: Tensor | None = None,
) -> None:
    """Run one direction over all steps of x into out (T, N, H) and h_n (N, H)."""
    engine.raw.forward(  # type: ignore[union-attr]
        _problem(x, out, cell, direction, rows),
        [_address(t) for t in w[:6]],
        _sequence(x),
        *(_address(h_0), _address(w.fresh)),
        *(_masks(rows.dropout, direction), _masks(rows.zoneout, direction)),
        _sequence(out),
        h_n.data_ptr(),
        *((0, 0) if saved is None else (_address(saved.gates), _address(saved.norms))),
        _address(candidates),
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
    """Return the gradients of x, of h_0 and of the weights of all directions, None where not needed."""
    x, h_0, rows, weights = _settled(x, h_0, rows, by_direction(flat))
    T, N, I = x.shape
    H, D = weights[0].hh.shape[1], len(weights)
    out = settled(out, (T, N, D * H), "output", strides=True)
    dout = None if dout is None else settled(dout, (T, N, D * H), "the gradient of output", strides=True)
    dh_n = None if dh_n is None else settled(dh_n, (D, N, H), "the gradient of h_n")
    if not cell.checkpoint_every:
        norms = saved.norms if weights[0].gain_hh is None else settled(saved.norms, (D, T, N, 3 * H + 2), "norms")
        saved = Saved(settled(saved.gates, (D, T, N, 3, H), "gates"), norms)
    dx: Tensor | None = None
    dh_0 = x.new_zeros(D, N, H) if dh_n is None else dh_n.clone(memory_format=torch.contiguous_format)
    dflat: list[Tensor | None] = []
    for d, w in enumerate(weights):
        part = slice(d * H, (d + 1) * H)
        line = _Line(x, None if h_0 is None else h_0[d], w, rows, cell, d, out if D == 1 else out[..., part])
        needs = needs_flat[d * len(w) : (d + 1) * len(w)]
        dpart = dout if dout is None or D == 1 else dout[..., part]
        dline = x.new_empty(T, N, I) if needs_x else None
        if cell.checkpoint_every:
            dflat += _by_pieces(line, dpart, dh_0[d], dline, needs)
        else:
            kept = Saved(saved.gates[d], saved.norms[d])
            dflat += _backward(line, kept, dpart, dh_0[d], dline, needs)
        dx = dline if dx is None or dline is None else dx.add_(dline)
    return dx, dh_0, dflat


class _Line(NamedTuple):
    """One direction's whole course, or a piece of it: x (T, N, I), h_0 (N, H), out (T, N, H)."""

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
        state = self.h_0
        if self.direction == 0 and begin > 0:
            state = self.out[begin - 1].contiguous()
        elif self.direction == 1 and end < T:
            state = self.out[end]
            if rows.resets is not None:
                fresh = torch.zeros_like(state) if self.w.fresh is None else self.w.fresh.detach().expand_as(state)
                state = torch.where(rows.resets[end, :, None], fresh, state)
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


def _by_pieces(
    line: _Line, dout: Tensor | None, dh: Tensor, dx: Tensor | None, needs: Sequence[bool]
) -> list[Tensor | None]:
    """`_backward` where no gates were saved: piece by piece, from the last to the first, they are computed again."""
    steps, size = len(line.x), line.cell.checkpoint_every
    starts = range(0, max(steps, 1), size)
    totals: list[Tensor | None] = []
    for begin in reversed(starts) if line.direction == 0 else starts:
        end = min(begin + size, steps)
        piece = line.piece(begin, end)
        dpiece = None if dout is None else dout[begin:end]
        found = _backward(piece, _again(piece), dpiece, dh, None if dx is None else dx[begin:end], needs)
        if line.direction == 1 and end < steps and line.rows.resets is not None:
            # A reset at the step after the piece lies outside of it: what reaches it goes to `fresh`.
            begins = line.rows.resets[end]
            if line.rows.lengths is not None:
                begins = begins & (line.rows.lengths > end)
            if found[-1] is not None:
                found[-1] += dh[begins].sum(0)
            dh[begins] = 0.0
        for total, part in zip(totals, found, strict=False):
            if total is not None and part is not None:
                total += part
        totals = totals or found
    return totals


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
    line: _Line, saved: Saved, dout: Tensor | None, dh: Tensor, dx: Tensor | None, needs: Sequence[bool]
) -> list[Tensor | None]:
    """Write dx (T, N, I), turn dh (N, H) from that of h_n into that of h_0, and return the gradients of the weights."""
    found = [torch.empty_like(t) if t is not None and need else None for t, need in zip(line.w, needs, strict=True)]
    rows, dh_n = line.rows, dh.clone()
    engine.raw.backward(  # type: ignore[union-attr]
        _problem(line.x, line.out, line.cell, line.direction, rows),
        [_address(t) for t in line.w[:6]],
        _sequence(line.x),
        *(_address(line.h_0), _address(line.w.fresh)),
        *(_masks(rows.dropout, line.direction), _sequence(line.out)),
        *(_address(saved.gates), _address(saved.norms)),
        (0, 0, 0) if dout is None else _sequence(dout),
        _address(dh_n),
        (0, 0, 0) if dx is None else _sequence(dx),
        _address(dh),
        [_address(t) for t in found],
    )
    return found


# ---- what the engine is given ---------------------------------------------------------------------------------------


def _settled(
    x: Tensor, h_0: Tensor | None, rows: Rows, weights: list[DirectionWeights]
) -> tuple[Tensor, Tensor | None, Rows, list[DirectionWeights]]:
    """Return what a pass reads, fit to be addressed, and to be kept until the engine returns."""
    T, N, I = x.shape
    H, D = hidden_size(weights[0]), len(weights)
    return (
        settled(x, (T, N, I), "input", strides=True),
        None if h_0 is None else settled(h_0, (D, N, H), "hx"),
        settled_rows(rows, T, N, H, D),
        [settled_weights(w, I, H, " in reverse" if d else "") for d, w in enumerate(weights)],
    )


def workspace(*shape: int) -> Tensor:
    """Return a float32 tensor with anything in it; a large one from memory that the engine uses again."""
    floats = math.prod(shape)
    if floats < LARGE:
        return torch.empty(shape, dtype=torch.float32, device="cpu")  # whatever the defaults are
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
