"""The network of the LanguageModel, its loss, and the network as a graph."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gruvy import engine
from gruvy.data import StreamBatch
from gruvy.graph import Builder, Graph
from gruvy.language import GraphNetwork, Network
from gruvy.language.characters import Logits, Numbers
from gruvy.nn import GRU
from gruvy.nn.cells import recurrent
from gruvy.nn.graph import array_of
from gruvy.tasks.shared.weights import PREFIX


class LanguageNetwork(nn.Module):
    """Characters or sub-words into vectors, a recurrent encoder, and one logit for each that can follow::

        logits_t = W h_t + b,    h_t = cell(E[x_t], h_{t-1})

    Args:
        cell: "gru", "lstm" or "tanh".
        characters: V, of characters or sub-words.
        embedding_size: E, numbers that stand for a character.
        hidden_size: H.
        num_layers: recurrent layers.
        dropout: fraction of the units between recurrent layers and before the logits that is dropped in training.

    Example:
        >>> logits, state = LanguageNetwork("gru", 80, embedding_size=8, hidden_size=16)(torch.zeros(5, 2).long())
        >>> logits.shape, state.shape
        (torch.Size([5, 2, 80]), torch.Size([1, 2, 16]))
    """

    def __init__(
        self,
        cell: str,
        characters: int,
        *,
        embedding_size: int,
        hidden_size: int,
        num_layers: int = 1,
        dropout: float = 0.0,
    ):
        super().__init__()
        self.embedding = nn.Embedding(characters, embedding_size)
        self.encoder = recurrent(cell, embedding_size, hidden_size, num_layers, dropout)
        self.dropout = nn.Dropout(dropout)
        self.logits = nn.Linear(hidden_size, characters)

    def forward(self, numbers: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        """Return the logits (T, N, V) of what follows each of the characters (T, N), and the state after them."""
        output, state = self.encoder(self.embedding(numbers), state)
        return self.logits(self.dropout(output)), state


class CarriedLoss:
    """Cross-entropy in bits, over streams whose state goes on from batch to batch, without its gradient.

    That is truncated backpropagation through time: what lies more than a batch back is remembered, but no longer
    learnt from (Williams and Peng 1990). A pass ends before another one begins, so one state is enough.

    Args:
        lengths: (V,) the characters of each piece, so that the loss is in bits per character.
    """

    def __init__(self, lengths: Tensor) -> None:
        self._state: Any = None
        self._lengths = lengths

    def __call__(self, network: nn.Module, batch: StreamBatch) -> tuple[Tensor, Tensor]:
        """Sum over the characters of a batch, and how many there are."""
        logits, state = network(batch.inputs, None if batch.first else self._state)
        self._state = tuple(part.detach() for part in state) if isinstance(state, tuple) else state.detach()
        nats = F.cross_entropy(logits.flatten(0, 1), batch.targets.flatten(), reduction="sum")
        return nats / math.log(2), self._lengths[batch.targets].sum()


def language_graph(network: LanguageNetwork) -> Graph | None:
    """Return the graph of a network, or None for the cells that a graph does not know.

    Its input is "characters" (T, N, 1), their numbers, and its output "logits" (T, N, V).
    """
    if not isinstance(network.encoder, GRU):
        return None
    build = Builder(PREFIX)
    read = build.input("characters", 1, whole=True)
    vectors = build.embedding("embedding", read, array_of(network.embedding.weight))
    state = build.gru("encoder", vectors, network.encoder.to_weights())
    weight, bias = array_of(network.logits.weight), array_of(network.logits.bias)
    return build.graph(build.dense("logits", state, weight, bias))


def fastest(network: LanguageNetwork) -> Network:
    """Return the network on the engine where it can run there, on PyTorch elsewhere."""
    graph = None if engine.raw is None else language_graph(network)
    return _TorchNetwork(network) if graph is None else GraphNetwork(graph)


class _TorchNetwork:
    """A `LanguageNetwork` as a `gruvy.language.Network`."""

    def __init__(self, network: LanguageNetwork):
        self._network = network

    def run(self, numbers: Numbers, state: Any) -> tuple[Logits, Any]:
        with torch.inference_mode():
            logits, state = self._network(torch.from_numpy(numbers), state)
        return logits.numpy(), state

    def stepper(self) -> Callable[[int], Logits]:
        state: Any = None

        def step(number: int) -> Logits:
            nonlocal state
            found, state = self.run(np.array([[number]]), state)
            logits: Logits = found[0, 0]
            return logits

        return step
