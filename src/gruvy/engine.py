"""The Python face of the native engine: checks once, then calls. Needs NumPy only.

`forward` and `backward` take NumPy arrays and say what is wrong with them. PyTorch's layers hand their tensors to
`raw`, the native module, themselves; it refuses what does not fit. ``native/gru.hpp`` documents its fields.
"""

from __future__ import annotations

import functools
import importlib
import os
from types import ModuleType
from typing import Any, NamedTuple

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
    if not hasattr(raw, "take_tensors"):
        raw, why_missing = None, "it was built from other sources than this gruvy: install gruvy again"

Array = NDArray[np.float32]

# A layer's weights, in the order in which the engine takes them.
WEIGHTS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "gain_ih", "gain_hh")


@functools.cache
def instruction_set() -> str:
    """Return the instruction set in use: "avx512vnni", "avx512", "avx2", "neon" or "baseline".

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
        raise ArgumentError(f"GRUVY_NUM_THREADS is {wanted!r}; expected an integer of at least 1: set or unset it")
    return int(wanted)


class Saved(NamedTuple):
    """What `backward` needs of `forward`.

    Attributes:
        gates: r, u and, with ``reset_after``, U_n k + d_n, else r * k: (T, N, 3, H).
        norms: with layer norm, the normalised U k in the order r, z, n and one over the deviations of (r, z) and of n:
            (T, N, 3H + 2).
    """

    gates: Array
    norms: Array | None


class Gradients(NamedTuple):
    """What `backward` returns: a gradient of each argument of `forward`, in its shape; None for what was None."""

    x: Array
    h_0: Array
    weight_ih: Array
    weight_hh: Array
    bias_ih: Array | None
    bias_hh: Array | None
    gain_ih: Array | None
    gain_hh: Array | None
    initial_state: Array | None


def forward(
    x: Array,
    weight_ih: Array,
    weight_hh: Array,
    bias_ih: Array | None = None,
    bias_hh: Array | None = None,
    gain_ih: Array | None = None,
    gain_hh: Array | None = None,
    *,
    h_0: Array | None = None,
    initial_state: Array | None = None,
    lengths: NDArray[np.int64] | None = None,
    resets: NDArray[np.bool_] | None = None,
    mask: NDArray[np.bool_] | None = None,
    dropout: Array | None = None,
    zoneout: NDArray[np.bool_] | float = 0.0,
    reset_after: bool = True,
    reverse: bool = False,
    save: bool = False,
    threads: int | None = None,
) -> tuple[Array, Array, Saved | None]:
    """Run one layer in one direction; see `gruvy.equations` for what each argument means.

    Args:
        x: input (T, N, I), float32, features contiguous.
        weight_ih, weight_hh: (3H, I) and (3H, H), rows in the order r, z, n; z keeps the old state.
        bias_ih, bias_hh: (3H,), or None for zero.
        gain_ih, gain_hh: layer norm's gains (3H,), or both None for no layer norm.
        h_0: initial state (N, H), or None for zero.
        initial_state: the state that new segments begin with (H,), or None for zero.
        lengths: steps of each row (N,), or None where all have T.
        resets: where a new segment begins (T, N), bool: that step starts from ``initial_state``, and in reverse the one
            before it does; None for nowhere.
        mask: where a row takes a step (T, N), bool; elsewhere it keeps its state. None for everywhere.
        dropout: factor of the state where it enters the products, (T, N, H), or (1, N, H) for all steps alike; float32.
        zoneout: where a unit keeps its old state (T, N, H), bool; or the fraction that all of them keep, in [0, 1).
        reset_after: whether the reset gate is applied after the recurrent product.
        reverse: whether each row runs from its last step to its first.
        save: whether to return what `backward` needs.
        threads: at most this many; None for `default_threads`.

    Returns:
        The states (T, N, H), the last states (N, H), and what `backward` needs, or None.

    Raises:
        TensorError: an array has another shape or dtype; all problems are named at once.
        ArgumentError: zoneout is not in [0, 1).

    Example:
        >>> out, h_n, _ = forward(np.zeros((5, 2, 3), "f4"), np.ones((12, 3), "f4"), np.ones((12, 4), "f4"))
        >>> out.shape, h_n.shape
        ((5, 2, 4), (2, 4))
    """
    weights = dict(zip(WEIGHTS, (weight_ih, weight_hh, bias_ih, bias_hh, gain_ih, gain_hh), strict=True))
    T, N, I, H = _sizes(x, weight_hh)
    shapes = {"weight_ih": (3 * H, I), "weight_hh": (3 * H, H), **dict.fromkeys(WEIGHTS[2:], (3 * H,)), "h_0": (N, H)}
    shapes["initial_state"] = (H,)
    if dropout is not None:
        shapes["dropout"] = (1 if np.shape(dropout)[:1] == (1,) else T, N, H)
    check_arrays(
        {"x": x, **weights, "h_0": h_0, "initial_state": initial_state, "dropout": dropout}, {"x": (T, N, I), **shapes}
    )
    if (gain_ih is None) != (gain_hh is None):
        raise TensorError("one of gain_ih and gain_hh is missing; layer norm needs both: give both or neither")
    ready = [None if w is None else block(w) for w in weights.values()]
    h_0, initial_state = (None if state is None else block(state) for state in (h_0, initial_state))
    # Fields of records have strides that are no multiples of a float's size.
    if (x.strides[2] != 4 and I > 1) or not x.flags.aligned or x.strides[0] % 4 or x.strides[1] % 4:
        x = np.array(x, order="C")
    controls = _StepControls(T, N, H, lengths, resets, mask, dropout, zoneout)
    out, h_n = np.empty((T, N, H), np.float32), np.empty((N, H), np.float32)
    saved = None
    if save:
        norms = None if gain_hh is None else np.empty((T, N, 3 * H + 2), np.float32)
        saved = Saved(np.empty((T, N, 3, H), np.float32), norms)
    native, problem = require(), controls.problem(I, reset_after, reverse, threads)
    call = native.Forward(
        problem,
        weights=ready,
        x=x,
        h_0=h_0,
        initial_state=initial_state,
        dropout=controls.dropout,
        zoneout=controls.zoneout,
        out=out,
        h_n=h_n,
        gates=None if saved is None else saved.gates,
        norms=None if saved is None else saved.norms,
    )
    native.forward(problem, call)
    return out, h_n, saved


def backward(
    dout: Array | None,
    dh_n: Array | None,
    out: Array,
    saved: Saved,
    x: Array,
    weight_ih: Array,
    weight_hh: Array,
    bias_ih: Array | None = None,
    bias_hh: Array | None = None,
    gain_ih: Array | None = None,
    gain_hh: Array | None = None,
    *,
    h_0: Array | None = None,
    initial_state: Array | None = None,
    lengths: NDArray[np.int64] | None = None,
    resets: NDArray[np.bool_] | None = None,
    mask: NDArray[np.bool_] | None = None,
    dropout: Array | None = None,
    zoneout: NDArray[np.bool_] | float = 0.0,
    reset_after: bool = True,
    reverse: bool = False,
    threads: int | None = None,
) -> Gradients:
    """Differentiate `forward`.

    Args:
        dout, dh_n: gradients of the states (T, N, H) and of the last states (N, H), or None for zero.
        out, saved: as `forward` returned them with ``save=True``.
        x, weight_ih, ..., threads: as given to `forward`.

    Raises:
        TensorError: an array has another shape or dtype; all problems are named at once.
    """
    weights = dict(zip(WEIGHTS, (weight_ih, weight_hh, bias_ih, bias_hh, gain_ih, gain_hh), strict=True))
    T, N, I, H = _sizes(x, weight_hh)
    given = {"x": x, **weights, "h_0": h_0, "initial_state": initial_state, "dout": dout, "dh_n": dh_n, "out": out}
    given |= {"saved.gates": saved.gates, "saved.norms": saved.norms}
    shapes = {"x": (T, N, I), "weight_ih": (3 * H, I), "weight_hh": (3 * H, H), "h_0": (N, H), "initial_state": (H,)}
    shapes |= {**dict.fromkeys(WEIGHTS[2:], (3 * H,)), "dout": (T, N, H), "dh_n": (N, H), "out": (T, N, H)}
    shapes |= {"saved.gates": (T, N, 3, H), "saved.norms": (T, N, 3 * H + 2)}
    check_arrays(given, shapes)
    if len({gain_ih is None, gain_hh is None, saved.norms is None}) > 1:
        raise TensorError("some of gain_ih, gain_hh and saved.norms are missing: give all, with layer norm, or none")
    ready = {name: None if a is None else block(a) for name, a in given.items()}
    controls = _StepControls(T, N, H, lengths, resets, mask, dropout, zoneout)
    parameters = [None if w is None else np.empty(w.shape, np.float32) for w in (*weights.values(), initial_state)]
    dx, dh_0 = np.empty((T, N, I), np.float32), np.empty((N, H), np.float32)
    native, problem = require(), controls.problem(I, reset_after, reverse, threads)
    call = native.Backward(
        problem,
        weights=[ready[name] for name in WEIGHTS],
        x=ready["x"],
        h_0=ready["h_0"],
        initial_state=ready["initial_state"],
        dropout=controls.dropout,
        out=ready["out"],
        gates=ready["saved.gates"],
        norms=ready["saved.norms"],
        dout=ready["dout"],
        dh_n=ready["dh_n"],
        dx=dx,
        dh_0=dh_0,
        gradients=parameters,
    )
    native.backward(problem, call)
    return Gradients(dx, dh_0, *parameters)  # type: ignore[arg-type]


class _StepControls:
    """What changes from row to row or from step to step, checked; it keeps the arrays that the engine reads alive."""

    def __init__(
        self,
        steps: int,
        batch: int,
        hidden: int,
        lengths: NDArray[Any] | None,
        resets: NDArray[Any] | None,
        mask: NDArray[Any] | None,
        dropout: Array | None,
        zoneout: NDArray[Any] | float,
    ):
        self.sizes = (steps, batch, hidden)
        self.lengths = None if lengths is None else _check_lengths(lengths, batch, steps)
        self.resets = None if resets is None else _check_flags("resets", resets, (steps, batch))
        self.mask = None if mask is None else _check_flags("mask", mask, (steps, batch))
        self.dropout = None if dropout is None else block(dropout)
        self.zoneout, self.fraction = None, 0.0
        if isinstance(zoneout, np.ndarray):
            self.zoneout = _check_flags("zoneout", zoneout, self.sizes)
        else:
            self.fraction = check_fraction("zoneout", zoneout)

    def problem(self, inputs: int, reset_after: bool, reverse: bool, threads: int | None) -> Any:
        steps, batch, hidden = self.sizes
        return require().Problem(
            steps,
            batch,
            inputs,
            hidden,
            reset_after=reset_after,
            reverse=reverse,
            lengths=self.lengths,
            resets=self.resets,
            mask=self.mask,
            zoneout=self.fraction,
            threads=threads or default_threads(),
        )


def require() -> Any:
    """Return the native module, or raise as `instruction_set` does."""
    instruction_set()
    return raw


def block(array: NDArray[Any]) -> NDArray[Any]:
    """Return the array, or a copy where its memory is not aligned, in C order and in this machine's byte order."""
    return np.require(array, dtype=array.dtype.newbyteorder("="), requirements=["C", "A"])


def _sizes(x: Array, weight_hh: Array) -> tuple[int, int, int, int]:
    if np.ndim(x) != 3 or np.ndim(weight_hh) != 2:
        raise TensorError(
            f"x and weight_hh have the shapes {np.shape(x)} and {np.shape(weight_hh)}; expected (T, N, I) and (3H, H)"
        )
    return (*np.shape(x), np.shape(weight_hh)[1])


def check_arrays(arrays: dict[str, Any], shapes: dict[str, tuple[int, ...]]) -> None:
    """Raise one TensorError that names every array, other than None, which is not float32 or has another shape."""
    problems = []
    for name, array in arrays.items():
        if array is None:
            continue
        kind = kind_of(array)
        if kind or array.dtype != np.float32:
            cure = f"{name}.astype('float32')" if not kind else f"numpy.asarray({name}, 'float32')"
            cure = f"{name}.filled(...) with what is to stand there" if kind == "a masked array" else cure
            problems.append(f"{name} is {kind or array.dtype}; expected a float32 array: use {cure}")
        elif array.shape != shapes[name]:
            problems.append(f"{name} has the shape {array.shape}; expected {shapes[name]}")
    if problems:
        raise TensorError("; ".join(problems))


def kind_of(array: Any) -> str:
    """Say what it is instead of an array whose memory is its numbers, or ""."""
    if isinstance(array, np.ma.MaskedArray):
        return "a masked array"
    return "" if isinstance(array, np.ndarray) else type(array).__name__


def _check_lengths(lengths: NDArray[Any], batch: int, steps: int) -> NDArray[np.int64]:
    lengths = np.asarray(lengths)
    if lengths.shape != (batch,) or lengths.dtype.kind not in "iu":
        raise TensorError(f"lengths is {lengths.dtype} {lengths.shape}; expected integers of the shape ({batch},)")
    if batch and not (lengths.min() >= 0 and lengths.max() <= steps):
        raise TensorError(f"lengths lie in [{lengths.min()}, {lengths.max()}]; expected [0, {steps}], the steps of x")
    return lengths.astype(np.int64, order="C")  # a copy: they bound what is read while others may write theirs


def _check_flags(name: str, flags: NDArray[Any], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    flags = np.asarray(flags)
    if flags.shape != shape or flags.dtype != np.bool_:
        raise TensorError(f"{name} is {flags.dtype} {np.shape(flags)}; expected bool {shape}, time first, then batch")
    return block(flags)


def check_fraction(name: str, fraction: float) -> float:
    """Return the fraction, or raise if it is not in [0, 1)."""
    if not 0 <= fraction < 1:
        raise ArgumentError(f"{name} is {fraction}; expected a fraction of 0 or more and less than 1")
    return float(fraction)
