"""Keras' JAX backend: the engine called back from compiled code, with a gradient of its own."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from gruvy import engine
from gruvy.errors import GruvyError
from gruvy.keras import callback

buffer_callback: Any
try:
    from jax.experimental.buffer_callback import buffer_callback
except ImportError:  # JAX before 0.6
    buffer_callback = None


def covers(x: Any) -> bool:
    """Whether the engine can run a call with this input (N, T, I)."""
    return (
        buffer_callback is not None
        and x.dtype == jnp.float32
        and jax.default_backend() == "cpu"
        and not (isinstance(x, jax.core.Tracer) and callback.exporting())
    )


def layer(x: Any, h_0: Any, weights: list[Any], mask: Any, reset_after: bool, training: bool) -> tuple[Any, Any]:
    """Run x (N, T, I) from h_0 (N, H): the states (N, T, H) and the last ones (N, H)."""
    given = dict(zip(("x", "h_0", *engine.WEIGHTS), (x, h_0, *weights), strict=False))
    return _run(reset_after, {name: a for name, a in given.items() if a is not None}, mask)


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def _run(reset_after: bool, arrays: dict[str, Any], mask: Any) -> tuple[Any, Any]:
    out, h_n = _forward(reset_after, arrays, mask, save=False)
    return out, h_n


def _run_saving(reset_after: bool, arrays: dict[str, Any], mask: Any) -> Any:
    out, h_n, gates = _forward(reset_after, arrays, mask, save=True)
    return (out, h_n), (arrays, mask, out, gates)


def _gradients(reset_after: bool, saved: Any, changes: Any) -> Any:
    arrays, *rest = saved
    names = [name for name in callback.DIFFERENTIABLE if name in arrays]

    def call(arrays: Any, mask: Any, out: Any, gates: Any, dout: Any, dh_n: Any) -> list[Any]:
        return callback.backward(_named(arrays, mask), dout, dh_n, out, gates, reset_after)

    results = _call(call, tuple(arrays[name].shape for name in names), arrays, *rest, *changes)
    return dict(zip(names, results, strict=True)), None


_run.defvjp(_run_saving, _gradients)


def _forward(reset_after: bool, arrays: dict[str, Any], mask: Any, save: bool) -> Any:
    (N, T, _), H = arrays["x"].shape, arrays["h_0"].shape[1]

    def call(arrays: Any, mask: Any) -> list[Any]:
        return callback.forward(_named(arrays, mask), reset_after, save)

    return _call(call, ((N, T, H), (N, H), *([(T, N, 3, H)] if save else [])), arrays, mask)


@functools.partial(jax.custom_jvp, nondiff_argnums=(0, 1))
def _call(function: Callable[..., list[Any]], shapes: tuple[tuple[int, ...], ...], *given: Any) -> list[Any]:
    """Call back from compiled code with NumPy arrays.

    Not by `jax.pure_callback`: that copies its arguments on the threads of XLA, and waits for ever where the only one
    is the one that has called.
    """

    def call(context: Any, results: Any, *given: Any) -> None:
        for result, array in zip(results, function(*jax.tree.map(np.asarray, given)), strict=True):
            np.asarray(result)[...] = array

    kinds = [jax.ShapeDtypeStruct(shape, jnp.float32) for shape in shapes]  # type: ignore[no-untyped-call]
    results: list[Any] = buffer_callback(call, kinds, vmap_method="sequential")(*given)
    return results


@_call.defjvp
def _refuse(*_: Any) -> Any:
    raise GruvyError(callback.TWICE)


def _named(arrays: dict[str, Any], mask: Any) -> dict[str, Any]:
    return arrays if mask is None else arrays | {"mask": mask}
