"""The engine as operators of PyTorch's library, for torch.compile and torch.export.

They compute what `gruvy.nn.native` does; `torch.library` tells the compiler their shapes and gradients. An eager call
does without them, because their dispatch costs tens of microseconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from gruvy.errors import TensorError
from gruvy.nn import native
from gruvy.nn.layer import Cell, DirectionWeights, StepControls


def op_layer(
    x: Tensor, h_0: Tensor | None, weights: list[DirectionWeights], controls: StepControls, cell: Cell
) -> tuple[Tensor, Tensor]:
    """Run the layer on the engine, as an operator; see `gruvy.nn.layer` for what a layer takes and returns."""
    flat = [w for direction in weights for w in direction if w is not None]
    present = [w is not None for w in weights[0]]
    out, h_n, _, _ = gru_layer(x, h_0, *controls, flat, present, *cell, torch.is_grad_enabled())
    if torch.is_grad_enabled() and not torch.compiler.is_exporting():
        out = out.clone()  # which may be changed in place; a compiler leaves it out where it is not
    return out, h_n


# Operators know no tuples of optional tensors: `flat` has the weights that are there, and `present` says which of one
# direction's these are, in the order of DirectionWeights.
@torch.library.custom_op("gruvy::gru_layer", mutates_args=())
def gru_layer(
    x: Tensor,
    h_0: Tensor | None,
    lengths: Tensor | None,
    resets: Tensor | None,
    mask: Tensor | None,
    dropout: Tensor | None,
    zoneout_mask: Tensor | None,
    flat: Sequence[Tensor],
    present: Sequence[bool],
    reset_after: bool,
    zoneout: float,
    checkpoint_every: int,
    save: bool,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """`native.run`; lengths are checked here, because a compiler has not seen their values."""
    if lengths is not None and lengths.numel() and not 0 <= int(lengths.min()) <= int(lengths.max()) <= x.shape[0]:
        low, high = int(lengths.min()), int(lengths.max())
        raise TensorError(f"lengths lie in [{low}, {high}]; expected [0, {x.shape[0]}], the steps of the input")
    controls = StepControls(lengths, resets, mask, dropout, zoneout_mask)
    cell = Cell(reset_after, zoneout, checkpoint_every)
    weights = native.by_direction(_spread(flat, present))
    out, h_n, saved = native.run(x, h_0, controls, weights, cell, save and not checkpoint_every)
    return out, h_n, *saved


@gru_layer.register_fake
def _(
    x: Tensor,
    h_0: Tensor | None,
    lengths: Tensor | None,
    resets: Tensor | None,
    mask: Tensor | None,
    dropout: Tensor | None,
    zoneout_mask: Tensor | None,
    flat: Sequence[Tensor],
    present: Sequence[bool],
    reset_after: bool,
    zoneout: float,
    checkpoint_every: int,
    save: bool,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    T, N, _ = x.shape
    D, H = len(flat) // sum(present), flat[1].shape[1]
    kept = T if save and not checkpoint_every else 0
    norms = 3 * H + 2 if present[DirectionWeights._fields.index("gain_hh")] else 0
    return (
        x.new_empty(T, N, D * H),
        x.new_empty(D, N, H),
        x.new_empty(D, kept, N, 3, H),
        x.new_empty(D, kept, N, norms),
    )


@torch.library.custom_op("gruvy::gru_layer_backward", mutates_args=())
def gru_layer_backward(
    dout: Tensor | None,
    dh_n: Tensor | None,
    x: Tensor,
    h_0: Tensor | None,
    lengths: Tensor | None,
    resets: Tensor | None,
    mask: Tensor | None,
    dropout: Tensor | None,
    zoneout_mask: Tensor | None,
    out: Tensor,
    gates: Tensor,
    norms: Tensor,
    flat: Sequence[Tensor],
    present: Sequence[bool],
    reset_after: bool,
    zoneout: float,
    checkpoint_every: int,
) -> list[Tensor]:
    """`native.gradients`: those of x, of h_0 and of the weights in `flat`."""
    controls = StepControls(lengths, resets, mask, dropout, zoneout_mask)
    cell = Cell(reset_after, zoneout, checkpoint_every)
    spread = _spread(flat, present)
    weights, needs = native.by_direction(spread), [w is not None for w in spread]
    saved = native.Saved(gates, norms)
    dx, dh_0, dflat = native.gradients(dout, dh_n, x, h_0, controls, out, saved, weights, cell, True, needs)
    return [gradient for gradient in (dx, dh_0, *dflat) if gradient is not None]


@gru_layer_backward.register_fake
def _(
    dout: Tensor | None,
    dh_n: Tensor | None,
    x: Tensor,
    h_0: Tensor | None,
    lengths: Tensor | None,
    resets: Tensor | None,
    mask: Tensor | None,
    dropout: Tensor | None,
    zoneout_mask: Tensor | None,
    out: Tensor,
    gates: Tensor,
    norms: Tensor,
    flat: Sequence[Tensor],
    present: Sequence[bool],
    reset_after: bool,
    zoneout: float,
    checkpoint_every: int,
) -> list[Tensor]:
    D, H = len(flat) // sum(present), flat[1].shape[1]
    shapes = (x.shape, (D, x.shape[1], H), *(w.shape for w in flat))
    return [x.new_empty(shape) for shape in shapes]


def _setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
    x, h_0, *controls, flat, ctx.present, ctx.reset_after, ctx.zoneout, ctx.checkpoint_every, _ = inputs
    out, _, gates, norms = output
    ctx.save_for_backward(x, h_0, *controls, out, gates, norms, *flat)
    ctx.set_materialize_grads(False)


def _backward(ctx: Any, dout: Tensor | None, dh_n: Tensor | None, *_: Tensor | None) -> tuple[Any, ...]:
    x, h_0, *rest = ctx.saved_tensors
    count = len(StepControls._fields)
    controls, (out, gates, norms), flat = rest[:count], rest[count : count + 3], rest[count + 3 :]
    cell = (ctx.reset_after, ctx.zoneout, ctx.checkpoint_every)
    dx, dh_0, *dflat = gru_layer_backward(dout, dh_n, x, h_0, *controls, out, gates, norms, flat, ctx.present, *cell)
    needs_x, needs_h_0 = ctx.needs_input_grad[:2]
    return dx if needs_x else None, dh_0 if needs_h_0 else None, *[None] * count, dflat, *[None] * 5


gru_layer.register_autograd(_backward, setup_context=_setup_context)


def _spread(flat: Sequence[Tensor], present: Sequence[bool]) -> list[Tensor | None]:
    """Put None where a direction has no such weight."""
    given = iter(flat)
    directions = len(flat) // sum(present)
    return [next(given) if there else None for _ in range(directions) for there in present]
