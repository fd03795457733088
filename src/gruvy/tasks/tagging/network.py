"""The network of the SequenceTagger, and its loss."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from gruvy.nn import GRU
from gruvy.nn.cells import recurrent
from gruvy.tasks.tagging.batches import TagBatch


class TaggerNetwork(nn.Module):
    """Recurrent layers, and a linear layer at every step.

    With h_t the last layer's output, both directions side by side::

        logits_t = V h_t + c

    Args:
        cell: "gru", "lstm" or "tanh".
        channels: C, values of a step.
        classes: K.
        hidden_size: H.
        num_layers: recurrent layers.
        bidirectional: whether they run both ways.
        dropout: fraction of the units dropped in training: between recurrent layers, and of what the last layer reads.

    Example:
        >>> network = TaggerNetwork("gru", 3, 2, hidden_size=8)
        >>> network(torch.zeros(9, 4, 3), torch.tensor([9, 2, 5, 1])).shape
        torch.Size([9, 4, 2])
    """

    def __init__(
        self,
        cell: str,
        channels: int,
        classes: int,
        *,
        hidden_size: int,
        num_layers: int = 1,
        bidirectional: bool = True,
        dropout: float = 0.0,
    ):
        super().__init__()
        self.encoder = recurrent(cell, channels, hidden_size, num_layers, dropout, bidirectional=bidirectional)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(hidden_size * (2 if bidirectional else 1), classes)

    def forward(self, inputs: Tensor, lengths: Tensor) -> Tensor:
        """Return the logits of every step.

        Args:
            inputs: (T, N, C).
            lengths: (N,) steps of each sequence, 1 to T.

        Returns:
            (T, N, K); what stands past a sequence's end means nothing.
        """
        logits: Tensor = self.head(self.dropout(self._encode(inputs, lengths)))
        return logits

    def _encode(self, x: Tensor, lengths: Tensor) -> Tensor:
        if isinstance(self.encoder, GRU):
            states: Tensor = self.encoder(x, lengths=lengths)[0]
            return states
        packed = pack_padded_sequence(x, lengths, enforce_sorted=False)
        return pad_packed_sequence(self.encoder(packed)[0], total_length=len(x))[0]


class WindowNetwork(nn.Module):
    """A logistic regression on the steps around each one: those of a window, all in one linear layer.

    Args:
        channels: C, values of a step.
        classes: K.
        window: steps that are read, half of them on each side; an odd number.
    """

    def __init__(self, channels: int, classes: int, window: int):
        super().__init__()
        self.linear = nn.Conv1d(channels, classes, window, padding=window // 2)
        nn.init.zeros_(self.linear.weight)

    def forward(self, inputs: Tensor, lengths: Tensor) -> Tensor:
        """(T, N, K), as `TaggerNetwork` does; steps beyond the ends are zeros."""
        logits: Tensor = self.linear(inputs.permute(1, 2, 0)).permute(2, 0, 1)
        return logits


class StepCrossEntropy:
    """The cross-entropy over all steps, each counted as much as its class weighs.

    Args:
        weights: (K,) of the classes.
    """

    def __init__(self, weights: Tensor):
        self._weights = weights

    def __call__(self, network: nn.Module, batch: TagBatch) -> tuple[Tensor, Tensor]:
        """Sum over the steps of a batch, and the sum of their weights."""
        steps = batch.steps
        labels = batch.labels[steps]
        logits = network(batch.inputs, batch.lengths)[steps]
        loss = F.cross_entropy(logits, labels, weight=self._weights, reduction="sum")
        return loss, self._weights[labels].sum()
