"""The sentences of a report of agents."""

from __future__ import annotations

from gruvy.report.agent.values import EnvironmentPart, ReturnCurve
from gruvy.report.text import listed


def curves_alt(part: EnvironmentPart) -> str:
    """Describe the learning curves to someone who cannot see them."""
    return f"Line plot of the mean return by steps of training: {listed([curve_end(curve) for curve in part.curves])}"


def curve_end(curve: ReturnCurve) -> str:
    """Say where a curve ends."""
    return f"{curve.name} ends at {curve.mean[-1]:.3f}" if len(curve.mean) else f"{curve.name} ended no episode"


def episode_aid(part: EnvironmentPart) -> str:
    """Say what an episode brought, and how much of its state the agent keeps."""
    episode = part.episode
    return (
        f"One episode of {len(episode.rewards)} steps with the likeliest actions, whose return is "
        f"{episode.rewards.sum():.3f}. A unit keeps {episode.update.mean():.0%} of its state per step on average."
    )
