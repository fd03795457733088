"""`compare_precision`: what int8 and bf16 weights cost and save, on the user's own layer and data."""

from __future__ import annotations

import copy
import statistics
import time
from typing import NamedTuple

import torch
from torch import Tensor

from gruvy.errors import ArgumentError
from gruvy.nn.gru import GRU
from gruvy.quantization import Precision

ROUNDS = 7


class PrecisionRow(NamedTuple):
    """One precision beside float32.

    Attributes:
        dtype: of the weight matrices.
        nbytes: of all weights.
        largest, mean: difference of the outputs from float32's, absolute.
        microseconds: a step of the whole batch, median of alternating rounds.
    """

    dtype: Precision
    nbytes: int
    largest: float
    mean: float
    microseconds: float


@torch.no_grad()
def compare_precision(gru: GRU, input: Tensor, hx: Tensor | None = None) -> list[PrecisionRow]:
    """Run a layer with weights of float32, bf16 and int8 on the same input.

    Args:
        gru: the layer; it is run as in evaluation.
        input: (T, N, I), or (N, T, I) where the layer is ``batch_first``, or (T, I), with at least one step.
        hx: initial state, as for the layer's call; None for zero.

    Returns:
        A row for each precision, float32 first.

    Raises:
        ArgumentError: there is no step or no row.
        TensorError: a tensor does not fit, or int8 cannot keep the weights.
        GruvyError: the native engine is missing.

    Example:
        >>> gru = GRU(3, 8)
        >>> rows = compare_precision(gru, torch.randn(20, 2, 3))
        >>> [row.dtype for row in rows], rows[0].largest
        (['float32', 'bf16', 'int8'], 0.0)
    """
    plain = copy.deepcopy(gru).eval()
    modules: dict[Precision, torch.nn.Module] = {"float32": plain, "bf16": gru.quantize("bf16"), "int8": gru.quantize()}
    want = plain(input, hx)[0]
    if not want.numel():
        raise ArgumentError(f"input has the shape {tuple(input.shape)}; expected at least one step and one row")
    steps = input.shape[1] if gru.batch_first and input.dim() == 3 else input.shape[0]
    seconds = _alternate(modules, input, hx)
    rows = []
    for dtype, module in modules.items():
        difference = (module(input, hx)[0] - want).abs()
        nbytes = sum(t.nbytes for t in (*module.parameters(), *module.buffers()))
        figures = float(difference.max()), float(difference.mean()), 1e6 * seconds[dtype] / steps
        rows.append(PrecisionRow(dtype, nbytes, *figures))
    return rows


def _alternate(modules: dict[Precision, torch.nn.Module], *call: Tensor | None) -> dict[Precision, float]:
    """Median seconds of each call; they take turns, so that a change of the machine's speed meets all of them."""
    seconds: dict[Precision, list[float]] = {name: [] for name in modules}
    for round in range(1 + ROUNDS):
        for name, module in modules.items():
            start = time.perf_counter()
            module(*call)
            if round > 0:  # the first is to warm up
                seconds[name].append(time.perf_counter() - start)
    return {name: statistics.median(values) for name, values in seconds.items()}
