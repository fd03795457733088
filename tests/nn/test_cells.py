import pytest
import torch

from gruvy.errors import ArgumentError
from gruvy.nn import GRU
from gruvy.nn.cells import CELLS, equal_hidden_size, parameter_count, recurrent


@pytest.mark.parametrize(("cell", "kind"), [("gru", GRU), ("lstm", torch.nn.LSTM), ("tanh", torch.nn.RNN)])
def test_each_cell_is_the_layer_that_it_says(cell, kind):
    layer = recurrent(cell, 3, 8, num_layers=2, dropout=0.1)
    assert isinstance(layer, kind)
    assert (layer.input_size, layer.hidden_size, layer.num_layers, layer.dropout) == (3, 8, 2, 0.1)
    output, _ = layer(torch.zeros(5, 2, 3))
    assert output.shape == (5, 2, 8)
    assert recurrent(cell, 3, 8, dropout=0.1).dropout == 0


def test_tanh_is_the_plain_cell():
    layer = recurrent("tanh", 2, 3)
    x = torch.randn(1, 1, 2)
    expected = torch.tanh(x[0] @ layer.weight_ih_l0.T + layer.bias_ih_l0 + layer.bias_hh_l0)
    torch.testing.assert_close(layer(x)[0][0], expected)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize(("inputs", "hidden", "layers"), [(1, 1, 1), (3, 8, 1), (20, 64, 2), (5, 7, 4)])
def test_parameter_count_is_exact(cell, inputs, hidden, layers):
    weights = recurrent(cell, inputs, hidden, layers).parameters()
    assert parameter_count(cell, inputs, hidden, layers) == sum(weight.numel() for weight in weights)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize(("inputs", "hidden", "layers"), [(1, 1, 1), (1, 32, 1), (20, 64, 1), (19, 64, 2), (400, 5, 3)])
def test_equal_hidden_size_is_the_nearest(cell, inputs, hidden, layers):
    found = equal_hidden_size(cell, input_size=inputs, hidden_size=hidden, num_layers=layers)
    goal = parameter_count("gru", inputs, hidden, layers)
    away = [abs(parameter_count(cell, inputs, size, layers) - goal) for size in range(1, 4 * hidden + 200)]
    assert abs(parameter_count(cell, inputs, found, layers) - goal) == min(away)
    if cell == "gru":
        assert found == hidden


def test_equal_hidden_size_of_a_whole_model():
    def count(cell, size):
        return parameter_count(cell, 10, size) + 72 * (size + 1)

    found = equal_hidden_size("lstm", input_size=10, hidden_size=64, count=count)
    assert min(range(1, 200), key=lambda size: abs(count("lstm", size) - count("gru", 64))) == found
    assert found != equal_hidden_size("lstm", input_size=10, hidden_size=64)


@pytest.mark.parametrize("call", [recurrent, parameter_count])
def test_an_unknown_cell_is_refused(call):
    with pytest.raises(ArgumentError, match="cell: expected one of gru, lstm, tanh, got 'gur'"):
        call("gur", 3, 8)
    with pytest.raises(ArgumentError, match="got 'minigru'"):
        equal_hidden_size("gru", "minigru", input_size=3, hidden_size=8)
