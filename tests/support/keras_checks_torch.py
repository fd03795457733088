"""What only the torch backend can do; `test_keras_backends.py` runs this file."""

from __future__ import annotations

import keras
import numpy as np
import torch

import gruvy.keras

X = torch.from_numpy(np.random.default_rng(0).standard_normal((4, 7, 3), np.float32))


def pair():
    layers = keras.layers.GRU(5, return_sequences=True), gruvy.keras.GRU(5, return_sequences=True)
    for layer in layers:
        layer.build((None, None, 3))
    layers[1].set_weights(layers[0].get_weights())
    return layers


def test_gradients_of_gradients():
    found = []
    for layer in pair():
        x = X.clone().requires_grad_()
        (dx,) = torch.autograd.grad(layer(x).square().sum(), x, create_graph=True)
        found.append(torch.autograd.grad(dx.square().sum(), [x, layer.cell.recurrent_kernel.value]))
    for have, want in zip(*found[::-1], strict=True):
        torch.testing.assert_close(have, want, rtol=1e-4, atol=1e-5)


def test_torch_func():
    theirs, ours = (torch.func.vmap(layer)(torch.stack([X, -X])) for layer in pair())
    torch.testing.assert_close(ours, theirs)


def test_compiled_it_is_the_engines_operator():
    _, layer = pair()
    graphs = []

    def keep(graph, inputs):
        graphs.append(graph)
        return graph.forward

    compiled = torch.no_grad()(torch.compile(layer, backend=keep))
    torch.testing.assert_close(compiled(X), layer(X), rtol=0, atol=0)
    assert any("gruvy.gru_layer" in str(node.target) for graph in graphs for node in graph.graph.nodes)


def test_exported_it_calls_nothing_of_gruvy():
    _, layer = pair()
    with torch.no_grad():
        exported = torch.export.export(layer, (X,))
        assert not [node for node in exported.graph.nodes if "gruvy" in str(node.target)]
        torch.testing.assert_close(exported.module()(X), layer(X))
