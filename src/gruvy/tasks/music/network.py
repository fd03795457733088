"""The network of the PolyphonicModel, and its loss."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional as F

from gruvy.data import SequenceBatch
from gruvy.nn import GRU
from gruvy.nn.cells import recurrent


class PolyphonicNetwork(nn.Module):
    """A recurrent network that says, of the frame x_t to come, how likely each of its notes is (Chung et al. 2014).

    With x_0 = 0 before the first frame::

        h_t = cell(x_{t-1}, h_{t-1})
        p(x_t,d = 1 | x_1 ... x_{t-1}) = sigmoid(V h_t + c)_d

    The notes of a frame are independent of each other, given the frames before.

    Args:
        cell: "gru", "lstm" or "tanh".
        notes: D, notes of a frame.
        hidden_size: H.
        num_layers: recurrent layers.
        dropout: fraction of the units dropped in training, between the layers and before V.
        reset_after: the form of the GRU; see `gruvy.nn.GRU`.

    Example:
        >>> network = PolyphonicNetwork("gru", 88, hidden_size=16)
        >>> network(torch.zeros(9, 4, 88)).shape
        torch.Size([9, 4, 88])
    """

    def __init__(
        self,
        cell: str,
        notes: int,
        *,
        hidden_size: int,
        num_layers: int = 1,
        dropout: float = 0.0,
        reset_after: bool = True,
    ):
        super().__init__()
        self.layers: nn.RNNBase
        if cell == "gru":
            between = dropout if num_layers > 1 else 0.0
            self.layers = GRU(notes, hidden_size, num_layers, dropout=between, reset_after=reset_after)
        else:
            self.layers = recurrent(cell, notes, hidden_size, num_layers, dropout)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(hidden_size, notes)

    def forward(self, frames: Tensor) -> Tensor:
        """Return the logits of each frame, given those before it.

        Args:
            frames: (T, N, D) of 0 and 1; what stands past a piece's end has no influence on it.

        Returns:
            (T, N, D).
        """
        before = torch.cat([torch.zeros_like(frames[:1]), frames[:-1]])
        logits: Tensor = self.head(self.dropout(self.layers(before)[0]))
        return logits

    def step(self, frame: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        """Return the logits (N, D) of the frame after ``frame`` (N, D), and the state to go on with."""
        output, state = self.layers(frame[None], state)
        return self.head(self.dropout(output[0])), state


class FrameLikelihood:
    """The negative log-likelihood of frames, in nats.

    Args:
        weight_noise: standard deviation of Gaussian noise that is added to every weight, drawn anew for each training
            step (Graves 2011).
    """

    def __init__(self, weight_noise: float = 0.0):
        self._noise = weight_noise

    def __call__(self, network: nn.Module, batch: SequenceBatch) -> tuple[Tensor, Tensor]:
        """Sum over the frames of a batch, and their number."""
        if network.training and self._noise:
            noisy = {name: p + self._noise * torch.randn_like(p) for name, p in network.named_parameters()}
            logits = functional_call(network, noisy, (batch.inputs,))
        else:
            logits = network(batch.inputs)
        losses = F.binary_cross_entropy_with_logits(logits, batch.inputs, reduction="none").sum(dim=2)
        inside = torch.arange(len(losses))[:, None] < batch.lengths
        return losses[inside].sum(), inside.sum()
