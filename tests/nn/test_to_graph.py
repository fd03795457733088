"""PyTorch modules as graphs; the operations themselves are tested in tests/graph."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from gruvy.errors import ArgumentError, TensorError
from gruvy.nn import GRU, GRUModel, to_graph


def test_a_model_of_the_textbook():
    torch.manual_seed(0)
    model = GRUModel(3, 5, 2, 2).eval()
    graph = to_graph(model)
    x, h = torch.randn(4, 7, 3), torch.randn(2, 4, 5)
    with torch.no_grad():
        want, h_n = model(x, h)
    outputs, states = graph.run({"x": x.numpy()}, {"gru": h.numpy()})  # batch first, as the model
    np.testing.assert_allclose(outputs["fc"], want.numpy(), atol=1e-6)
    np.testing.assert_array_equal(states["gru"], h_n.numpy())


def test_stacks_of_layers():
    torch.manual_seed(0)
    first, gru, last = nn.Linear(3, 6), GRU(6, 5, bidirectional=True), nn.Linear(10, 2, bias=False)
    stack = nn.Sequential(nn.Sequential(first, nn.Tanh()), gru, nn.Dropout(0.5), nn.Softplus(), last, nn.Sigmoid())
    x = torch.randn(7, 4, 3)
    with torch.no_grad():
        want = torch.sigmoid(last(nn.functional.softplus(gru(torch.tanh(first(x)))[0])))
    graph = to_graph(stack)
    assert graph.states == {"1": (2, 5)}
    np.testing.assert_allclose(graph.run({"x": x.numpy()})[0]["5"], want.numpy(), atol=1e-6)


def test_weights_are_those_of_now():
    gru = GRU(3, 5)
    graph = to_graph(gru).document()
    with torch.no_grad():
        gru.weight_hh_l0.fill_(0.5)
    assert to_graph(gru).document() == graph
    assert (to_graph(gru).arrays["gru.weight_hh_l0"] == 0.5).all()


def test_half_precision_is_brought_to_float32():
    gru = GRU(3, 5, dtype=torch.float64)
    assert all(array.dtype == np.float32 for array in to_graph(gru).arrays.values())


def test_pytorch_s_own_layer():
    torch.manual_seed(0)
    gru = nn.GRU(3, 5, 2, bidirectional=True)
    x = torch.randn(7, 4, 3)
    with torch.no_grad():
        want, _ = gru(x)
    np.testing.assert_allclose(to_graph(gru).run({"x": x.numpy()})[0]["gru"], want.numpy(), atol=1e-6)


def test_modules_without_a_graph():
    with pytest.raises(ArgumentError, match=r"has no graph: 0 is a LSTM; 2 is a Softmax; expected only GRU"):
        to_graph(nn.Sequential(nn.LSTM(2, 3), nn.ReLU(), nn.Softmax(0)))
    with pytest.raises(ArgumentError, match="module is a Conv1d"):
        to_graph(nn.Conv1d(1, 1, 1))
    with pytest.raises(ArgumentError, match="0 is a Softplus"):
        to_graph(nn.Sequential(nn.Softplus(beta=2), nn.Linear(1, 1)))
    with pytest.raises(ArgumentError, match="no layer with weights"):
        to_graph(nn.ReLU())
    with pytest.raises(TensorError, match=r"dense 1: weight has the shape \(2, 4\); expected \(O, 3\)"):
        to_graph(nn.Sequential(nn.Linear(2, 3), nn.Linear(4, 2)))
