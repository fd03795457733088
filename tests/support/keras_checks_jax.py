"""What only the JAX backend can do; `test_keras_backends.py` runs this file, on one processor."""

from __future__ import annotations

import os

import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest

import gruvy.keras
from gruvy.errors import GruvyError

X = np.random.default_rng(0).standard_normal((4, 7, 3), np.float32)


def pair(units=5, features=3):
    layers = keras.layers.GRU(units), gruvy.keras.GRU(units)
    for layer in layers:
        layer.build((None, None, features))
    layers[1].set_weights(layers[0].get_weights())
    return layers


def test_large_arrays_on_one_processor_do_not_wait_for_themselves():
    # With jax.pure_callback this stood still at these sizes.
    if hasattr(os, "sched_getaffinity"):
        assert len(os.sched_getaffinity(0)) == 1
    x = jnp.asarray(np.random.default_rng(0).standard_normal((32, 100, 64), np.float32))
    theirs, ours = (jax.jit(jax.grad(lambda x, layer=layer: layer(x).sum()))(x) for layer in pair(128, 64))
    np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_vmap():
    x = jnp.stack([X, 2 * X, -X])
    theirs, ours = (jax.vmap(layer)(x) for layer in pair())
    np.testing.assert_allclose(ours, theirs, atol=1e-6)


def test_an_exported_function_calls_nothing_of_gruvy():
    _, layer = pair()
    shape = jax.ShapeDtypeStruct(X.shape, jnp.float32)
    assert "callback" in jax.jit(layer.__call__).lower(shape).as_text()
    exported = jax.export.export(jax.jit(layer.__call__))(shape)
    assert "callback" not in exported.mlir_module()
    np.testing.assert_allclose(exported.call(X), layer(X), atol=1e-6)


def test_the_gradient_of_a_gradient_is_refused():
    _, layer = pair()
    with pytest.raises(GruvyError, match=r"gradient of a gradient of gruvy\.keras\.GRU.*use keras\.layers\.GRU"):
        jax.grad(lambda x: jax.grad(lambda x: layer(x).sum())(x).sum())(jnp.asarray(X))
