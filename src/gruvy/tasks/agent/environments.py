"""Environments of gymnasium, several of them stepped together in one process."""

from __future__ import annotations

import functools
import importlib
import math
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from gruvy.errors import ArgumentError, DataError, MissingExtraError


class Environment(Protocol):
    """What is used of ``gymnasium.Env``."""

    observation_space: Any
    action_space: Any

    def reset(self, *, seed: int | None = None) -> tuple[Any, dict[str, Any]]:
        """Begin an episode."""
        ...

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """Take an action."""
        ...

    def close(self) -> None:
        """Free what it holds."""
        ...


Make = Callable[[], Environment]


def maker(env: str | Make) -> Make:
    """Return what makes an environment, from its id or from a callable that makes it.

    Args:
        env: an id of gymnasium, or module:id to import the module that registers it first. Those of POPGym, as
            "popgym-RepeatPreviousEasy-v0", are known without.

    Raises:
        ArgumentError: an unknown id, or neither an id nor a callable.
        MissingExtraError: gymnasium or POPGym is missing.
    """
    try:
        import gymnasium

        if isinstance(env, str) and env.startswith("popgym-"):
            import popgym  # noqa: F401 (which registers its environments)
    except ModuleNotFoundError as error:
        raise MissingExtraError("RecurrentAgent", "agent", error.name) from error
    if not isinstance(env, str):
        if not callable(env):
            raise ArgumentError(f"env: expected the id of an environment or a callable that makes one, got {env!r}")
        return env
    module, _, name = env.rpartition(":")
    try:
        if module:
            importlib.import_module(module)
        spec = gymnasium.spec(name)
    except (gymnasium.error.Error, ModuleNotFoundError, TypeError, ValueError) as error:
        cause = str(error).strip().rstrip(".")
        raise ArgumentError(f"env: {env!r} is no environment that gymnasium knows ({cause})") from error

    def make() -> Any:
        try:
            return gymnasium.make(spec, disable_env_checker=True)  # which would look at every step again
        except gymnasium.error.Error as error:  # its simulator is missing, above all
            raise ArgumentError(f"env: {env!r} cannot be made ({str(error).strip().rstrip('.')})") from error

    return make


def name_of(env: str | Make) -> str:
    """Return what an environment is called: its id, or the name of the callable with ``()``, which no id has."""
    if isinstance(env, str):
        return env
    function = env.func if isinstance(env, functools.partial) else env
    return f"{getattr(function, '__name__', type(function).__name__)}()"


def versions() -> dict[str, str]:
    """Return the versions of what environments come from."""
    return {name: version(name) for name in ("gymnasium", "popgym") if name in sys.modules}


class Environments:
    """N environments in one process, each begun anew after it has ended.

    A tight loop over a list: 25% less time a step than gymnasium's SyncVectorEnv on POPGym's environments, which take
    some 10 microseconds themselves. As there (``AutoresetMode.NEXT_STEP``), the last observation of an episode is seen
    too, and the step after it, whose action counts for nothing, begins the next one.

    Args:
        make: makes one environment.
        count: N.
        seed: of all of them.

    Attributes:
        over: (N,) bool: which are at the last observation of an episode.
    """

    def __init__(self, make: Make, count: int, seed: int):
        self._environments = [make() for _ in range(count)]
        seeds = np.random.SeedSequence(seed).generate_state(count).tolist()
        self.observations = [env.reset(seed=seed)[0] for env, seed in zip(self._environments, seeds, strict=True)]
        self.over = np.zeros(count, bool)

    def step(
        self, actions: Sequence[Any]
    ) -> tuple[list[Any], NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_]]:
        """Take a step of each; ``observations`` and ``over`` are then new.

        Args:
            actions: N.

        Returns:
            The new observations; rewards (N,); which episodes have ended by themselves and not by a limit of time;
            which begin with this observation.

        Raises:
            DataError: a reward is not finite.
        """
        began = self.over
        rewards, terminated = np.zeros(len(actions)), np.zeros(len(actions), bool)
        self.over = np.zeros(len(actions), bool)
        for number, env in enumerate(self._environments):
            if began[number]:
                self.observations[number] = env.reset()[0]
                continue
            observation, reward, ended, cut, _ = env.step(actions[number])
            if not math.isfinite(reward):
                raise DataError(f"the environment: expected a finite reward, got {reward}; mend its step()")
            self.observations[number] = observation
            rewards[number], terminated[number], self.over[number] = reward, ended, ended or cut
        return self.observations, rewards, terminated, began

    def close(self) -> None:
        """Close all of them."""
        for env in self._environments:
            env.close()
