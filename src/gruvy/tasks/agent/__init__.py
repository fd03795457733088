"""Reinforcement learning with memory: `RecurrentAgent`."""

from gruvy.tasks.agent.recurrent_agent import RecurrentAgent
from gruvy.tasks.agent.trace import Trace

__all__ = ["RecurrentAgent", "Trace"]
