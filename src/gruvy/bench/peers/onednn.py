"""oneDNN's GRU primitives, called from C++."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from gruvy.bench.case import Array, Case, reorder_gates
from gruvy.bench.peers import onednn_library
from gruvy.bench.peers.peer import Form, Peer, Ready
from gruvy.errors import GruvyError


class OneDnn(Peer):
    """oneDNN's lbr_gru: PyTorch's form; the fastest library that none of the frameworks calls for a GRU."""

    name = "oneDNN lbr"
    packages = ()
    install = onednn_library.INSTALL
    form: ClassVar[Form | None] = "reset after"

    def missing(self) -> str | None:
        """Look for the headers and for a compiler."""
        lacking = onednn_library.why_missing()
        return f"{self.name}: {lacking}: {self.install}" if lacking else None

    def version(self) -> str:
        """Return the version of the library."""
        return str(onednn_library.library().gruvy_onednn_version().decode())

    def prepare(self, case: Case) -> Ready:
        """Create the primitives; the processors that this process may use are its threads."""
        arrays = _arrays(case, reset_after=self.form == "reset after")
        native = onednn_library.library()
        work = _Work(native, self.create(native, case, arrays))

        def results() -> dict[str, Array]:
            found = {"out": arrays["out"]}
            if case.work == "training":
                found |= {"x": arrays["dx"], "h_0": arrays["dh_0"]}
                found |= {name: _gates_outside(arrays[f"d{name}"]) for name in ("weight_ih", "weight_hh")}
            return found

        return Ready(work.run, results)

    def create(self, native: ctypes.CDLL, case: Case, arrays: dict[str, Array]) -> int | None:
        """Return the address of the primitives."""
        created: int | None = native.gruvy_onednn_create(
            *_given(case, arrays), self.form == "reset after", case.work == "training"
        )
        return created


class OneDnnVanilla(OneDnn):
    """oneDNN's vanilla_gru: the textbook's form."""

    name = "oneDNN vanilla"
    form = "reset before"


class OneDnnInt8(OneDnnVanilla):
    """oneDNN's vanilla_gru with int8 weights, inputs and states; float32 comes in and goes out."""

    name = "oneDNN vanilla int8"
    works = ("inference",)
    tolerance = 0.1

    def create(self, native: ctypes.CDLL, case: Case, arrays: dict[str, Array]) -> int | None:
        """Return the address of the primitives; one scale for x and h, one for each row of the weights."""
        data_scale = 127 / float(np.abs(arrays["x"]).max())
        rows = np.concatenate([arrays["weight_ih"], arrays["weight_hh"]])  # (I + H, 3, H)
        weight_scales = np.ascontiguousarray(127 / np.abs(rows).max(0))
        created: int | None = native.gruvy_onednn_create_int8(
            *_given(case, arrays), data_scale, weight_scales.ctypes.data
        )
        return created


# What the C functions take; onednn.cpp has the same two structures.
_SIZES = ("inputs", "hidden", "batch", "steps")
_INPUTS = ("x", "h_0", "weight_ih", "weight_hh", "bias")
_RESULTS = ("out", "h_n")
_GRADIENTS = ("dout", "dh_n", "dx", "dh_0", "dweight_ih", "dweight_hh", "dbias")


class _Sizes(ctypes.Structure):
    _fields_ = [(name, ctypes.c_int64) for name in _SIZES]


class _Arrays(ctypes.Structure):
    _fields_ = [(name, ctypes.c_void_p) for name in (*_INPUTS, *_RESULTS, *_GRADIENTS)]


class _Work:
    """Owns what a create function returned."""

    def __init__(self, native: ctypes.CDLL, address: int | None):
        if not address:
            raise GruvyError("oneDNN refuses this shape")
        self._address = address
        self._run: Callable[[int], Any] = native.gruvy_onednn_run
        self._destroy: Callable[[int], Any] = native.gruvy_onednn_destroy

    def run(self) -> None:
        self._run(self._address)

    def __del__(self) -> None:
        if hasattr(self, "_destroy"):
            self._destroy(self._address)


def _given(case: Case, arrays: dict[str, Array]) -> tuple[Any, Any]:
    addresses = _Arrays(**{name: array.ctypes.data for name, array in arrays.items()})
    return ctypes.byref(_Sizes(*case.shape)), ctypes.byref(addresses)


def _arrays(case: Case, *, reset_after: bool) -> dict[str, Array]:
    """Return all that the primitives read and write; they keep the addresses."""
    arrays = {name: case.arrays[name].copy() for name in ("x", "h_0", "dout")}
    arrays |= {name: _gates_inside(case.in_order(name, "zrn")) for name in ("weight_ih", "weight_hh")}
    z_i, r_i, n_i = np.split(case.in_order("bias_ih", "zrn"), 3)
    z_h, r_h, n_h = np.split(case.in_order("bias_hh", "zrn"), 3)
    arrays["bias"] = np.concatenate([z_i + z_h, r_i + r_h, *((n_i, n_h) if reset_after else (n_i + n_h,))])
    arrays["dh_n"] = np.zeros_like(arrays["h_0"])
    arrays |= {"out": np.empty_like(arrays["dout"]), "h_n": np.empty_like(arrays["h_0"])}
    return arrays | {f"d{name}": np.empty_like(arrays[name]) for name in _INPUTS}


def _gates_inside(weight: Array) -> Array:
    """(3H, I) -> (I, 3, H)."""
    return np.ascontiguousarray(weight.reshape(3, -1, weight.shape[1]).transpose(2, 0, 1))


def _gates_outside(weight: Array) -> Array:
    """(I, 3, H) in the order z, r, n -> (3H, I) in the order r, z, n."""
    return reorder_gates(weight.transpose(1, 2, 0).reshape(-1, weight.shape[0]), "zrn", "rzn")
