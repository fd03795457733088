"""One GRU layer, one or both directions, on the engine; see `gruvy.nn.layer` for what a layer takes and returns."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from gruvy import engine
from gruvy.nn.composed import torch_gates, torch_layer
from gruvy.nn.layer import Cell, DirectionWeights, StepControls
from gruvy.nn.memory import UnfitError, hidden_size, settled, settled_controls, settled_weights, viewed
from gruvy.nn.transforms import at_work

# The weights of all directions one after the other, each in the order of DirectionWeights.
Flat = Sequence[Tensor | None]

# From this many floats on (256 kB) fresh pages cost more than the detour through the engine's workspace.
LARGE = 1 << 16


def native_layer(
    x: Tensor, h_0: Tensor | None, weights: list[DirectionWeights], controls: StepControls, cell: Cell
) -> tuple[Tensor, Tensor]:
    """Run the layer on the engine, or in PyTorch's operations where a tensor is not fit for it."""
    try:
        return engine_layer(x, h_0, weights, controls, cell)
    except UnfitError:
        return torch_layer(x, h_0, weights, controls, cell)


def engine_layer(
    x: Tensor, h_0: Tensor | None, weights: list[DirectionWeights], controls: StepControls, cell: Cell
) -> tuple[Tensor, Tensor]:
    """Run the layer on the engine; raise `UnfitError` where it cannot be given a tensor."""
    flat = [w for direction in weights for w in direction]
    if torch.is_grad_enabled() and any(t is not None and t.requires_grad for t in (x, h_0, *flat)):
        out, h_n = _NativeLayer.apply(x, h_0, cell, *controls, *flat)  # type: ignore[no-untyped-call]
        return out, h_n
    out, h_n, _ = run(x, h_0, controls, weights, cell, save=False)
    return out, h_n


def native_gates(
    x: Tensor, h_0: Tensor | None, weights: list[DirectionWeights], controls: StepControls, cell: Cell
) -> tuple[Tensor, Tensor, Tensor]:
    """Do as `native_layer`, and return the gates r, u, n as well: (D, 3, T, N, H), without gradients."""
    T, N, _ = x.shape
    try:
        candidates = torch.empty(len(weights), T, N, hidden_size(weights[0]), dtype=torch.float32, device="cpu")
        out, h_n, saved = run(x, h_0, controls, weights, cell, save=True, candidates=candidates)
    except UnfitError:
        return torch_gates(x, h_0, weights, controls, cell)
    reset, kept, _ = saved.gates.unbind(3)
    return out, h_n, torch.stack((reset, kept, candidates), dim=1)


class Saved(NamedTuple):
    """What the backward pass needs: gates (D, T, N, 3, H) and, with layer norm, norms (D, T, N, 3H + 2)."""

    gates: Tensor
    norms: Tensor

    def of_direction(self, direction: int, directions: int) -> Saved:
        """Return one direction's part."""
        return self if directions == 1 else Saved(self.gates[direction], self.norms[direction])


NOTHING = Saved(*[torch.empty(0, dtype=torch.float32, device="cpu") for _ in Saved._fields])


class _NativeLayer(torch.autograd.Function):
    """`native_layer` with gradients."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, h_0: Tensor | None, cell: Cell, *tensors: Tensor | None) -> Any:
        controls, flat = StepControls(*tensors[: len(StepControls._fields)]), tensors[len(StepControls._fields) :]
        out, h_n, saved = run(x, h_0, controls, by_direction(flat), cell, save=not cell.checkpoint_every)
        # What is done to the output in place before the backward pass is seen by `ctx.watch`. That the states are kept
        # under a version of their own lets PyTorch allow it.
        ctx.save_for_backward(x, h_0, out.data, *saved, *tensors)
        ctx.cell, ctx.watch = cell, _watch(out)
        ctx.set_materialize_grads(False)
        return out, h_n

    @staticmethod
    def backward(ctx: Any, dout: Tensor | None, dh_n: Tensor | None) -> Any:
        x, h_0, out, gates, norms, *tensors = ctx.saved_tensors
        controls, flat = StepControls(*tensors[: len(StepControls._fields)]), tensors[len(StepControls._fields) :]
        needed = ctx.needs_input_grad
        differentiable = torch.is_grad_enabled()  # create_graph=True: these gradients are to be differentiated in turn
        if not differentiable and at_work() is None:
            try:
                if ctx.watch._version:
                    out, _, _ = run(x, h_0, controls, by_direction(flat), ctx.cell, save=False)
                needs_flat = needed[3 + len(controls) :]
                saved, weights = Saved(gates, norms), by_direction(flat)
                dx, dh_0, dflat = gradients(
                    dout, dh_n, x, h_0, controls, out, saved, weights, ctx.cell, needed[0], needs_flat
                )
                return dx, dh_0 if needed[1] else None, None, *[None] * len(controls), *dflat
            except UnfitError:  # a parameter has become another one since, or a gradient is one of a transform's
                pass
        with torch.enable_grad():
            return _composed_gradients(needed, x, h_0, controls, ctx.cell, flat, dout, dh_n, differentiable)


def _watch(tensor: Tensor) -> Tensor:
    """Return what counts in its `_version`, from 0 on, how often the tensor has been changed, and holds none of it."""
    watch = tensor.detach()
    watch.data = NOTHING.gates
    return watch


def _composed_gradients(
    needed: tuple[bool, ...],
    x: Tensor,
    h_0: Tensor | None,
    controls: StepControls,
    cell: Cell,
    flat: Flat,
    dout: Tensor | None,
    dh_n: Tensor | None,
    differentiable: bool,
) -> tuple[Tensor | None, ...]:
    """Return what the backward pass does, by PyTorch's operations."""
    inputs = [x, h_0, None, *controls, *flat]
    wanted = [tensor for tensor, need in zip(inputs, needed, strict=True) if need and tensor is not None]
    results = torch_layer(x, h_0, by_direction(flat), controls, cell)
    pairs = [(y, dy) for y, dy in zip(results, (dout, dh_n), strict=True) if dy is not None]
    ys, dys = zip(*pairs, strict=True)
    computed = iter(torch.autograd.grad(ys, wanted, dys, create_graph=differentiable, allow_unused=True))
    return tuple(next(computed) if need else None for need in needed)


# ---- one direction --------------------------------------------------------------------------------------------------


class _Line(NamedTuple):
    """One direction's whole course, or a piece of it: x (T, N, I), h_0 (N, H), out (T, N, H).

    An axis of 1 may stand before those of h_0 and of all that is handed over beside the line.
    """

    x: Tensor
    h_0: Tensor | None
    w: DirectionWeights
    controls: StepControls
    cell: Cell
    direction: int
    out: Tensor

    def problem(self) -> Any:
        """Return the sizes and controls as the engine takes them."""
        (T, N, I), H = self.x.shape, self.out.shape[2]
        lengths, resets, mask, _, zoneout = self.controls
        return engine.raw.Problem(  # type: ignore[union-attr]
            *(T, N, I, H),
            reset_after=self.cell.reset_after,
            reverse=self.direction == 1,
            lengths=lengths,
            resets=resets,
            mask=mask,
            zoneout=self.cell.zoneout if zoneout is None else 0.0,
            threads=torch.get_num_threads(),
        )

    def masks(self) -> tuple[Tensor | None, Tensor | None]:
        """Return this direction's masks of dropout and zoneout, (T, N, H)."""
        dropout, zoneout = self.controls[3:]
        d = self.direction
        return None if dropout is None else dropout[d], None if zoneout is None else zoneout[d]

    def settled(self) -> _Line:
        """Return the line with copies where those are needed: its NumPy views can be handed to the engine."""
        (T, N, I), H, controls = self.x.shape, self.out.shape[2], self.controls
        directions = next((len(masks) for masks in controls[3:] if masks is not None), 1)
        lead = () if self.h_0 is None or self.h_0.dim() == 2 else (1,)
        return self._replace(
            x=settled(self.x, (T, N, I), "input", strides=True),
            h_0=None if self.h_0 is None else settled(self.h_0, (*lead, N, H), "hx"),
            w=settled_weights(self.w, I, H, " in reverse" if self.direction else ""),
            controls=settled_controls(controls, T, N, H, directions),
            out=settled(self.out, (T, N, H), "output", strides=True),
        )

    def viewed(self) -> Any:
        """Return the line with NumPy's views of its tensors."""
        return self._replace(
            x=viewed(self.x),
            h_0=viewed(self.h_0),
            w=DirectionWeights(*map(viewed, self.w)),
            controls=StepControls(*map(viewed, self.controls)),
            out=viewed(self.out),
        )

    def piece(self, begin: int, end: int) -> _Line:
        """Return the steps [begin, end), with the state that they start from as h_0."""
        T, controls = len(self.x), self.controls
        state = self.h_0
        if self.direction == 0 and begin > 0:
            state = self.out[begin - 1].contiguous()
        elif self.direction == 1 and end < T:
            state = self.out[end]
            if controls.resets is not None:
                initial = self.w.initial_state
                initial = torch.zeros_like(state) if initial is None else initial.detach().expand_as(state)
                state = torch.where(controls.resets[end, :, None], initial, state)
            if controls.lengths is not None:  # rows that begin within the piece, or before it, have not run yet
                first = torch.zeros_like(state) if self.h_0 is None else self.h_0.view_as(state)
                state = torch.where((controls.lengths > end)[:, None], state, first)
            state = state.contiguous()
        return self._replace(
            x=self.x[begin:end], h_0=state, controls=controls.between(begin, end), out=self.out[begin:end]
        )


def _of_direction(tensor: Tensor | None, direction: int, directions: int) -> Any:
    """Return one direction's part; the engine itself passes over an axis of 1, which is quicker."""
    return tensor if tensor is None or directions == 1 else tensor[direction]


# ---- forward --------------------------------------------------------------------------------------------------------


def run(
    x: Tensor,
    h_0: Tensor | None,
    controls: StepControls,
    weights: list[DirectionWeights],
    cell: Cell,
    save: bool,
    candidates: Tensor | None = None,
) -> tuple[Tensor, Tensor, Saved]:
    """Return the states, the last states, and what the backward pass needs where `save` says so.

    The candidates are written to `candidates` (D, T, N, H) where it is given.

    Raises:
        UnfitError: the engine cannot be given one of the tensors.
    """
    T, N, _ = x.shape
    H, D = hidden_size(weights[0]), len(weights)
    out, h_n = x.new_empty(T, N, D * H), x.new_empty(D, N, H)
    saved = _new_saved(weights[0], D, T, N, H) if save else NOTHING
    for d, w in enumerate(weights):
        part = out if D == 1 else out[..., d * H : (d + 1) * H]
        line = _Line(x, _of_direction(h_0, d, D), w, controls, cell, d, part)
        kept = saved.of_direction(d, D) if save else None
        _forward(line, _of_direction(h_n, d, D), kept, _of_direction(candidates, d, D))
    return out, h_n, saved


def _new_saved(w: DirectionWeights, directions: int, steps: int, batch: int, hidden: int) -> Saved:
    norms = 0 if w.gain_hh is None else 3 * hidden + 2
    return Saved(workspace(directions, steps, batch, 3, hidden), workspace(directions, steps, batch, norms))


def _forward(line: _Line, h_n: Tensor, saved: Saved | None, candidates: Tensor | None = None) -> None:
    """Run one direction over all steps into line.out (T, N, H) and h_n (N, H)."""
    try:
        problem, call = _forward_call(line, h_n, saved, candidates)
    except ValueError:
        line = line.settled()
        made = [viewed(tensor) for tensor in (h_n, *(saved or (None, None)), candidates)]
        handed = line.viewed()
        problem, call = _forward_call(handed, made[0], saved and Saved(*made[1:3]), made[3])
    engine.raw.forward(problem, call)  # type: ignore[union-attr]


def _forward_call(line: _Line, h_n: Tensor, saved: Saved | None, candidates: Tensor | None) -> tuple[Any, Any]:
    problem, (dropout, zoneout) = line.problem(), line.masks()
    call = engine.raw.Forward(  # type: ignore[union-attr]
        problem,
        weights=line.w,
        x=line.x,
        h_0=line.h_0,
        initial_state=line.w.initial_state,
        dropout=dropout,
        zoneout=zoneout,
        out=line.out,
        h_n=h_n,
        gates=None if saved is None else saved.gates,
        norms=None if saved is None or line.w.gain_hh is None else saved.norms,
        candidates=candidates,
    )
    return problem, call


# ---- backward -------------------------------------------------------------------------------------------------------


def gradients(
    dout: Tensor | None,
    dh_n: Tensor | None,
    x: Tensor,
    h_0: Tensor | None,
    controls: StepControls,
    out: Tensor,
    saved: Saved,
    weights: list[DirectionWeights],
    cell: Cell,
    needs_x: bool,
    needs_flat: Sequence[bool],
) -> tuple[Tensor | None, Tensor, list[Tensor | None]]:
    """Return the gradients of x, of h_0 and of the weights of all directions, None where not needed.

    Raises:
        UnfitError: the engine cannot be given one of the tensors.
    """
    T, N, I = x.shape
    H, D = hidden_size(weights[0]), len(weights)
    dx: Tensor | None = None
    dh_0 = x.new_zeros(D, N, H) if dh_n is None else dh_n.clone(memory_format=torch.contiguous_format)
    dflat: list[Tensor | None] = []
    for d, w in enumerate(weights):
        part = slice(d * H, (d + 1) * H)
        line = _Line(x, _of_direction(h_0, d, D), w, controls, cell, d, out if D == 1 else out[..., part])
        needs = needs_flat[d * len(w) : (d + 1) * len(w)]
        dpart = dout if dout is None or D == 1 else dout[..., part]
        dline = x.new_empty(T, N, I) if needs_x else None
        dh = dh_0.view(N, H) if D == 1 else dh_0[d]
        if cell.checkpoint_every:
            dflat += _by_pieces(line, dpart, dh, dline, needs)
        else:
            dflat += _backward(line, saved.of_direction(d, D), dpart, dh, dline, needs)
        dx = dline if dx is None or dline is None else dx.add_(dline)
    return dx, dh_0, dflat


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
        parts = _backward(piece, _again(piece), dpiece, dh, None if dx is None else dx[begin:end], needs)
        if line.direction == 1 and end < steps and line.controls.resets is not None:
            # A reset at the step after the piece lies outside of it: what reaches it goes to `initial_state`.
            begins = line.controls.resets[end]
            if line.controls.lengths is not None:
                begins = begins & (line.controls.lengths > end)
            if parts[-1] is not None:
                parts[-1] += dh[begins].sum(0)
            dh[begins] = 0.0
        for total, part in zip(totals, parts, strict=False):
            if total is not None and part is not None:
                total += part
        totals = totals or parts
    return totals


def _again(piece: _Line) -> Saved:
    """Run the piece once more, to have what backward needs."""
    (T, N, _), H = piece.x.shape, piece.out.shape[2]
    saved = _new_saved(piece.w, 1, T, N, H)
    out, h_n = piece.x.new_empty(T, N, H), piece.x.new_empty(N, H)
    _forward(piece._replace(out=out), h_n, saved)
    return saved


def _backward(
    line: _Line, saved: Saved, dout: Tensor | None, dh: Tensor, dx: Tensor | None, needs: Sequence[bool]
) -> list[Tensor | None]:
    """Write dx (T, N, I), turn dh (N, H) from that of h_n into that of h_0, and return the gradients of the weights."""
    dh_n = dh.clone()
    dweights = _empty_like(line.w, needs)
    try:
        problem, call = _backward_call(line, saved, dout, dh_n, dx, dh, dweights)
    except ValueError:
        (T, N, _), H = line.x.shape, line.out.shape[2]
        line = line.settled()
        norms = saved.norms
        if line.w.gain_hh is not None:
            norms = settled(norms, (*norms.shape[:-3], T, N, 3 * H + 2), "norms")
        gates = settled(saved.gates, (*saved.gates.shape[:-4], T, N, 3, H), "gates")
        dout = None if dout is None else settled(dout, (T, N, H), "the gradient of output", strides=True)
        dh_n = settled(dh_n, (N, H), "the gradient of h_n")
        dweights = _empty_like(line.w, needs)
        handed, kept = line.viewed(), Saved(viewed(gates), viewed(norms))
        steps, last, made, first = map(viewed, (dout, dh_n, dx, dh))
        problem, call = _backward_call(handed, kept, steps, last, made, first, list(map(viewed, dweights)))
    engine.raw.backward(problem, call)  # type: ignore[union-attr]
    return dweights


def _empty_like(w: DirectionWeights, needs: Sequence[bool]) -> list[Tensor | None]:
    return [torch.empty_like(t) if t is not None and need else None for t, need in zip(w, needs, strict=True)]


def _backward_call(
    line: _Line,
    saved: Saved,
    dout: Tensor | None,
    dh_n: Tensor,
    dx: Tensor | None,
    dh_0: Tensor,
    gradients: Sequence[Tensor | None],
) -> tuple[Any, Any]:
    problem, (dropout, _) = line.problem(), line.masks()
    call = engine.raw.Backward(  # type: ignore[union-attr]
        problem,
        weights=line.w,
        x=line.x,
        h_0=line.h_0,
        initial_state=line.w.initial_state,
        dropout=dropout,
        out=line.out,
        gates=saved.gates,
        norms=None if line.w.gain_hh is None else saved.norms,
        dout=dout,
        dh_n=dh_n,
        dx=dx,
        dh_0=dh_0,
        gradients=gradients,
    )
    return problem, call


# ---- helpers --------------------------------------------------------------------------------------------------------


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
