"""The network of the Translator, and its loss."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim.swa_utils import AveragedModel

from gruvy.nn import GRU
from gruvy.nn.attention import AdditiveAttention
from gruvy.tasks.translation.batches import PairBatch
from gruvy.tasks.translation.loss import linear_cross_entropy

# Share of the target that is spread over all sub-words in training (Szegedy et al. 2016).
_SMOOTHING = 0.1


class Source(NamedTuple):
    """N encoded sentences.

    Attributes:
        lengths: (N,) steps of each.
        summary: (N, 2H), c of Cho et al.
        states: (J, N, 2H) of the encoder, and their keys (J, N, A); both None without attention.
    """

    lengths: Tensor
    summary: Tensor
    states: Tensor | None
    keys: Tensor | None

    def pick(self, rows: Tensor) -> Source:
        """Return the sentences of these numbers."""
        return Source(
            self.lengths[rows],
            self.summary[rows],
            None if self.states is None else self.states[:, rows],
            None if self.keys is None else self.keys[:, rows],
        )


class TranslatorNetwork(nn.Module):
    """A bidirectional encoder and a decoder of two layers, between which it looks at the source.

    With the embedding E y_t of the target and the encoder's states h_j, both directions side by side::

        c = tanh(S [h_J forward; h_1 backward])           the summary (Cho et al. 2014)
        q_t = GRU(E y_{t-1}, q_{t-1}),                    q_0 = tanh(W_q c)
        c_t = additive attention of q_t over the h_j      (Bahdanau et al. 2015), or c itself without attention
        s_t = GRU([q_t; c_t], s_{t-1}),                   s_0 = tanh(W_s c)
        o_t = maxout(U s_t + V E y_{t-1} + C c_t)         pairs of units
        p(y_t) = softmax(E^T o_t + b)

    Bahdanau's decoder has one layer, whose state s_{t-1} asks; here the layer below asks, as in the lower layers of Wu
    et al. 2016. No q_t depends on a c_t, so all steps of a known target are computed at once. Without attention,
    Cho's summary enters every step of the second layer and the output.

    Args:
        source_tokens: size of the source's vocabulary.
        target_tokens: V, of the target's.
        embedding_size: of both; the target's are the weights of the output too.
        hidden_size: H, units of each layer and direction.
        num_layers: of the encoder.
        attention: whether the decoder looks at all states of the encoder or at their summary alone.
        dropout: fraction of the units dropped in training: of the embeddings, the second layer's input and the output.

    Example:
        >>> network = TranslatorNetwork(9, 7, embedding_size=4, hidden_size=5)
        >>> source = network.encode(torch.zeros(6, 2, dtype=torch.long), torch.tensor([6, 3]))
        >>> logits, state, weights = network.decode(source, torch.zeros(8, 2, dtype=torch.long), network.start(source))
        >>> logits.shape, weights.shape
        (torch.Size([8, 2, 7]), torch.Size([2, 8, 6]))
    """

    def __init__(
        self,
        source_tokens: int,
        target_tokens: int,
        *,
        embedding_size: int,
        hidden_size: int,
        num_layers: int = 1,
        attention: bool = True,
        dropout: float = 0.0,
    ):
        super().__init__()
        H, width = hidden_size, 2 * hidden_size
        self.source = nn.Embedding(source_tokens, embedding_size)
        self.target = nn.Embedding(target_tokens, embedding_size)
        for embedding in (self.source, self.target):
            nn.init.normal_(embedding.weight, std=embedding_size**-0.5)
        between = dropout if num_layers > 1 else 0.0
        self.encoder = GRU(embedding_size, H, num_layers, dropout=between, bidirectional=True)
        self.summary = nn.Linear(width, width)
        self.initial = nn.Linear(width, 2 * H)
        self.asking = GRU(embedding_size, H)
        self.attention = AdditiveAttention(H, width, H) if attention else None
        self.decoder = GRU(H + width, H)
        self.maxout = nn.Linear(H + embedding_size + width, 2 * embedding_size)
        self.bias = nn.Parameter(torch.zeros(target_tokens))
        self.dropout = nn.Dropout(dropout)

    def encode(self, tokens: Tensor, lengths: Tensor) -> Source:
        """Read the source.

        Args:
            tokens: (J, N) int64.
            lengths: (N,) of each sentence, 1 to J.
        """
        states, last = self.encoder(self.dropout(self.source(tokens)), lengths=lengths)
        summary = torch.tanh(self.summary(torch.cat([last[-2], last[-1]], dim=-1)))
        if self.attention is None:
            return Source(lengths, summary, None, None)
        return Source(lengths, summary, states, self.attention.keys(states))

    def start(self, source: Source) -> tuple[Tensor, Tensor]:
        """Return the states (1, N, H) of both layers of the decoder before the first step."""
        asking, state = torch.tanh(self.initial(source.summary)).chunk(2, dim=-1)
        return asking[None].contiguous(), state[None].contiguous()

    def decode(
        self, source: Source, tokens: Tensor, state: tuple[Tensor, Tensor]
    ) -> tuple[Tensor, tuple[Tensor, Tensor], Tensor | None]:
        """Take steps of the decoder, one for each known token before it.

        Args:
            source: of `encode`; each sentence has the same number K of rows, which stand side by side.
            tokens: (T, N K) int64, y_0 to y_{T-1}.
            state: of both layers before the first step, (1, N K, H).

        Returns:
            logits (T, N K, V) of y_1 to y_T, the new state, and attention (N K, T, J) or None.
        """
        output, state, weights = self._steps(source, tokens, state)
        return self.logits(output), state, weights

    def logits(self, output: Tensor) -> Tensor:
        """(..., V) of the maxout's output (..., E)."""
        return F.linear(output, self.target.weight, self.bias)

    def forward(self, batch: PairBatch) -> Tensor:
        """Return the maxout's output (T, N, E) of every step where the target is known."""
        source = self.encode(batch.source, batch.source_lengths)
        output, _, _ = self._steps(source, batch.before, self.start(source))
        return output

    def _steps(
        self, source: Source, tokens: Tensor, state: tuple[Tensor, Tensor]
    ) -> tuple[Tensor, tuple[Tensor, Tensor], Tensor | None]:
        embedded = self.dropout(self.target(tokens))
        queries, asking = self.asking(embedded, state[0])
        context, weights = self._look(source, queries)
        states, last = self.decoder(self.dropout(torch.cat([queries, context], dim=-1)), state[1])
        units = self.maxout(torch.cat([states, embedded, context], dim=-1))
        output = self.dropout(units.unflatten(-1, (-1, 2)).amax(dim=-1))
        return output, (asking, last), weights

    def _look(self, source: Source, queries: Tensor) -> tuple[Tensor, Tensor | None]:
        """Return the context (T, N K, 2H) of each query, and the weights (N K, T, J) that made it."""
        T, rows, _ = queries.shape
        N = len(source.lengths)
        if self.attention is None or source.states is None or source.keys is None:
            context = source.summary.repeat_interleave(rows // N, dim=0)
            return context.expand(T, -1, -1), None
        # The K rows of a sentence ask the same values: they stand in time, as T K queries of one row.
        asked = queries.reshape(T, N, rows // N, -1).transpose(1, 2).reshape(-1, N, queries.shape[-1])
        context, weights = self.attention(asked, source.keys, source.states, source.lengths)
        context = context.reshape(T, rows // N, N, -1).transpose(1, 2).reshape(T, rows, -1)
        weights = weights.reshape(N, T, rows // N, -1).transpose(1, 2).reshape(rows, T, -1)
        return context, weights


def translation_loss(network: nn.Module, batch: PairBatch) -> tuple[Tensor, Tensor]:
    """Sum of the cross-entropy of the target's sub-words, in nats, and their number; smoothed in training."""
    own = network.module if isinstance(network, AveragedModel) else network
    assert isinstance(own, TranslatorNetwork)
    output = own(batch)[batch.known]
    labels = batch.after[batch.known]
    smoothing = _SMOOTHING if own.training else 0.0
    return linear_cross_entropy(output, own.target.weight, own.bias, labels, smoothing), batch.known.sum()
