"""How good a policy is, over whole episodes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from gruvy.tasks.agent.environments import Environment, Make
from gruvy.tasks.agent.network import AgentNetwork
from gruvy.tasks.agent.rollout import deviations
from gruvy.tasks.agent.spaces import Actions, Observations

# Samples of the bootstrap, and episodes that are played at the same time.
_SAMPLES = 2000
_TOGETHER = 16

# (observations of N environments, which begin an episode, the environments) -> their actions.
Chooser = Callable[[Sequence[Any], NDArray[np.bool_], Sequence[Environment]], Sequence[Any]]


def play_episodes(make: Make, choose: Chooser, episodes: int, seed: int) -> tuple[list[float], list[int]]:
    """Play whole episodes.

    Episode k begins from the seed ``seed + k``, whoever plays, and no episode is left out because it is long.

    Args:
        make: makes an environment.
        choose: chooses the actions.
        episodes: how many.
        seed: from 0 on.

    Returns:
        Returns and lengths.
    """
    environments = [make() for _ in range(min(_TOGETHER, episodes))]
    returns, lengths = [0.0] * episodes, [0] * episodes
    playing = list(range(len(environments)))  # the episode of each environment
    following = len(environments)
    observations = [env.reset(seed=seed + episode)[0] for env, episode in zip(environments, playing, strict=True)]
    starts = np.ones(len(environments), bool)
    while min(playing) < episodes:
        actions = choose(observations, starts, environments)
        starts = np.zeros(len(environments), bool)
        for place, env in enumerate(environments):
            episode = playing[place]
            if episode >= episodes:
                continue
            observations[place], reward, ended, cut, _ = env.step(actions[place])
            returns[episode] += float(reward)
            lengths[episode] += 1
            if ended or cut:
                playing[place], starts[place] = following, True
                if following < episodes:
                    observations[place] = env.reset(seed=seed + following)[0]
                following += 1
    for env in environments:
        env.close()
    return returns, lengths


def network_chooser(network: AgentNetwork, seen: Observations, actions: Actions, seed: int | None) -> Chooser:
    """Return what chooses as the network does: the likeliest actions, or with a seed drawn ones."""
    random = None if seed is None else np.random.default_rng(seed)
    state = None

    def choose(observations: Sequence[Any], starts: NDArray[np.bool_], _: Sequence[Environment]) -> Sequence[Any]:
        nonlocal state
        outputs, state = act(network, seen.encode(observations), starts, state)
        return actions.decode(actions.choose(outputs, deviations(network), random))

    return choose


def random_chooser(seed: int) -> Chooser:
    """Return what chooses any action, each as likely as the others."""
    seeded: set[int] = set()

    def choose(_: Sequence[Any], starts: NDArray[np.bool_], environments: Sequence[Environment]) -> Sequence[Any]:
        for number, env in enumerate(environments):
            if number not in seeded:
                seeded.add(number)
                env.action_space.seed(seed + number)
        return [env.action_space.sample() for env in environments]

    return choose


@torch.no_grad()
def act(
    network: AgentNetwork, observations: NDArray[np.float32], starts: NDArray[np.bool_], state: torch.Tensor | None
) -> tuple[NDArray[np.float32], torch.Tensor]:
    """Return the policy's outputs (N, A) for one step of N environments, and the state after it."""
    outputs, _, state = network(torch.from_numpy(observations)[None], torch.from_numpy(starts)[None], state)
    return outputs[0].numpy(), state


def score_row(name: str, returns: Sequence[float], lengths: Sequence[int]) -> dict[str, Any]:
    """One row of the table of scores.

    Returns:
        name, mean_return with low and high (95% percentile bootstrap over the episodes), return_deviation, mean_length,
        episodes.
    """
    found = np.array(returns)
    drawn = np.random.default_rng(0).integers(0, len(found), (_SAMPLES, len(found)))
    low, high = np.quantile(found[drawn].mean(axis=1), [0.025, 0.975])
    return {
        "name": name,
        "mean_return": float(found.mean()),
        "low": float(low),
        "high": float(high),
        "return_deviation": float(found.std()),
        "mean_length": float(np.mean(lengths)),
        "episodes": len(found),
    }
