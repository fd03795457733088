"""The checks of a RecurrentAgent's parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from gruvy.errors import ArgumentError
from gruvy.tasks.params import is_int, is_real
from gruvy.timeseries import Problems

_COUNTS = ("hidden_size", "num_layers", "num_envs", "num_steps", "num_epochs", "num_minibatches")
_SWITCHES = ("memory", "anneal")
_SHARES = ("gamma", "gae_lambda")
_POSITIVE = ("clip_range", "learning_rate", "max_grad_norm")
_NOT_NEGATIVE = ("value_coef", "entropy_coef")


def check_params(params: Mapping[str, Any]) -> None:
    """Refuse what cannot work, all of it at once.

    Args:
        params: what ``RecurrentAgent.get_params()`` gives.

    Raises:
        ArgumentError: every parameter with a wrong type or value.
    """
    problems = Problems("RecurrentAgent")
    for name in _COUNTS:
        if not is_int(params[name]) or params[name] < 1:
            problems.add(f"{name}: expected a whole number from 1 on, got {params[name]!r}")
    if not problems.found and (params["num_steps"] < 2 or params["num_envs"] * params["num_steps"] < 4):
        # A step that only begins the next episode counts for nothing, and two have to count.
        steps = f"{params['num_envs']} x {params['num_steps']}"
        problems.add(f"num_envs x num_steps: expected 4 steps or more, of each environment 2 or more, got {steps}")
    for name in _SWITCHES:
        if not isinstance(params[name], bool):
            problems.add(f"{name}: expected True or False, got {params[name]!r}")
    for name in _SHARES:
        if not is_real(params[name]) or not 0 <= params[name] <= 1:
            problems.add(f"{name}: expected a number from 0 to 1, got {params[name]!r}")
    for name in _POSITIVE:
        if not is_real(params[name]) or not params[name] > 0:
            problems.add(f"{name}: expected a number above 0, got {params[name]!r}")
    for name in _NOT_NEGATIVE:
        if not is_real(params[name]) or not params[name] >= 0:
            problems.add(f"{name}: expected a number from 0 on, got {params[name]!r}")
    clip = params["value_clip_range"]
    if clip is not None and (not is_real(clip) or not clip > 0):
        problems.add(f"value_clip_range: expected None or a number above 0, got {clip!r}")
    state = params["random_state"]
    if not (state is None or isinstance(state, np.random.RandomState) or (is_int(state) and 0 <= state < 2**32)):
        problems.add(f"random_state: expected None, an int from 0 to 2**32 - 1 or a RandomState, got {state!r}")
    problems.raise_as(ArgumentError)
