"""Keras' torch backend: the engine as `gruvy.nn` has it, gradients of gradients and compilers included."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from gruvy.nn.layer import Cell, DirectionWeights, StepControls
from gruvy.nn.native import native_layer
from gruvy.nn.ops import op_layer


def covers(x: Tensor) -> bool:
    """Whether the engine can run a call with this input (N, T, I)."""
    if x.dtype != torch.float32 or x.device.type != "cpu" or torch._C._is_tracing() or torch.compiler.is_exporting():
        return False
    if torch.compiler.is_compiling():
        return True
    return type(x) in (Tensor, torch.nn.Parameter) and torch._C._functorch.peek_interpreter_stack() is None


def layer(
    x: Tensor, h_0: Tensor, weights: list[Any], mask: Tensor | None, reset_after: bool, training: bool
) -> tuple[Tensor, Tensor]:
    """Run x (N, T, I) from h_0 (N, H): the states (N, T, H) and the last ones (N, H)."""
    run = op_layer if torch.compiler.is_compiling() else native_layer
    controls = StepControls(mask=None if mask is None else mask.T)
    out, h_n = run(x.transpose(0, 1), h_0[None], [DirectionWeights(*weights)], controls, Cell(reset_after))
    return out.transpose(0, 1), h_n[0]
