"""The Python face of the native engine: checks once, then calls. Needs NumPy only.

`forward` and `backward` take NumPy arrays. PyTorch's layers, which have checked their tensors already, call `raw`
with addresses; its functions are documented in ``native/gru.hpp``.
"""

from __future__ import annotations

import functools
import importlib
import os
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gruvy.errors import ArgumentError, GruvyError, TensorError

raw: ModuleType | None
try:
    raw = importlib.import_module("gruvy._engine")
except ImportError as error:
    raw = None
    why_missing = (
        "it was not built when gruvy was installed (no C++ compiler was found, or the build failed); "
        "install a C++ compiler and reinstall gruvy"
        if isinstance(error, ModuleNotFoundError)
        else f"it cannot be loaded ({error})"
    )
else:
    why_missing = ""

Array = NDArray[np.float32]


@functools.cache
def instruction_set() -> str:
    """Return the instruction set in use: "avx512", "avx2", "neon" or "baseline".

    Raises:
        ArgumentError: the environment variable ``GRUVY_ISA`` names one that this processor lacks.
        GruvyError: the engine is not there.
    """
    if raw is None:
        raise GruvyError(f"the native engine is missing: {why_missing}")
    try:
        return str(raw.instruction_set())
    except ValueError as error:
        raise ArgumentError(str(error)) from None


def default_threads() -> int:
    """Return the number of processors that this process may use, or ``GRUVY_NUM_THREADS`` where that is set."""
    wanted = os.environ.get("GRUVY_NUM_THREADS", "")
    if not wanted:
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if not wanted.isdecimal() or int(wanted) < 1:
        raise ArgumentError(f"GRUVY_NUM_THREADS is {wanted!r}; expected a whole number of 1 or more: set or unset it")
    return int(wanted)


def forward(
    x: Array,
    weight_ih: Array,
    weight_hh: Array,
    bias_ih: Array | None = None,
    bias_hh: Array | None = None,
    *,
    h_0: Array | None = None,
    lengths: NDArray[np.int64] | None = None,
    resets: NDArray[np.bool_] | None = None,
    reset_after: bool = True,
    reverse: bool = False,
    save: bool = False,
    threads: int | None = None,
) -> tuple[Array, Array, Array | None]:
    """Run one layer in one direction.

    Args:
        x: input (T, N, I), float32, features contiguous.
        weight_ih, weight_hh: (3H, I) and (3H, H), rows in the order r, z, n; z keeps the old state.
        bias_ih, bias_hh: (3H,), or None for zero.
        h_0: initial state (N, H), or None for zero.
        lengths: steps of each row (N,), or None where all have T.
        resets: where a new segment begins (T, N), bool: that step starts from a state of zero, and in reverse the one
            before it does; None for nowhere.
        reset_after: whether the reset gate is applied after the recurrent product (see `gruvy.equations.step`).
        reverse: whether each row runs from its last step to its first.
        save: whether to return what `backward` needs.
        threads: at most this many; None for `default_threads`.

    Returns:
        The states (T, N, H), the last states (N, H), and the saved gates (T, N, 4, H) or None.

    Raises:
        TensorError: an array has another shape or dtype; all problems are named at once.

    Example:
        >>> out, h_n, _ = forward(np.zeros((5, 2, 3), "f4"), np.ones((12, 3), "f4"), np.ones((12, 4), "f4"))
        >>> out.shape, h_n.shape
        ((5, 2, 4), (2, 4))
    """
    arrays = {
        "weight_ih": weight_ih,
        "weight_hh": weight_hh,
        "bias_ih": bias_ih,
        "bias_hh": bias_hh,
        "h_0": h_0,
    }
    T, N, I, H = _sizes(x, weight_hh)
    shapes = {
        "weight_ih": (3 * H, I),
        "weight_hh": (3 * H, H),
        "bias_ih": (3 * H,),
        "bias_hh": (3 * H,),
        "h_0": (N, H),
    }
    check_arrays({"x": x, **arrays}, {"x": (T, N, I), **shapes})
    ready = {name: None if a is None else np.ascontiguousarray(a) for name, a in arrays.items()}
    if x.strides[2] != x.itemsize and I > 1:
        x = np.ascontiguousarray(x)
    lengths = None if lengths is None else _check_lengths(lengths, N, T)
    resets = None if resets is None else _check_resets(resets, N, T)
    out, h_n = np.empty((T, N, H), np.float32), np.empty((N, H), np.float32)
    saved = np.empty((T, N, 4, H), np.float32) if save else None
    engine = require()
    engine.forward(
        engine.Problem(
            T, N, I, H, reset_after, reverse, address(lengths), address(resets), threads or default_threads()
        ),
        *(address(ready[name]) for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")),
        *(address(x), x.strides[0] // 4, x.strides[1] // 4),
        address(ready["h_0"]),
        *(address(out), N * H, H),
        address(h_n),
        address(saved),
    )
    return out, h_n, saved


def backward(
    dout: Array | None,
    dh_n: Array | None,
    out: Array,
    saved: Array,
    weight_hh: Array,
    *,
    h_0: Array | None = None,
    lengths: NDArray[np.int64] | None = None,
    resets: NDArray[np.bool_] | None = None,
    reset_after: bool = True,
    reverse: bool = False,
    threads: int | None = None,
) -> tuple[Array, Array]:
    """Differentiate the time loop of `forward`.

    Args:
        dout, dh_n: gradients of the states (T, N, H) and of the last states (N, H), or None for zero.
        out, saved: as `forward` returned them with ``save=True``.
        weight_hh, h_0, lengths, resets, reset_after, reverse, threads: as given to `forward`.

    Returns:
        The gradients of the gates' pre-activations, (T, N, 4, H) in the order n, r, z, hidden part of n with
        ``reset_after``, else (T, N, 3, H) in the order r, z, n; and the gradient of h_0 (N, H).

    Raises:
        TensorError: an array has another shape or dtype; all problems are named at once.
    """
    T, N, H = out.shape
    arrays = {"dout": dout, "dh_n": dh_n, "out": out, "saved": saved, "weight_hh": weight_hh, "h_0": h_0}
    shapes = {"dout": (T, N, H), "dh_n": (N, H), "out": (T, N, H), "saved": (T, N, 4, H)}
    check_arrays(arrays, {**shapes, "weight_hh": (3 * H, H), "h_0": (N, H)})
    ready = {name: None if a is None else np.ascontiguousarray(a) for name, a in arrays.items()}
    lengths = None if lengths is None else _check_lengths(lengths, N, T)
    resets = None if resets is None else _check_resets(resets, N, T)
    dgates, dh_0 = np.empty((T, N, 4 if reset_after else 3, H), np.float32), np.empty((N, H), np.float32)
    engine = require()
    engine.backward(
        engine.Problem(
            T, N, 0, H, reset_after, reverse, address(lengths), address(resets), threads or default_threads()
        ),
        address(ready["weight_hh"]),
        *(address(ready["out"]), N * H, H),
        address(ready["h_0"]),
        address(ready["saved"]),
        *(address(ready["dout"]), N * H, H),
        address(ready["dh_n"]),
        address(dgates),
        address(dh_0),
    )
    return dgates, dh_0


def require() -> Any:
    """Return the native module, or raise as `instruction_set` does."""
    instruction_set()
    return raw


def address(array: NDArray[Any] | None) -> int:
    """Return where the array's memory begins, 0 for None."""
    return 0 if array is None else int(array.ctypes.data)


def _sizes(x: Array, weight_hh: Array) -> tuple[int, int, int, int]:
    if np.ndim(x) != 3 or np.ndim(weight_hh) != 2:
        raise TensorError(
            f"x and weight_hh have the shapes {np.shape(x)} and {np.shape(weight_hh)}; expected (T, N, I) and (3H, H)"
        )
    return (*x.shape, weight_hh.shape[1])


def check_arrays(arrays: dict[str, Any], shapes: dict[str, tuple[int, ...]]) -> None:
    """Raise one TensorError that names every array, other than None, which is not float32 or has another shape."""
    problems = []
    for name, array in arrays.items():
        if array is None:
            continue
        if not isinstance(array, np.ndarray) or array.dtype != np.float32:
            kind = array.dtype if isinstance(array, np.ndarray) else type(array).__name__
            problems.append(f"{name} is {kind}; expected a float32 array: use {name}.astype('float32')")
        elif array.shape != shapes[name]:
            problems.append(f"{name} has the shape {array.shape}; expected {shapes[name]}")
    if problems:
        raise TensorError("; ".join(problems))


def _check_lengths(lengths: NDArray[Any], rows: int, steps: int) -> NDArray[np.int64]:
    lengths = np.ascontiguousarray(lengths)
    if lengths.shape != (rows,) or lengths.dtype.kind not in "iu":
        raise TensorError(f"lengths is {lengths.dtype} {lengths.shape}; expected whole numbers of the shape ({rows},)")
    if rows and not (lengths.min() >= 0 and lengths.max() <= steps):
        raise TensorError(f"lengths lie in [{lengths.min()}, {lengths.max()}]; expected [0, {steps}], the steps of x")
    return lengths.astype(np.int64)


def _check_resets(resets: NDArray[Any], rows: int, steps: int) -> NDArray[np.bool_]:
    if np.shape(resets) != (steps, rows) or resets.dtype != np.bool_:
        raise TensorError(
            f"resets is {resets.dtype} {np.shape(resets)}; expected bool ({steps}, {rows}), steps by rows"
        )
    return np.ascontiguousarray(resets)
