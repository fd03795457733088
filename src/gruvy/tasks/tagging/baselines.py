"""The tagger that a network has to beat."""

from __future__ import annotations

from typing import Any, Self

from torch import nn

from gruvy.tasks.tagging.network import WindowNetwork
from gruvy.tasks.tagging.tagger import SequenceTagger

# A linear model needs few passes, at a high rate.
_TRAINING = {"max_epochs": 5, "patience": 2, "batch_size": 32, "learning_rate": 0.01}


class WindowTagger(SequenceTagger):
    """A logistic regression on the steps around each one, trained as the `SequenceTagger` is, on the same sequences.

    On residues this is what GOR does (Garnier et al. 1978), with weights that are fitted jointly instead of counted.

    Attributes:
        name: what reports call it.
        window: steps that are read: each one and 7 on each side of it.
    """

    name = "window logistic regression"
    window = 15

    @classmethod
    def of(cls, **params: Any) -> Self:
        """Return one with parameters of the training that suit a linear model, but for those that are given."""
        return cls(**{**_TRAINING, **params})

    def _new_network(self, channels: int, classes: int) -> nn.Module:
        return WindowNetwork(channels, classes, self.window)
