"""`GRUModel`: the textbook's model, a stack of GRU layers with a linear layer on the last step."""

from __future__ import annotations

import torch
from torch import Tensor

from gruvy.nn.gru import GRU


class GRUModel(torch.nn.Module):
    """Stacked GRU whose last output goes through ReLU and a linear layer.

    Args:
        input_dim: input features, I.
        hidden_dim: hidden units, H.
        output_dim: outputs.
        n_layers: layers, L.
        drop_prob: dropout between the layers; there is none to drop where there is one layer.

    Example:
        >>> model = GRUModel(input_dim=3, hidden_dim=8, output_dim=2, n_layers=2)
        >>> out, h = model(torch.randn(4, 10, 3), model.init_hidden(4))
        >>> out.shape, h.shape
        (torch.Size([4, 2]), torch.Size([2, 4, 8]))
    """

    def __init__(self, input_dim: int, hidden_dim: int, output_dim: int, n_layers: int, drop_prob: float = 0.2):
        super().__init__()
        self.hidden_dim = hidden_dim
        self.n_layers = n_layers
        self.gru = GRU(input_dim, hidden_dim, n_layers, batch_first=True, dropout=drop_prob if n_layers > 1 else 0.0)
        self.fc = torch.nn.Linear(hidden_dim, output_dim)

    def forward(self, x: Tensor, h: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Run x (N, T, I) from h (L, N, H), zero where None: outputs (N, output_dim) and the new h."""
        out, h = self.gru(x, h)
        return self.fc(torch.relu(out[:, -1])), h

    def init_hidden(self, batch_size: int) -> Tensor:
        """Return a state of zeros (L, N, H), with the dtype and on the device of the weights."""
        return self.fc.weight.new_zeros(self.n_layers, batch_size, self.hidden_dim)
