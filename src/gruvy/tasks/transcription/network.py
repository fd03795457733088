"""The network of the Transcriber, and its loss."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from gruvy.nn import GRU
from gruvy.nn.cells import recurrent
from gruvy.tasks.transcription.data import SpeechBatch

# The class of CTC that is no character.
BLANK = 0


class TranscriberNetwork(nn.Module):
    """A convolution that joins frames, recurrent layers, and a linear layer for CTC.

    Step j of S frames each reads the frames from ``S j - S`` to ``S j + S``, so that the network is ``S`` frames behind
    what it hears and no more, where the recurrent layers run in one direction::

        x_j = relu(sum over k of W_k frame_{S j + k} + b),   k = -S ... S
        log p_j = log softmax(V h_j + c)                     over the blank and the characters

    Args:
        cell: "gru", "lstm" or "tanh".
        n_mels: M, bands of a frame.
        characters: of the alphabet.
        hidden_size: H.
        num_layers: recurrent layers.
        bidirectional: whether they run both ways.
        subsampling: S, frames that become one step.
        dropout: fraction of the units dropped in training: before each recurrent layer and the last.

    Example:
        >>> import torch
        >>> network = TranscriberNetwork("gru", 40, 28, hidden_size=8, subsampling=3)
        >>> log_p, steps = network(torch.zeros(10, 2, 40), torch.tensor([10, 7]))
        >>> log_p.shape, steps.tolist()
        (torch.Size([4, 2, 29]), [4, 3])
    """

    def __init__(
        self,
        cell: str,
        n_mels: int,
        characters: int,
        *,
        hidden_size: int,
        num_layers: int = 1,
        bidirectional: bool = True,
        subsampling: int = 3,
        dropout: float = 0.0,
    ):
        super().__init__()
        self.subsampling = subsampling
        self.front = nn.Conv1d(n_mels, hidden_size, 2 * subsampling + 1, stride=subsampling)
        self.encoder = recurrent(cell, hidden_size, hidden_size, num_layers, dropout, bidirectional=bidirectional)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(hidden_size * (2 if bidirectional else 1), characters + 1)

    def steps(self, frames: Any) -> Any:
        """Steps of so many frames, a number or a tensor of them."""
        return (frames - 1) // self.subsampling + 1

    def forward(self, frames: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Return log-probabilities and the steps of each recording.

        Args:
            frames: (T, N, M), 0 past each recording's end.
            lengths: (N,) frames of each recording, 1 to T.

        Returns:
            log p (ceil(T / S), N, characters + 1), the blank first, and the steps (N,).
        """
        steps = self.steps(lengths)
        S = self.subsampling
        spare = S * (self.steps(len(frames)) - 1) + S + 1 - len(frames)  # frames that the last step reads and lacks
        joined = self.join(F.pad(frames, (0, 0, 0, 0, S, spare)))
        return self.read(self._encode(joined, steps)), steps

    def join(self, frames: Tensor) -> Tensor:
        """Frames (S (J + 1) + 1, N, M) -> (J, N, H), without padding."""
        joined: Tensor = self.dropout(F.relu(self.front(frames.permute(1, 2, 0))).permute(2, 0, 1))
        return joined

    def read(self, states: Tensor) -> Tensor:
        """States (J, N, width) -> log p (J, N, characters + 1)."""
        log_p: Tensor = self.head(self.dropout(states)).log_softmax(dim=-1)
        return log_p

    def _encode(self, x: Tensor, steps: Tensor) -> Tensor:
        if isinstance(self.encoder, GRU):
            states: Tensor = self.encoder(x, lengths=steps)[0]
            return states
        packed = pack_padded_sequence(x, steps, enforce_sorted=False)
        return pad_packed_sequence(self.encoder(packed)[0], total_length=len(x))[0]


class SpeechLoss:
    """-log p of the texts of a batch (CTC, Graves et al. 2006), and how far its two views are from each other.

    Where a batch holds each recording twice, under different masks, the loss of a recording is the mean of both, and
    at each step the distance between what the network makes of them is added (CR-CTC, Yao et al. 2025)::

        1/2 (CTC(p) + CTC(q)) + a/2 sum over steps of (KL(q || p) + KL(p || q)),   the first of each pair held fixed

    Args:
        consistency: a.
    """

    def __init__(self, consistency: float):
        self._consistency = consistency

    def __call__(self, network: nn.Module, batch: SpeechBatch) -> tuple[Tensor, Tensor]:
        """Sum and number of characters; every text must be one that its steps can spell."""
        log_p, steps = network(batch.frames, batch.lengths)
        loss = F.ctc_loss(log_p, batch.characters, steps, batch.text_lengths, blank=BLANK, reduction="sum")
        if batch.views == 2:
            heard = torch.arange(len(log_p))[:, None] < steps
            first, second = (log_p * heard[..., None]).chunk(2, dim=1)
            apart = F.kl_div(first, second.detach(), reduction="sum", log_target=True)
            apart = apart + F.kl_div(second, first.detach(), reduction="sum", log_target=True)
            loss = loss + self._consistency * apart
        return loss, batch.text_lengths.sum()
