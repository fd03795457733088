"""A fitted RecurrentAgent in a .gruvy file: arrays and plain JSON."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gruvy import files
from gruvy.errors import FileFormatError
from gruvy.tasks.agent.network import AgentNetwork
from gruvy.tasks.agent.spaces import Actions, Observations
from gruvy.tasks.weights import network_arrays, set_network

if TYPE_CHECKING:
    from gruvy.tasks.agent.recurrent_agent import RecurrentAgent

TASK = "agent"
# Fitted attributes that are plain JSON as they are.
_PLAIN = ("environment_", "history_", "provenance_")


def write_agent(agent: RecurrentAgent, path: str | os.PathLike[str]) -> Path:
    """Write a fitted RecurrentAgent."""
    tensors = network_arrays(agent._network)
    document = {
        "task": TASK,
        "params": agent._saved_params(),
        "observations": agent.observations_.document(),
        "actions": agent.actions_.document(),
        "fitted": {name: getattr(agent, name) for name in _PLAIN},
        "no_graph": "what an environment's observations and actions are is no operation of a graph",
    }
    return files.write(path, tensors, document)


def read_agent(
    agent_type: type[RecurrentAgent], path: Path, tensors: dict[str, np.ndarray], document: dict[str, Any]
) -> RecurrentAgent:
    """Put a fitted RecurrentAgent together from the content of its file.

    Raises:
        FileFormatError: parts are missing or do not fit each other.
    """
    try:
        agent = agent_type(**document["params"])
        agent.observations_ = Observations.of_document(document["observations"])
        agent.actions_ = Actions.of_document(document["actions"])
        network = new_network(agent, agent.observations_, agent.actions_)
        set_network(network, tensors)
        for name in _PLAIN:
            setattr(agent, name, document["fitted"][name])
        agent._keep(network)
    except (AttributeError, KeyError, TypeError, ValueError, RuntimeError) as error:
        raise FileFormatError(f"{path}: the model in it is damaged ({error}); save or copy it again") from error
    return agent


def new_network(agent: RecurrentAgent, seen: Observations, actions: Actions) -> AgentNetwork:
    """The network for these parameters and spaces, untrained."""
    return AgentNetwork(
        seen.size,
        actions.size,
        discrete=actions.discrete,
        normalise=seen.sizes is None,
        hidden_size=agent.hidden_size,
        num_layers=agent.num_layers,
        memory=agent.memory,
    )
