"""The engine on NumPy arrays, for backends that call back into Python from within their graphs.

Arrays come by the names that `gruvy.engine.forward` gives them, rows first, as Keras has them; a name that is not
there has no array.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from types import FrameType
from typing import Any

from numpy.typing import NDArray

from gruvy import engine

Array = NDArray[Any]
DIFFERENTIABLE = ("x", "h_0", *engine.WEIGHTS[:4])

TWICE = (
    "the gradient of a gradient of gruvy.keras.GRU was asked for, which exists on Keras' torch backend only; "
    "use keras.layers.GRU here"
)

# Whoever traces a layer from within one of these writes a file, which has to run where gruvy is not.
_EXPORTERS = ("keras.src.export", "tensorflow.python.saved_model", "tensorflow.lite", "jax._src.export")


def forward(arrays: Mapping[str, Array], reset_after: bool, save: bool) -> list[Array]:
    """Return the states (N, T, H), the last ones (N, H) and, where ``save`` says so, the gates (T, N, 3, H)."""
    out, h_n, saved = engine.forward(**_time_first(arrays), reset_after=reset_after, save=save)
    return [out.swapaxes(0, 1), h_n, *([] if saved is None else [saved.gates])]


def backward(
    arrays: Mapping[str, Array], dout: Array, dh_n: Array, out: Array, gates: Array | None, reset_after: bool
) -> list[Array]:
    """Return the gradients of the arrays that have one, in the order of `DIFFERENTIABLE`.

    Args:
        arrays, reset_after: as given to `forward`.
        dout, dh_n: gradients of the states (N, T, H) and of the last ones (N, H).
        out, gates: what `forward` returned; gates that it did not save are computed again.
    """
    ready = _time_first(arrays)
    if gates is None:
        gates = forward(arrays, reset_after, save=True)[2]
    saved = engine.Saved(gates, None)
    computed = engine.backward(dout.swapaxes(0, 1), dh_n, out.swapaxes(0, 1), saved, **ready, reset_after=reset_after)
    gradients = computed._asdict() | {"x": computed.x.swapaxes(0, 1)}
    return [gradients[name] for name in DIFFERENTIABLE if name in arrays]


def exporting() -> bool:
    """Whether a model is being traced for a file. To be asked while tracing only: it looks through the stack."""
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        if frame.f_globals.get("__name__", "").startswith(_EXPORTERS):
            return True
        frame = frame.f_back
    return False


def _time_first(arrays: Mapping[str, Array]) -> dict[str, Any]:
    return {name: a.swapaxes(0, 1) if name in ("x", "mask") else a for name, a in arrays.items()}
