"""What a policy lived through, and how much better than expected its actions were."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gruvy.tasks.agent.environments import Environments
from gruvy.tasks.agent.network import AgentNetwork
from gruvy.tasks.agent.spaces import Actions, Observations


@dataclass(frozen=True)
class Rollout:
    """T steps of N environments.

    Where ``valid`` is False, the observation is the last of an episode: it is seen for its value alone, and there is
    no action.

    Attributes:
        state: (L, N, H) before the first step.
        observations: (T, N, I), and one row more: what is seen after the last step.
        starts: (T + 1, N) where an episode begins.
        actions: (T, N) choices or (T, N, A) numbers.
        valid: (T, N).
        rewards: (T, N).
        terminated: (T, N) whether this action ended the episode, so that nothing comes after it.
    """

    state: Tensor
    observations: Tensor
    starts: Tensor
    actions: Tensor
    valid: Tensor
    rewards: Tensor
    terminated: Tensor


@dataclass
class Player:
    """Plays on from one rollout to the next.

    Attributes:
        returns, lengths: of the episodes that ended in the last rollout.
    """

    environments: Environments
    seen: Observations
    actions: Actions
    gamma: float
    returns: list[float] = field(default_factory=list)
    lengths: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        N = len(self.environments.over)
        self._observations = self.seen.encode(self.environments.observations)
        self._starts = np.ones(N, bool)
        self._state: Tensor | None = None
        self._return, self._length, self._discounted = np.zeros(N), np.zeros(N, int), np.zeros(N)

    @torch.no_grad()
    def play(self, network: AgentNetwork, steps: int, random: np.random.Generator) -> Rollout:
        """Take this many steps of every environment, with actions drawn from the policy.

        The rewards are divided by the deviation of the discounted returns, whose moments the network keeps.
        """
        N, I = self._observations.shape
        if self._state is None:
            self._state = torch.zeros(network.gru.num_layers, N, network.gru.hidden_size)
        first, deviation = self._state, deviations(network)
        observations, starts = np.empty((steps + 1, N, I), np.float32), np.empty((steps + 1, N), bool)
        rewards, terminated, valid = np.empty((steps, N)), np.empty((steps, N), bool), np.empty((steps, N), bool)
        discounted, chosen = np.empty((steps, N)), []
        self.returns, self.lengths = [], []
        for t in range(steps):
            observations[t], starts[t] = self._observations, self._starts
            valid[t] = ~self.environments.over
            outputs, _, self._state = network(
                torch.from_numpy(observations[t : t + 1]), torch.from_numpy(starts[t : t + 1]), self._state
            )
            chosen.append(self.actions.choose(outputs[0].numpy(), deviation, random))
            after, rewards[t], terminated[t], self._starts = self.environments.step(self.actions.decode(chosen[-1]))
            self._observations = self.seen.encode(after)
            discounted[t] = self._count(rewards[t], valid[t])
        observations[steps], starts[steps] = self._observations, self._starts

        network.returns.update(torch.from_numpy(discounted[valid])[:, None])
        return Rollout(
            first,
            torch.from_numpy(observations),
            torch.from_numpy(starts),
            torch.from_numpy(np.stack(chosen)),
            torch.from_numpy(valid),
            torch.from_numpy(rewards).float() / network.returns.deviation,
            torch.from_numpy(terminated),
        )

    def _count(self, rewards: NDArray[np.float64], valid: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Add up the episodes, and return the discounted return so far in each environment."""
        over = self.environments.over
        self._return += rewards
        self._length += valid
        discounted = self._discounted = self.gamma * self._discounted + rewards
        if over.any():
            self.returns += self._return[over].tolist()
            self.lengths += self._length[over].tolist()
            self._return, self._length = np.where(over, 0, self._return), np.where(over, 0, self._length)
            self._discounted = np.where(over, 0, discounted)
        return discounted


def deviations(network: AgentNetwork) -> NDArray[np.float32] | None:
    """The standard deviations of an action's numbers; None of choices."""
    return None if network.log_deviation is None else network.log_deviation.detach().exp().numpy()


def advantages(rollout: Rollout, values: Tensor, gamma: float, gae_lambda: float) -> Tensor:
    """Generalised advantage estimation (Schulman et al. 2016), over the ends of episodes::

        delta_t = r_t + gamma V_{t+1} - V_t            V_{t+1} = 0 where the episode has terminated
        A_t     = delta_t + gamma lambda A_{t+1}       A_{t+1} = 0 where it has ended

    An episode that a limit of time cut off would have gone on: there V_{t+1} is the value of its last observation.

    Args:
        rollout: T steps of N environments.
        values: (T + 1, N).
        gamma: by which a reward counts less for each step that it lies ahead.
        gae_lambda: between 0 (one step, then the value) and 1 (all rewards).

    Returns:
        (T, N); 0 where the rollout is not valid.
    """
    deltas = rollout.rewards + gamma * values[1:] * ~rollout.terminated - values[:-1]
    found = torch.zeros_like(deltas)
    after = torch.zeros_like(deltas[0])
    for t in reversed(range(len(deltas))):
        after = found[t] = (deltas[t] + gamma * gae_lambda * after) * rollout.valid[t]
    return found
