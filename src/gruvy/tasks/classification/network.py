"""The networks of the SequenceClassifier side by side, and their loss."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from gruvy.data import SequenceBatch
from gruvy.tasks.shared.network import SequenceNetwork


class ClassifierEnsemble(nn.Module):
    """Networks that are trained side by side from different initial weights, and decide together.

    Each is to learn the labels by itself; in use their logits are averaged (as Lakshminarayanan et al. 2017 average
    probabilities).

    Args:
        members: of the same inputs and classes.
    """

    def __init__(self, members: Sequence[SequenceNetwork]):
        super().__init__()
        self.members = nn.ModuleList(members)
        self.classes = members[0].head.out_features

    def forward(self, inputs: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits and attention as `SequenceNetwork`, of each member: (M, N, K) and (M, T, N)."""
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
