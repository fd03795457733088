"""How the engine can keep weight matrices for inference: "float32", "bf16" or "int8". Needs NumPy only.

bf16 halves the memory: each weight is rounded to the nearest bf16; the arithmetic is that of float32.

int8 quarters it: each row of a matrix, which is one gate of one unit, is bytes times a scale, max|w| / 127. What the
matrices multiply (x, the state, and r * h where the reset gate comes before the product) is made bytes times a scale
at every step, one scale for each row of the batch; so a product is a sum of integers, which is exact. Biases,
gates and states stay float32. A row of the batch in which NaN or infinity stands gives NaN.
"""

from __future__ import annotations

from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from gruvy import engine
from gruvy.errors import ArgumentError, TensorError

Precision = Literal["float32", "bf16", "int8"]

# Sums of so many products of bytes fit 32 bits.
MOST_FEATURES = 1 << 17


def quantize_rows(weight: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Make each row of a matrix bytes times a scale.

    Args:
        weight: (rows, columns), float32 and finite.

    Returns:
        The bytes (rows, columns), in [-127, 127], and the scales (rows,): max|w| / 127 rounded up to 17 bits, so that
        byte * scale is exact, and gives the same bytes and scale again. A row below 1e-30 has the scale 0.

    Raises:
        TensorError: not a matrix of float32, or NaN or infinity in it.

    Example:
        >>> rows, scales = quantize_rows(np.array([[0.2, -1.27, 0.0]], "f4"))
        >>> rows, scales.round(4)
        (array([[  20, -127,    0]], dtype=int8), array([0.01], dtype=float32))
    """
    if np.ndim(weight) != 2 or weight.dtype != np.float32:
        raise TensorError(f"weight is {weight.dtype} {np.shape(weight)}; expected a matrix (rows, columns) of float32")
    check_precision("int8", {"weight": weight})
    ready = engine.block(weight)
    rows, scales = np.empty(weight.shape, np.int8), np.empty(len(weight), np.float32)
    engine.require().quantize(ready, *ready.shape, rows, scales)
    return rows, scales


def check_precision(dtype: str, matrices: dict[str, Any]) -> None:
    """Raise ArgumentError for an unknown dtype, and TensorError for matrices (rows, columns) that it cannot keep."""
    if dtype not in get_args(Precision):
        raise ArgumentError(f"dtype is {dtype!r}; expected one of {', '.join(map(repr, get_args(Precision)))}")
    if dtype != "int8":
        return
    problems = []
    for name, matrix in matrices.items():
        if not np.isfinite(matrix).all():
            problems.append(f"{name} holds NaN or infinity, which int8 cannot: look into its training, or use 'bf16'")
        if matrix.shape[1] > MOST_FEATURES:
            problems.append(f"{name} has {matrix.shape[1]} columns; int8 takes at most {MOST_FEATURES}: use 'bf16'")
    if problems:
        raise TensorError("; ".join(problems))


def native_precision(dtype: Precision) -> Any:
    """Return the engine's name for a dtype."""
    return getattr(engine.require().Precision, dtype)
