"""One episode, looked at closely."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from gruvy.tasks.agent.environments import Make
from gruvy.tasks.agent.evaluation import network_chooser
from gruvy.tasks.agent.network import AgentNetwork
from gruvy.tasks.agent.spaces import Actions, Observations


@dataclass(frozen=True)
class Trace:
    """One episode.

    Attributes:
        observations: T, as the environment gave them.
        actions: T, as the environment took them.
        rewards: (T,).
        reset, update: (T, H) gates of the last layer; the update gate keeps the old state.
    """

    observations: list[Any]
    actions: list[Any]
    rewards: NDArray[np.float64]
    reset: NDArray[np.float32]
    update: NDArray[np.float32]


def trace_episode(network: AgentNetwork, seen: Observations, actions: Actions, make: Make, seed: int) -> Trace:
    """Play one episode with the likeliest actions, and keep what was seen, done and remembered."""
    env = make()
    choose = network_chooser(network, seen, actions, None)
    observation, _ = env.reset(seed=seed)
    observations: list[Any] = []
    chosen: list[Any] = []
    rewards: list[float] = []
    over = False
    while not over:
        observations.append(observation)
        chosen.append(choose([observation], np.array([not rewards]), [env])[0])
        observation, reward, ended, cut, _ = env.step(chosen[-1])
        rewards.append(float(reward))
        over = ended or cut
    env.close()
    with torch.no_grad():
        encoded = network.encode(torch.from_numpy(seen.encode(observations))[:, None])
    starts = torch.full((len(rewards), 1), not network.memory)
    gates = network.gru.gates(encoded, resets=starts)
    reset, update = (gates[name][-1, :, 0].numpy() for name in ("reset", "update"))
    return Trace(observations, chosen, np.array(rewards), reset, update)
