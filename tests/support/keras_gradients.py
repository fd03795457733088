"""Results and gradients of Keras layers, on whichever backend Keras has in this process."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def run(layer: keras.layers.Layer, x: Array, h_0: Array | None, mask: Array | None, training: bool) -> list[Array]:
    """Call the layer; each of its results as an array."""
    return _arrays(_results(layer(x, **_states(h_0), mask=mask, training=training)))


def differentiate(
    layer: keras.layers.Layer, x: Array, h_0: Array | None, mask: Array | None, training: bool
) -> tuple[list[Array], dict[str, Array]]:
    """Call the layer, and differentiate the sum of its results, each weighed by noise, by inputs and weights."""
    inputs = {"x": x} if h_0 is None else {"x": x, "h_0": h_0}

    def call(leaves: list[Any]) -> list[Any]:
        state = _states(leaves[1] if len(leaves) > 1 else None)
        return _results(layer(leaves[0], **state, mask=mask, training=training))

    results, found = _BACKENDS[keras.backend.backend()](layer, call, list(inputs.values()))
    names = [*inputs, *(weight.path.split("/")[-1] for weight in layer.trainable_weights)]
    return _arrays(results), dict(zip(names, _arrays(found), strict=True))


def _states(h_0: Any) -> dict[str, Any]:
    return {} if h_0 is None else {"initial_state": h_0}


def _results(results: Any) -> list[Any]:
    return list(results) if isinstance(results, list | tuple) else [results]


def _arrays(tensors: list[Any]) -> list[Array]:
    return [keras.ops.convert_to_numpy(tensor) for tensor in tensors]


def _weighed(results: list[Any]) -> Any:
    rng = np.random.default_rng(1)
    noise = [keras.ops.convert_to_tensor(rng.standard_normal(y.shape), dtype=y.dtype) for y in results]
    return sum(keras.ops.sum(y * dy) for y, dy in zip(results, noise, strict=True))


def _torch(layer: Any, call: Any, inputs: list[Array]) -> Any:
    import torch

    leaves = [torch.from_numpy(array).requires_grad_() for array in inputs]
    results = call(leaves)
    return results, torch.autograd.grad(_weighed(results), [*leaves, *(w.value for w in layer.trainable_weights)])


def _tensorflow(layer: Any, call: Any, inputs: list[Array]) -> Any:
    import tensorflow as tf

    leaves = [tf.constant(array) for array in inputs]
    with tf.GradientTape() as tape:
        tape.watch(leaves)
        results = call(leaves)
        total = _weighed(results)
    return results, tape.gradient(total, [*leaves, *(w.value for w in layer.trainable_weights)])


def _jax(layer: Any, call: Any, inputs: list[Array]) -> Any:
    import jax

    def total(leaves: list[Any], weights: list[Any]) -> Any:
        with keras.StatelessScope(state_mapping=list(zip(layer.trainable_weights, weights, strict=True))):
            results = call(leaves)
        return _weighed(results), results

    weights = [variable.value for variable in layer.trainable_weights]
    (_, results), found = jax.jit(jax.value_and_grad(total, argnums=(0, 1), has_aux=True))(inputs, weights)
    return results, [*found[0], *found[1]]


_BACKENDS = {"torch": _torch, "tensorflow": _tensorflow, "jax": _jax}
