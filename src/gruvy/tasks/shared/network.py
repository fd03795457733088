"""The network that reads a whole sequence."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from gruvy.nn import GRU
from gruvy.nn.cells import recurrent

# Share of the tokens that are unknown in a pass of the training, so that the network leans on no single word and
# knows what to make of one that it has never seen.
_TOKENS_HIDDEN = 0.1


class SequenceNetwork(nn.Module):
    """A recurrent encoder, attention over its steps, and a linear layer.

    With the encoder's outputs h_t, both directions side by side (Yang et al. 2016)::

        a = softmax over t of v . tanh(W h_t + b)
        outputs = V (sum over t of a_t h_t) + c

    Without attention ``outputs = V h_T + c``, T the sequence's last step.

    Args:
        cell: "gru", "lstm" or "tanh".
        tokens: V, tokens of the vocabulary; None where the steps are numbers.
        channels: C, values of a step; of tokens the size of their embedding.
        outputs: K.
        hidden_size: H.
        num_layers: recurrent layers.
        bidirectional: whether they run both ways.
        dropout: fraction of the units dropped in training: of the embedding, between recurrent layers, and of what the
            last layer reads.
        attention: whether all steps are read, or the last one alone.

    Example:
        >>> network = SequenceNetwork("gru", None, 3, 2, hidden_size=8)
        >>> outputs, attention = network(torch.zeros(9, 4, 3), torch.tensor([9, 2, 5, 1]))
        >>> outputs.shape, attention.shape
        (torch.Size([4, 2]), torch.Size([9, 4]))
    """

    def __init__(
        self,
        cell: str,
        tokens: int | None,
        channels: int,
        outputs: int,
        *,
        hidden_size: int,
        num_layers: int = 1,
        bidirectional: bool = True,
        dropout: float = 0.0,
        attention: bool = True,
    ):
        super().__init__()
        self.embedding = None if tokens is None else nn.Embedding(tokens, channels)
        if self.embedding is not None:
            nn.init.normal_(self.embedding.weight, std=channels**-0.5)  # a token is about as long as its state
        self.encoder = recurrent(cell, channels, hidden_size, num_layers, dropout, bidirectional=bidirectional)
        width = hidden_size * (2 if bidirectional else 1)
        self.dropout = nn.Dropout(dropout)
        self.query = None
        if attention:
            self.query = nn.Sequential(nn.Linear(width, hidden_size), nn.Tanh(), nn.Linear(hidden_size, 1, bias=False))
        self.head = nn.Linear(width, outputs)

    def forward(self, inputs: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Return the outputs and what they were read from.

        Args:
            inputs: (T, N) int64 tokens, or (T, N, C) values.
            lengths: (N,) steps of each sequence, 1 to T.

        Returns:
            outputs (N, K), and attention (T, N), whose steps of each sequence sum to 1; 0 past its end.
        """
        states = self._encode(self._embed(inputs), lengths)
        if self.query is None:
            rows = torch.arange(len(lengths), device=lengths.device)
            attention = torch.zeros(states.shape[:2], device=states.device)
            attention[lengths - 1, rows] = 1.0
            return self.head(self.dropout(states[lengths - 1, rows])), attention
        beyond = torch.arange(len(inputs), device=lengths.device)[:, None] >= lengths
        scores = self.query(states).squeeze(-1).masked_fill(beyond, -torch.inf)
        attention = scores.softmax(dim=0)
        pooled = (attention[..., None] * states).sum(dim=0)
        return self.head(self.dropout(pooled)), attention

    def _embed(self, inputs: Tensor) -> Tensor:
        if self.embedding is None:
            return inputs
        if self.training:
            inputs = inputs.masked_fill(torch.rand(inputs.shape, device=inputs.device) < _TOKENS_HIDDEN, 0)
        embedded: Tensor = self.dropout(self.embedding(inputs))
        return embedded

    def _encode(self, x: Tensor, lengths: Tensor) -> Tensor:
        """(T, N, width), 0 past each sequence's end."""
        if isinstance(self.encoder, GRU):
            states: Tensor = self.encoder(x, lengths=lengths)[0]
            return states
        packed = pack_padded_sequence(x, lengths, enforce_sorted=False)
        return pad_packed_sequence(self.encoder(packed)[0], total_length=len(x))[0]
