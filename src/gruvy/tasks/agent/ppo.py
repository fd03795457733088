"""Proximal policy optimisation (Schulman et al. 2017) of a network with memory."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from gruvy.tasks.agent.network import AgentNetwork
from gruvy.tasks.agent.rollout import Rollout, advantages


@dataclass(frozen=True)
class Settings:
    """How an update is made; see the arguments of the `RecurrentAgent`."""

    num_epochs: int
    num_minibatches: int
    gamma: float
    gae_lambda: float
    clip_range: float
    value_clip_range: float | None
    value_coef: float
    entropy_coef: float
    max_grad_norm: float


def update(
    network: AgentNetwork, optimizer: torch.optim.Optimizer, rollout: Rollout, settings: Settings
) -> dict[str, float]:
    """Improve a policy by what it lived through.

    A minibatch is some of the environments with all their steps, so that the gradient runs back through the whole
    segment in one call of the layer, and stops where an episode begins. Draws from torch's generator.

    Args:
        network: what is improved.
        optimizer: of its parameters.
        rollout: what was lived through with it.
        settings: how.

    Returns:
        Means over the minibatches: policy_loss, value_loss, entropy (nats), kl (an estimate of the divergence of the
        new policy from the old one), clip_fraction (fraction of the actions whose ratio was clipped).
    """
    with torch.no_grad():
        outputs, values, _ = network(rollout.observations, rollout.starts, rollout.state)
        logarithms, _ = network.judge(outputs[:-1], rollout.actions)
        gains = advantages(rollout, values, settings.gamma, settings.gae_lambda)
        targets = gains + values[:-1]
        valid = gains[rollout.valid]
        gains = (gains - valid.mean()) / (valid.std() + 1e-8)
    rows = []
    for _ in range(settings.num_epochs):
        for chosen in torch.randperm(gains.shape[1]).chunk(settings.num_minibatches):
            outputs, found, _ = network(
                rollout.observations[:-1, chosen], rollout.starts[:-1, chosen], rollout.state[:, chosen]
            )
            new, entropy = network.judge(outputs, rollout.actions[:, chosen])
            here = rollout.valid[:, chosen]
            row = losses(
                (new - logarithms[:, chosen])[here],
                gains[:, chosen][here],
                found[here],
                values[:-1, chosen][here],
                targets[:, chosen][here],
                entropy[here],
                settings,
            )
            loss = row["policy_loss"] + settings.value_coef * row["value_loss"] - settings.entropy_coef * row["entropy"]
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(network.parameters(), settings.max_grad_norm)
            optimizer.step()
            rows.append(torch.stack([value.detach() for value in row.values()]))
    return dict(zip(row, torch.stack(rows).mean(dim=0).tolist(), strict=True))


def losses(
    change: Tensor,
    gains: Tensor,
    values: Tensor,
    old_values: Tensor,
    targets: Tensor,
    entropy: Tensor,
    settings: Settings,
) -> dict[str, Tensor]:
    """The clipped losses of n actions.

    With the ratio rho = p_new(a) / p_old(a) of an action's probabilities::

        policy_loss = -mean min(rho A, clip(rho, 1 - c, 1 + c) A)
        value_loss  = mean (V - target)^2 / 2, or with a clip range d the larger of it and of the same with V kept
                      within d of the old one

    Args:
        change: (n,) log rho.
        gains: (n,) normalised advantages A.
        values, old_values, targets: (n,).
        entropy: (n,).
        settings: the clip ranges.

    Returns:
        What `update` tells, as scalars.
    """
    ratio = change.exp()
    clipped = ratio.clamp(1 - settings.clip_range, 1 + settings.clip_range)
    errors = (values - targets) ** 2
    if settings.value_clip_range is not None:
        near = old_values + (values - old_values).clamp(-settings.value_clip_range, settings.value_clip_range)
        errors = torch.maximum(errors, (near - targets) ** 2)
    return {
        "policy_loss": -torch.minimum(ratio * gains, clipped * gains).mean(),
        "value_loss": errors.mean() / 2,
        "entropy": entropy.mean(),
        "kl": (ratio - 1 - change).mean(),
        "clip_fraction": (ratio != clipped).float().mean(),
    }
