"""The network of the RecurrentAgent."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from gruvy.nn import GRU
from gruvy.timeseries import ROUNDING

# Normalised observations beyond are cut: one outlier is not to overthrow a policy.
_FURTHEST = 10.0


class AgentNetwork(nn.Module):
    """A linear layer, GRU layers, and from their state h_t the policy and the value of the situation.

    With observations o_t, normalised by their mean and deviation so far::

        h_t = GRU(tanh(W o_t + b), h_{t-1})
        outputs = P tanh(Q h_t + q) + p        logits of choices, or means of normal distributions
        value   = v . tanh(U h_t + u) + c

    Args:
        observations: I, numbers of an encoded observation.
        outputs: A, choices, or numbers of an action.
        discrete: whether an action is a choice.
        normalise: whether observations are numbers to be normalised.
        hidden_size: H.
        num_layers: GRU layers.
        memory: False: the state is set back to zero before every step, so that only o_t is known.

    Example:
        >>> network = AgentNetwork(3, 2, discrete=True, normalise=True, hidden_size=8)
        >>> outputs, values, state = network(torch.zeros(5, 4, 3), torch.zeros(5, 4, dtype=torch.bool))
        >>> outputs.shape, values.shape, state.shape
        (torch.Size([5, 4, 2]), torch.Size([5, 4]), torch.Size([1, 4, 8]))
    """

    def __init__(
        self,
        observations: int,
        outputs: int,
        *,
        discrete: bool,
        normalise: bool,
        hidden_size: int,
        num_layers: int = 1,
        memory: bool = True,
    ):
        super().__init__()
        self.memory = memory
        self.seen = Moments(observations) if normalise else None
        self.returns = Moments(1)
        self.encoder = nn.Sequential(_linear(observations, hidden_size, 2**0.5), nn.Tanh())
        self.gru = GRU(hidden_size, hidden_size, num_layers)
        # The gains of Andrychowicz et al. (2021): a policy that begins almost without preferences learns better.
        self.policy, self.value = (
            nn.Sequential(_linear(hidden_size, hidden_size, 2**0.5), nn.Tanh(), _linear(hidden_size, size, gain))
            for size, gain in ((outputs, 0.01), (1, 1.0))
        )
        self.log_deviation = None if discrete else nn.Parameter(torch.zeros(outputs))

    def forward(
        self, observations: Tensor, starts: Tensor, state: Tensor | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return the policy and the values at every step.

        Args:
            observations: (T, N, I).
            starts: (T, N) bool, where an episode begins.
            state: (L, N, H) before the first step; None for zero.

        Returns:
            outputs (T, N, A), values (T, N), and the state after the last step.
        """
        encoded = self.encode(observations)
        if self.memory:
            states, last = self.gru(encoded, state, resets=starts)
        else:
            T, N, H = encoded.shape
            states = self.gru(encoded.reshape(1, T * N, H))[0].reshape(T, N, H)
            last = torch.zeros(self.gru.num_layers, N, H)
        return self.policy(states), self.value(states).squeeze(-1), last

    def encode(self, observations: Tensor) -> Tensor:
        """Return what the GRU reads, (T, N, H)."""
        if self.seen is not None:
            observations = self.seen.normalised(observations).clamp(-_FURTHEST, _FURTHEST)
        encoded: Tensor = self.encoder(observations)
        return encoded

    def judge(self, outputs: Tensor, actions: Tensor) -> tuple[Tensor, Tensor]:
        """Return the logarithm of the actions' probability, and the entropy of the policy, each (T, N)."""
        if self.log_deviation is None:
            logarithms = outputs.log_softmax(dim=-1)
            chosen = logarithms.gather(-1, actions[..., None]).squeeze(-1)
            return chosen, -(logarithms.exp() * logarithms).sum(dim=-1)
        each = (((actions - outputs) / self.log_deviation.exp()) ** 2 + math.log(2 * math.pi)) / 2 + self.log_deviation
        entropy = (self.log_deviation + (1 + math.log(2 * math.pi)) / 2).sum()
        return -each.sum(dim=-1), entropy.expand(each.shape[:-1])


class Moments(nn.Module):
    """The running mean and variance of what was seen (Chan et al. 1979), kept with the weights.

    Args:
        size: I.
    """

    mean: Tensor
    variance: Tensor
    count: Tensor

    def __init__(self, size: int):
        super().__init__()
        self.register_buffer("mean", torch.zeros(size, dtype=torch.float64))
        self.register_buffer("variance", torch.ones(size, dtype=torch.float64))
        self.register_buffer("count", torch.zeros((), dtype=torch.float64))

    def update(self, values: Tensor) -> None:
        """Count in more values (n, I)."""
        values = values.double()
        total = self.count + len(values)
        shift = values.mean(dim=0) - self.mean
        squares = self.variance * self.count + values.var(dim=0, correction=0) * len(values)
        self.variance.copy_((squares + shift**2 * self.count * len(values) / total) / total)
        self.mean.add_(shift * len(values) / total)
        self.count.copy_(total)

    @property
    def deviation(self) -> Tensor:
        """(I,) standard deviations, float32."""
        return (self.variance + 1e-8).sqrt().float()

    def normalised(self, values: Tensor) -> Tensor:
        """Return values (..., I) with the mean 0 and the deviation 1; 0 where nothing varied that could be learnt."""
        varied = self.variance > (ROUNDING * self.mean) ** 2
        return (values - self.mean.float()) / torch.where(varied, self.deviation, torch.inf)


def _linear(inputs: int, outputs: int, gain: float) -> nn.Linear:
    layer = nn.Linear(inputs, outputs)
    nn.init.orthogonal_(layer.weight, gain)
    nn.init.zeros_(layer.bias)
    return layer
