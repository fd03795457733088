"""The tagger that a network has to beat."""

from __future__ import annotations

from typing import Any

from torch import nn

from gruvy.tasks.tagging.network import WindowNetwork
from gruvy.tasks.tagging.tagger import SequenceTagger


class WindowTagger(SequenceTagger):
    """A logistic regression on the steps around each one, trained as the `SequenceTagger` is, on the same batches.

    On residues and a window of 17 this is what GOR does (Garnier et al. 1978), fitted jointly instead of counted.

    Args:
        window: steps that are read, half of them on each side; an odd number.
        params: those of the `SequenceTagger` that concern the training.
    """

    name = "window, logistic regression"

    def __init__(
        self,
        window: int = 15,
        *,
        class_weight: Any = None,
        validation_fraction: float = 0.1,
        batch_size: int = 32,
        max_epochs: int = 4,
        patience: int = 2,
        learning_rate: float = 0.01,
        random_state: Any = None,
    ):
        super().__init__(
            class_weight=class_weight,
            validation_fraction=validation_fraction,
            batch_size=batch_size,
            max_epochs=max_epochs,
            patience=patience,
            learning_rate=learning_rate,
            random_state=random_state,
        )
        self.window = window

    def _new_network(self, channels: int, classes: int) -> nn.Module:
        return WindowNetwork(channels, classes, self.window)
