from __future__ import annotations

import pytest
import torch

from gruvy.nn import GRUModel


@pytest.mark.parametrize("n_layers", [1, 2])
def test_forward_is_gru_relu_linear_on_the_last_step(n_layers):
    torch.manual_seed(0)
    model = GRUModel(input_dim=3, hidden_dim=8, output_dim=2, n_layers=n_layers).eval()
    x, h = torch.randn(4, 10, 3), model.init_hidden(4)
    assert h.shape == (n_layers, 4, 8)
    assert not h.any()
    out, h_n = model(x, h)
    theirs = torch.nn.GRU(3, 8, n_layers, batch_first=True)
    theirs.load_state_dict(model.gru.state_dict())
    states, last = theirs(x, h)
    torch.testing.assert_close(h_n, last)
    torch.testing.assert_close(out, states[:, -1].relu() @ model.fc.weight.T + model.fc.bias)
    again, _ = model(x)
    assert torch.equal(again, out)


def test_init_hidden_follows_the_weights():
    assert GRUModel(3, 8, 2, 1).double().init_hidden(5).dtype == torch.float64


def test_it_learns():
    torch.manual_seed(0)
    model = GRUModel(1, 16, 1, 2)
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    x = torch.rand(64, 12, 1)
    losses = []
    for _ in range(60):
        out, _ = model(x, model.init_hidden(64))
        loss = torch.nn.functional.mse_loss(out[:, 0], x.mean((1, 2)))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.1 * losses[0]
