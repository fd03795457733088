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
from gruvy.nn.composed import DirectionWeights, Segments


def op_layer(
    x: Tensor, h_0: Tensor | None, weights: list[DirectionWeights], segments: Segments, reset_after: bool
) -> tuple[Tensor, Tensor]:
    """Run the layer on the engine, as an operator; see `gruvy.nn.composed` for what a layer takes and returns."""
    flat = [w for direction in weights for w in direction if w is not None]
    has_bias = weights[0].bias_ih is not None
    out, h_n, _ = gru_layer(x, h_0, *segments, flat, has_bias, reset_after, torch.is_grad_enabled())
    return out, h_n


@torch.library.custom_op("gruvy::gru_layer", mutates_args=())
def gru_layer(
    x: Tensor,
    h_0: Tensor | None,
    lengths: Tensor | None,
    resets: Tensor | None,
    flat: Sequence[Tensor],
    bias: bool,
    reset_after: bool,
    save: bool,
) -> tuple[Tensor, Tensor, Tensor]:
    """`native.run`; lengths are checked here, because a compiler has not seen their values."""
    if lengths is not None and lengths.numel() and not 0 <= int(lengths.min()) <= int(lengths.max()) <= x.shape[0]:
        low, high = int(lengths.min()), int(lengths.max())
        raise TensorError(f"lengths lie in [{low}, {high}]; expected [0, {x.shape[0]}], the steps of the input")
    return native.run(x, h_0, Segments(lengths, resets), _with_bias(flat, bias), reset_after, save)


@gru_layer.register_fake
def _(
    x: Tensor,
    h_0: Tensor | None,
    lengths: Tensor | None,
    resets: Tensor | None,
    flat: Sequence[Tensor],
    bias: bool,
    reset_after: bool,
    save: bool,
) -> tuple[Tensor, Tensor, Tensor]:
    T, N, _ = x.shape
    D, H = len(flat) // (4 if bias else 2), flat[1].shape[1]
    return x.new_empty(T, N, D * H), x.new_empty(D, N, H), x.new_empty(D, T if save else 0, N, 4, H)


@torch.library.custom_op("gruvy::gru_layer_backward", mutates_args=())
def gru_layer_backward(
    dout: Tensor | None,
    dh_n: Tensor | None,
    x: Tensor,
    h_0: Tensor | None,
    lengths: Tensor | None,
    resets: Tensor | None,
    out: Tensor,
    saved: Tensor,
    flat: Sequence[Tensor],
    bias: bool,
    reset_after: bool,
) -> tuple[Tensor, Tensor]:
    """`native.run_backward`."""
    return native.run_backward(
        dout, dh_n, x, h_0, Segments(lengths, resets), out, saved, _with_bias(flat, bias), reset_after
    )


@gru_layer_backward.register_fake
def _(
    dout: Tensor | None,
    dh_n: Tensor | None,
    x: Tensor,
    h_0: Tensor | None,
    lengths: Tensor | None,
    resets: Tensor | None,
    out: Tensor,
    saved: Tensor,
    flat: Sequence[Tensor],
    bias: bool,
    reset_after: bool,
) -> tuple[Tensor, Tensor]:
    D, T, N, _, H = saved.shape
    return saved.new_empty(D, T, N, 4 if reset_after else 3, H), saved.new_empty(D, N, H)


def _setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor, Tensor]) -> None:
    x, h_0, lengths, resets, flat, ctx.bias, ctx.reset_after, _ = inputs
    out, _, saved = output
    ctx.save_for_backward(x, h_0, lengths, resets, out, saved, *flat)
    ctx.set_materialize_grads(False)


def _backward(ctx: Any, dout: Tensor | None, dh_n: Tensor | None, _: Tensor | None) -> tuple[Any, ...]:
    x, h_0, lengths, resets, out, saved, *flat = ctx.saved_tensors
    dgates, dh_0 = gru_layer_backward(dout, dh_n, x, h_0, lengths, resets, out, saved, flat, ctx.bias, ctx.reset_after)
    needs_x, needs_h_0, _, _, needs_flat, *_ = ctx.needs_input_grad
    dx, dflat = native.products(
        *(dgates, x, h_0, Segments(lengths, resets), out, saved, _with_bias(flat, ctx.bias), ctx.reset_after),
        needs_x=needs_x,
        needs_flat=[bool(need) for need in _with_bias(needs_flat, ctx.bias)],
    )
    if not ctx.bias:
        dflat = [gradient for i, gradient in enumerate(dflat) if i % 4 < 2]
    return dx, dh_0 if needs_h_0 else None, None, None, dflat, None, None, None


gru_layer.register_autograd(_backward, setup_context=_setup_context)


def _with_bias(flat: Sequence[Any], bias: bool) -> list[Any]:
    """Put None where a layer without biases has none."""
    return list(flat) if bias else [w for i in range(0, len(flat), 2) for w in (flat[i], flat[i + 1], None, None)]
