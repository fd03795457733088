"""What only the TensorFlow backend can do; `test_keras_backends.py` runs this file."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

import gruvy.keras
from gruvy.errors import GruvyError

X = np.random.default_rng(0).standard_normal((4, 7, 3), np.float32)


def model():
    return keras.Sequential([keras.Input((None, 3)), gruvy.keras.GRU(5, return_sequences=True), gruvy.keras.GRU(2)])


def test_a_saved_model_calls_nothing_of_gruvy(tmp_path):
    saved, wanted = model(), None
    wanted = saved.predict(X, verbose=0)
    saved.export(tmp_path / "served", verbose=False)
    loaded = tf.saved_model.load(tmp_path / "served")
    np.testing.assert_allclose(loaded.serve(X), wanted, atol=1e-6)
    graph = loaded.serve.get_concrete_function(tf.TensorSpec((None, None, 3))).graph.as_graph_def()
    nodes = {node.op for part in (graph.node, *(f.node_def for f in graph.library.function)) for node in part}
    assert "While" in nodes or "StatelessWhile" in nodes
    assert not {op for op in nodes if "PyFunc" in op}


def test_while_a_model_is_used_it_does_call():
    traced = tf.function(model()).get_concrete_function(tf.TensorSpec((None, None, 3)))
    assert "PyFunc" in {node.op for node in traced.graph.as_graph_def().node}


def test_xla_is_declined_with_keras_warning():
    declined = model()
    with pytest.warns(UserWarning, match="doesn't support `jit_compile=True`"):
        declined.compile("sgd", "mse", jit_compile=True)
    declined.fit(X, np.zeros((4, 2)), verbose=0)


def test_accelerate_takes_xla_back():
    stock = keras.Sequential([keras.Input((7, 3)), keras.layers.GRU(2)])
    stock.compile("sgd", "mse", jit_compile=True)
    with pytest.warns(UserWarning, match="doesn't support `jit_compile=True`"):
        gruvy.keras.accelerate(stock)
    stock.fit(X, np.zeros((4, 2)), verbose=0)


def test_the_gradient_of_a_gradient_is_refused():
    layer, x = gruvy.keras.GRU(5), tf.constant(X)
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = layer(x)
        dx = inner.gradient(y, x)
    with pytest.raises(GruvyError, match=r"gradient of a gradient of gruvy\.keras\.GRU.*use keras\.layers\.GRU"):
        outer.gradient(dx, x)
