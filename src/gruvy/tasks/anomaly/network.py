"""The network of the AnomalyDetector, its loss and its graph."""

from __future__ import annotations

import numpy as np
import torch
from sklearn.linear_model import Ridge
from torch import Tensor, nn

from gruvy.data import Batch
from gruvy.graph import Builder, Graph
from gruvy.nn import GRU
from gruvy.nn.graph import array_of
from gruvy.tasks.shared.weights import PREFIX

# The first part of a window, in which the state has seen too little to be judged by.
_SETTLING = 4
_PENALTY = 1e-4  # of the ridge, for one row
_SMALLEST_CHANGE = 1e-3  # in standard deviations


class AnomalyNetwork(nn.Module):
    """A GRU that forecasts, at every step, the changes from there to the next P steps.

    ``f_t(p) = x_t + scale_p * (W h_t + V x_t + b)_p``, with the usual size of a change as its scale, so that all weigh
    the same. V sees what a state of tanh units cannot hold as exactly: how far columns that go together are apart.

    Args:
        columns: C.
        horizon: P.
        hidden_size: H.
        num_layers: recurrent layers.
        dropout: fraction of the units dropped in training, between layers and before the head.

    Example:
        >>> AnomalyNetwork(3, 2, hidden_size=8)(torch.zeros(9, 4, 3)).shape
        torch.Size([9, 4, 6])
    """

    def __init__(self, columns: int, horizon: int, *, hidden_size: int, num_layers: int = 1, dropout: float = 0.0):
        super().__init__()
        self.encoder = GRU(columns, hidden_size, num_layers, dropout=dropout if num_layers > 1 else 0.0)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(hidden_size + columns, horizon * columns)
        # Training starts from persistence, or from `start_linear`.
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def start_linear(self, scaled: np.ndarray, scale: Tensor) -> None:
        """Let training start from a ridge regression of the changes of scaled rows (T, C) on the rows."""
        horizon = self.head.out_features // scaled.shape[1]
        T = len(scaled) - horizon
        ahead = np.hstack([scaled[p : p + T] - scaled[:T] for p in range(1, horizon + 1)]) / scale.numpy()
        found = Ridge(_PENALTY * T).fit(scaled[:T], ahead)
        with torch.no_grad():
            self.head.weight[:, self.encoder.hidden_size :] = torch.from_numpy(np.atleast_2d(found.coef_))
            self.head.bias.copy_(torch.from_numpy(np.atleast_1d(found.intercept_)))

    def measure_changes_in(self, scale: Tensor) -> None:
        """Divide what the head gives, which was in units of x, by the usual size (P * C,) of each change."""
        with torch.no_grad():
            self.head.weight.div_(scale[:, None])
            self.head.bias.div_(scale)

    def forward(self, x: Tensor) -> Tensor:
        """Forecast the changes in units of their scale: (T, N, C) -> (T, N, P * C)."""
        output, _ = self.encoder(x)
        changes: Tensor = self.head(torch.cat([self.dropout(output), x], dim=2))
        return changes

    def graph(self, scale: Tensor) -> Graph:
        """Return the graph of the network in evaluation: "x" (T, N, C) -> "change" (T, N, P * C), in units of x."""
        build = Builder(PREFIX)
        x = build.input("x", self.encoder.input_size)
        states = build.add("concat", build.gru("encoder", x, self.encoder.to_weights()), x)
        weight, bias = self.head.weight * scale[:, None], self.head.bias * scale
        return build.graph(build.dense("change", states, array_of(weight), array_of(bias)))


class ChangeLoss:
    """The squared error of all forecasts in a batch of windows, made at each of their steps but the first quarter.

    Args:
        scale: (P * C,) the usual size of each change; see `usual_changes`.
    """

    def __init__(self, scale: Tensor):
        self._scale = scale

    def __call__(self, network: nn.Module, batch: Batch) -> tuple[Tensor, Tensor]:
        """Sum and number."""
        context = batch.context
        T = len(context)
        rows = torch.cat([context, batch.truth])
        ahead = torch.cat([rows[p : p + T] - context for p in range(1, len(batch.truth) + 1)], dim=2)
        errors = (ahead / self._scale - network(context))[T // _SETTLING :]
        return errors.square().sum(), torch.tensor(errors.numel())


def usual_changes(scaled: np.ndarray, horizon: int) -> Tensor:
    """The root mean square of the changes of scaled rows (T, C) over 1 to P steps: (P * C,)."""
    sizes = [np.sqrt(np.square(scaled[p:] - scaled[:-p]).mean(axis=0)) for p in range(1, horizon + 1)]
    # A column that returns to the same value after p steps, always, leaves nothing to learn there.
    return torch.from_numpy(np.maximum(np.concatenate(sizes), _SMALLEST_CHANGE).astype(np.float32))
