"""The Python face of the native engine: checks once, then calls. Needs NumPy only.

`forward` and `backward` take NumPy arrays. PyTorch's layers, which have checked their tensors already, call `raw`
with addresses; its functions are documented in ``native/gru.hpp``.
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
        raise ArgumentError(f"GRUVY_NUM_THREADS is {wanted!r}; expected a whole number of 1 or more: set or unset it")
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
    fresh: Array | None


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
    fresh: Array | None = None,
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
        fresh: the state that new segments begin with (H,), or None for zero.
        lengths: steps of each row (N,), or None where all have T.
        resets: where a new segment begins (T, N), bool: that step starts from ``fresh``, and in reverse the one before
            it does; None for nowhere.
        mask: where a row takes a step (T, N), bool; elsewhere it keeps its state. None for everywhere.
        dropout: factor of the state where it enters the products, (T, N, H), or (1, N, H) for all steps alike; float32.
        zoneout: where a unit keeps its old state (T, N, H), bool; or the share that all of them keep, in [0, 1).
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
    shapes["fresh"] = (H,)
    if dropout is not None:
        shapes["dropout"] = (1 if np.shape(dropout)[:1] == (1,) else T, N, H)
    check_arrays({"x": x, **weights, "h_0": h_0, "fresh": fresh, "dropout": dropout}, {"x": (T, N, I), **shapes})
    if (gain_ih is None) != (gain_hh is None):
        raise TensorError("one of gain_ih and gain_hh is missing; layer norm needs both: give both or neither")
    ready = [None if w is None else block(w) for w in weights.values()]
    h_0, fresh = (None if state is None else block(state) for state in (h_0, fresh))
    # Fields of records have strides that are no multiples of a float's size.
    if (x.strides[2] != 4 and I > 1) or not x.flags.aligned or x.strides[0] % 4 or x.strides[1] % 4:
        x = np.array(x, order="C")
    rows = _Rows(T, N, H, lengths, resets, mask, dropout, zoneout)
    out, h_n = np.empty((T, N, H), np.float32), np.empty((N, H), np.float32)
    saved = None
    if save:
        norms = None if gain_hh is None else np.empty((T, N, 3 * H + 2), np.float32)
        saved = Saved(np.empty((T, N, 3, H), np.float32), norms)
    require().forward(
        rows.problem(I, reset_after, reverse, threads),
        [address(w) for w in ready],
        (address(x), x.strides[0] // 4, x.strides[1] // 4),
        *(address(h_0), address(fresh)),
        *(rows.dropout_at, rows.zoneout_at),
        (address(out), N * H, H),
        address(h_n),
        *((0, 0) if saved is None else map(address, saved)),
        0,
    )
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
    fresh: Array | None = None,
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
    given = {"x": x, **weights, "h_0": h_0, "fresh": fresh, "dout": dout, "dh_n": dh_n, "out": out}
    given |= {"saved.gates": saved.gates, "saved.norms": saved.norms}
    shapes = {"x": (T, N, I), "weight_ih": (3 * H, I), "weight_hh": (3 * H, H), "h_0": (N, H), "fresh": (H,)}
    shapes |= {**dict.fromkeys(WEIGHTS[2:], (3 * H,)), "dout": (T, N, H), "dh_n": (N, H), "out": (T, N, H)}
    shapes |= {"saved.gates": (T, N, 3, H), "saved.norms": (T, N, 3 * H + 2)}
    check_arrays(given, shapes)
    if len({gain_ih is None, gain_hh is None, saved.norms is None}) > 1:
        raise TensorError("some of gain_ih, gain_hh and saved.norms are missing: give all, with layer norm, or none")
    ready = {name: None if a is None else block(a) for name, a in given.items()}
    rows = _Rows(T, N, H, lengths, resets, mask, dropout, zoneout)
    parameters = [None if w is None else np.empty(w.shape, np.float32) for w in (*weights.values(), fresh)]
    dx, dh_0 = np.empty((T, N, I), np.float32), np.empty((N, H), np.float32)
    require().backward(
        rows.problem(I, reset_after, reverse, threads),
        [address(ready[name]) for name in WEIGHTS],
        (address(ready["x"]), N * I, I),
        *(address(ready["h_0"]), address(ready["fresh"]), rows.dropout_at),
        (address(ready["out"]), N * H, H),
        *(address(ready["saved.gates"]), address(ready["saved.norms"])),
        (address(ready["dout"]), N * H, H),
        address(ready["dh_n"]),
        (address(dx), N * I, I),
        address(dh_0),
        [address(w) for w in parameters],
    )
    return Gradients(dx, dh_0, *parameters)  # type: ignore[arg-type]


class _Rows:
    """What rows do at which step, checked, and kept alive as long as their addresses are in use."""

    def __init__(
        self,
        steps: int,
        rows: int,
        hidden: int,
        lengths: NDArray[Any] | None,
        resets: NDArray[Any] | None,
        mask: NDArray[Any] | None,
        dropout: Array | None,
        zoneout: NDArray[Any] | float,
    ):
        self.sizes = (steps, rows, hidden)
        self.lengths = None if lengths is None else _check_lengths(lengths, rows, steps)
        self.resets = None if resets is None else _check_flags("resets", resets, (steps, rows))
        self.mask = None if mask is None else _check_flags("mask", mask, (steps, rows))
        self.dropout = None if dropout is None else block(dropout)
        self.zoneout, self.share = None, 0.0
        if isinstance(zoneout, np.ndarray):
            self.zoneout = _check_flags("zoneout", zoneout, self.sizes)
        else:
            self.share = check_share("zoneout", zoneout)
        same = self.dropout is not None and len(self.dropout) == 1
        self.dropout_at = (address(self.dropout), 0 if same else rows * hidden, hidden)
        self.zoneout_at = (address(self.zoneout), rows * hidden, hidden)

    def problem(self, inputs: int, reset_after: bool, reverse: bool, threads: int | None) -> Any:
        steps, rows, hidden = self.sizes
        flags = [address(array) for array in (self.lengths, self.resets, self.mask)]
        return require().Problem(
            steps, rows, inputs, hidden, reset_after, reverse, *flags, self.share, threads or default_threads()
        )


def require() -> Any:
    """Return the native module, or raise as `instruction_set` does."""
    instruction_set()
    return raw


def address(array: NDArray[Any] | None) -> int:
    """Return where the array's memory begins, 0 for None."""
    return 0 if array is None else int(array.ctypes.data)


def block(array: NDArray[Any]) -> NDArray[Any]:
    """Return the array, or a copy where its memory is not aligned, row by row, and in this machine's byte order."""
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


def _check_lengths(lengths: NDArray[Any], rows: int, steps: int) -> NDArray[np.int64]:
    lengths = np.asarray(lengths)
    if lengths.shape != (rows,) or lengths.dtype.kind not in "iu":
        raise TensorError(f"lengths is {lengths.dtype} {lengths.shape}; expected whole numbers of the shape ({rows},)")
    if rows and not (lengths.min() >= 0 and lengths.max() <= steps):
        raise TensorError(f"lengths lie in [{lengths.min()}, {lengths.max()}]; expected [0, {steps}], the steps of x")
    return lengths.astype(np.int64, order="C")  # a copy: they bound what is read while others may write theirs


def _check_flags(name: str, flags: NDArray[Any], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    flags = np.asarray(flags)
    if flags.shape != shape or flags.dtype != np.bool_:
        raise TensorError(f"{name} is {flags.dtype} {np.shape(flags)}; expected bool {shape}, steps first, then rows")
    return block(flags)


def check_share(name: str, share: float) -> float:
    """Return the share, or raise if it is not in [0, 1)."""
    if not 0 <= share < 1:
        raise ArgumentError(f"{name} is {share}; expected a share of 0 or more and less than 1")
    return float(share)
