"""The networks of the SequenceClassifier, and their loss."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from gruvy.data import SequenceBatch
from gruvy.nn import GRU
from gruvy.nn.cells import recurrent

# Share of the tokens that are unknown in a pass of the training, so that the network leans on no single word and
# knows what to make of one that it has never seen.
_TOKENS_HIDDEN = 0.1


class ClassifierNetwork(nn.Module):
    """A recurrent encoder, attention over its steps, and a linear layer.

    With the encoder's outputs h_t, both directions side by side (Yang et al. 2016)::

        a = softmax over t of v . tanh(W h_t + b)
        logits = V (sum over t of a_t h_t) + c

    Args:
        cell: "gru", "lstm" or "tanh".
        tokens: V, tokens of the vocabulary; None where the steps are numbers.
        channels: C, values of a step; of tokens the size of their embedding.
        classes: K.
        hidden_size: H.
        num_layers: recurrent layers.
        bidirectional: whether they run both ways.
        dropout: share of the units dropped in training: of the embedding, between recurrent layers, and of what the
            last layer reads.

    Example:
        >>> network = ClassifierNetwork("gru", None, 3, 2, hidden_size=8)
        >>> logits, attention = network(torch.zeros(9, 4, 3), torch.tensor([9, 2, 5, 1]))
        >>> logits.shape, attention.shape
        (torch.Size([4, 2]), torch.Size([9, 4]))
    """

    def __init__(
        self,
        cell: str,
        tokens: int | None,
        channels: int,
        classes: int,
        *,
        hidden_size: int,
        num_layers: int = 1,
        bidirectional: bool = True,
        dropout: float = 0.0,
    ):
        super().__init__()
        self.embedding = None if tokens is None else nn.Embedding(tokens, channels)
        if self.embedding is not None:
            nn.init.normal_(self.embedding.weight, std=channels**-0.5)  # a token is about as long as its state
        self.encoder = recurrent(cell, channels, hidden_size, num_layers, dropout, bidirectional=bidirectional)
        width = hidden_size * (2 if bidirectional else 1)
        self.dropout = nn.Dropout(dropout)
        self.query = nn.Sequential(nn.Linear(width, hidden_size), nn.Tanh(), nn.Linear(hidden_size, 1, bias=False))
        self.head = nn.Linear(width, classes)

    def forward(self, inputs: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Return the logits and what they were read from.

        Args:
            inputs: (T, N) int64 tokens, or (T, N, C) values.
            lengths: (N,) steps of each sequence, 1 to T.

        Returns:
            logits (N, K), and attention (T, N), whose steps of each sequence sum to 1; 0 past its end.
        """
        states = self._encode(self._embed(inputs), lengths)
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


class ClassifierEnsemble(nn.Module):
    """Networks that are trained side by side from different initial weights, and decide together.

    Each is to learn the labels by itself; in use their logits are averaged (as Lakshminarayanan et al. 2017 average
    probabilities).

    Args:
        members: of the same inputs and classes.
    """

    def __init__(self, members: Sequence[ClassifierNetwork]):
        super().__init__()
        self.members = nn.ModuleList(members)
        self.classes = members[0].head.out_features

    def forward(self, inputs: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits and attention as `ClassifierNetwork`, of each member: (M, N, K) and (M, T, N)."""
        found = [member(inputs, lengths) for member in self.members]
        return torch.stack([logits for logits, _ in found]), torch.stack([attention for _, attention in found])


def cross_entropy(network: nn.Module, batch: SequenceBatch) -> tuple[Tensor, Tensor]:
    """The loss: in training the mean of the members' cross-entropies, else the cross-entropy of their mean logits.

    Args:
        network: a `ClassifierEnsemble`.
        batch: its labels are (N, K): how much a sequence weighs in the column of its class, else 0.

    Returns:
        The sum over the sequences of the batch, and the sum of their weights.
    """
    logits, _ = network(batch.inputs, batch.lengths)
    if not network.training:
        logits = logits.mean(dim=0, keepdim=True)
    loss = -(batch.labels * logits.log_softmax(dim=-1)).sum() / len(logits)
    return loss, batch.labels.sum()
