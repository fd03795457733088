"""Reinforcement learning with memory: the estimator."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from gruvy.errors import ArgumentError
from gruvy.tasks.agent.environments import Environments, Make, maker, name_of, versions
from gruvy.tasks.agent.evaluation import act, network_chooser, play_episodes, random_chooser, score_row
from gruvy.tasks.agent.learning import Schedule, learn
from gruvy.tasks.agent.network import AgentNetwork
from gruvy.tasks.agent.ppo import Settings
from gruvy.tasks.agent.rollout import Player, deviations
from gruvy.tasks.agent.spaces import Actions, Observations
from gruvy.tasks.agent.trace import Trace, trace_episode
from gruvy.tasks.shared.estimator import Arrays, Document, Estimator
from gruvy.tasks.shared.params import FLAG, above, at_least, integer, within
from gruvy.tasks.shared.provenance import provenance
from gruvy.timeseries import Problems
from gruvy.training import Progress


class RecurrentAgent(Estimator):
    """Learns to act in an environment of gymnasium that it does not see all of: PPO with GRU memory.

    Proximal policy optimisation (Schulman et al. 2017) of a policy and a value that share GRU layers; see
    `gruvy.tasks.agent.network.AgentNetwork` for the network. Each iteration plays ``num_steps`` steps in ``num_envs``
    environments and learns from them ``num_epochs`` times. The layer runs over all of these steps in one call, with its
    state set back where an episode begins, and the gradient runs back through all of them. Observations are normalised
    and rewards scaled by running moments. Observations may be Box, Discrete or MultiDiscrete, actions Discrete or Box.

    Args:
        hidden_size: H, units of each layer.
        num_layers: GRU layers.
        memory: False gives the same network without memory: its state is set back before every step.
        num_envs: environments that are played at the same time, in this process.
        num_steps: steps of each of them in an iteration; memory is learnt over at most this many steps.
        num_epochs: how often an iteration's steps are learnt from.
        num_minibatches: parts of an epoch, each of whole environments; at most num_envs count.
        learning_rate: of Adam, at the beginning.
        anneal: whether the learning rate falls to 0 along a line.
        gamma: by which a reward counts less for each step that it lies ahead.
        gae_lambda: of generalised advantage estimation; the lower, the more the learnt values are trusted.
        clip_range: how far the probability of an action may change in an iteration, as a ratio, before its gradient
            is cut off.
        value_clip_range: the same for the values, in deviations of the returns; None: values are not clipped.
        value_coef: weight of the value's loss.
        entropy_coef: weight of the policy's entropy, which is kept high.
        max_grad_norm: gradients of a longer norm are shortened to it.
        random_state: an int makes fits repeat bit for bit on one machine and thread count.

    Attributes:
        environment_: the id of the environment, or the name of what made it.
        observations_, actions_: what was read of its spaces.
        history_: one row per iteration: iteration, steps, episodes that ended in it, mean_return, return_deviation and
            mean_length of these, policy_loss, value_loss, entropy (nats), kl, clip_fraction, seconds.
        n_parameters_: of the whole network.
        steps_per_second_: of playing and learning, median over the iterations.
        provenance_: versions, machine, threads, seed, date.

    Example:
        >>> agent = RecurrentAgent(random_state=0).fit("CartPole-v1", total_steps=8_192)
        >>> action, state = agent.predict(np.zeros(4))
        >>> action in (0, 1)
        True
    """

    _network: AgentNetwork

    TASK = "agent"
    _rules: ClassVar = {
        "memory": FLAG,
        "num_envs": integer(1),
        "num_steps": integer(1),
        "num_epochs": integer(1),
        "num_minibatches": integer(1),
        "anneal": FLAG,
        "gamma": within(0, 1),
        "gae_lambda": within(0, 1),
        "clip_range": above(0),
        "value_clip_range": above(0).or_none(),
        "value_coef": at_least(0),
        "entropy_coef": at_least(0),
        "max_grad_norm": above(0),
    }
    _fitted = ("environment_", "history_", "provenance_")
    _shaping = ("hidden_size", "num_layers", "memory")

    def __init__(
        self,
        *,
        hidden_size: int = 64,
        num_layers: int = 1,
        memory: bool = True,
        num_envs: int = 32,
        num_steps: int = 128,
        num_epochs: int = 8,
        num_minibatches: int = 8,
        learning_rate: float = 1e-3,
        anneal: bool = True,
        gamma: float = 0.99,
        gae_lambda: float = 0.9,
        clip_range: float = 0.2,
        value_clip_range: float | None = None,
        value_coef: float = 0.5,
        entropy_coef: float = 0.01,
        max_grad_norm: float = 0.5,
        random_state: int | np.random.RandomState | None = None,
    ):
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.memory = memory
        self.num_envs = num_envs
        self.num_steps = num_steps
        self.num_epochs = num_epochs
        self.num_minibatches = num_minibatches
        self.learning_rate = learning_rate
        self.anneal = anneal
        self.gamma = gamma
        self.gae_lambda = gae_lambda
        self.clip_range = clip_range
        self.value_clip_range = value_clip_range
        self.value_coef = value_coef
        self.entropy_coef = entropy_coef
        self.max_grad_norm = max_grad_norm
        self.random_state = random_state

    def fit(
        self,
        env: str | Make,
        *,
        total_steps: int = 500_000,
        checkpoint: str | os.PathLike[str] | None = None,
        resume: bool = False,
        progress: Callable[[Progress], None] | None = None,
        warm_start: Self | str | os.PathLike[str] | None = None,
        max_minutes: float | None = None,
    ) -> Self:
        """Train in an environment.

        Args:
            env: the id of an environment, as "CartPole-v1" or "popgym-RepeatPreviousEasy-v0", or a callable that makes
                one; it is called ``num_envs`` times.
            total_steps: of all environments together, rounded up to whole iterations.
            checkpoint: a folder in which the training is kept after every iteration.
            resume: go on with the training kept there, if there is one; the environments begin new episodes.
            progress: called with a `gruvy.training.Progress` after every iteration.
            warm_start: a fitted agent of the same parameters, or the path of its file, with whose weights the training
                begins; its moments of observations and returns are kept.
            max_minutes: the training ends within them, with as many iterations as fit; how many, and so the result,
                depends on the machine.

        Returns:
            The fitted agent.

        Raises:
            ArgumentError: parameters that cannot work, an unknown environment, a space of another kind, a training that
                diverged, or a checkpoint of another one.
            DataError: the environment gave observations or rewards that are not finite.
            MissingExtraError: gymnasium or POPGym is missing.
        """
        run = self._begin(checkpoint, resume, progress, warm_start, max_minutes)
        integer(1).check("total_steps", total_steps)
        make = maker(env)
        seen, actions = _spaces(make)
        if run.parent is not None:
            run.parent._check_spaces(name_of(env), (seen, actions))
        network = run.start(lambda: self._new_network(seen, actions))
        result = learn(
            network,
            lambda seed: Player(Environments(make, self.num_envs, seed), seen, actions, self.gamma),
            Settings(**{name: getattr(self, name) for name in Settings.__dataclass_fields__}),
            Schedule(
                -(-total_steps // (self.num_envs * self.num_steps)), self.num_steps, self.learning_rate, self.anneal
            ),
            seed=run.seed,
            checkpoint=run.checkpoint,
            resume=run.resume,
            identity={**self._identity([], environment=name_of(env), total_steps=total_steps), **run.identity},
            progress=run.progress,
            deadline=run.deadline,
        )
        self._fitted_params = self.get_params()
        self.environment_ = name_of(env)
        self.observations_, self.actions_ = seen, actions
        self.history_ = result.state.history
        self.provenance_ = {**provenance(), "seed": result.state.seed, **run.lineage()}
        self._note_end(run, "iteration", len(self.history_), result.planned, result.stopped)
        self.provenance_["versions"] |= versions()
        self._set_network(network)
        self._set_speed()
        return self

    def predict(
        self,
        observation: Any,
        state: NDArray[np.float32] | None = None,
        starts: NDArray[np.bool_] | None = None,
        *,
        random: np.random.Generator | None = None,
    ) -> tuple[Any, NDArray[np.float32]]:
        """Choose an action for the next step of one environment or of N.

        Args:
            observation: of one environment, or N of them in an array.
            state: what the last call returned; None at the beginning.
            starts: (N,) bool, where an episode begins and the state does not count; None: nowhere.
            random: what an action is drawn from the policy with; None: the likeliest action.

        Returns:
            The action, or N of them, as the environment takes it; and the state (L, N, H).

        Raises:
            DataError: observations that do not fit the space.
            ArgumentError: a state or starts of another number of environments.
        """
        check_is_fitted(self)
        alone = self.observations_.is_one(observation)
        encoded = self.observations_.encode([observation] if alone else observation)
        shape = (self.num_layers, len(encoded), self.hidden_size)
        if state is not None and np.shape(state) != shape:
            raise ArgumentError(f"state: expected {shape}, got {np.shape(state)}; give what the last call returned")
        outputs, after = act(
            self._network,
            encoded,
            np.zeros(len(encoded), bool) if starts is None else _starts(starts, len(encoded)),
            None if state is None else torch.from_numpy(np.asarray(state, np.float32)),
        )
        actions = self.actions_.decode(self.actions_.choose(outputs, deviations(self._network), random))
        return (actions[0] if alone else np.asarray(actions)), after.numpy()

    def evaluate(
        self, env: str | Make | None = None, *, episodes: int = 100, deterministic: bool = True, seed: int = 0
    ) -> list[dict[str, Any]]:
        """Measure the agent, and random actions, over whole episodes.

        Args:
            env: as for ``fit``; None: the environment of the fit, if it was given by its id.
            episodes: how many, 2 or more; they begin from the seeds ``seed``, ``seed + 1`` ...
            deterministic: the likeliest actions; False: drawn ones.
            seed: from 0 on.

        Returns:
            A row of the agent and one of "random actions", with name, mean_return, low and high (its 95% confidence
            interval by the bootstrap over the episodes), return_deviation, mean_length and episodes.

        Raises:
            ArgumentError: an unknown environment, or one with other spaces than that of the fit.
            DataError: the environment gave observations that are not finite.
        """
        random = play_episodes(self._maker(env), random_chooser(seed), _checked(episodes, seed), seed)
        played = self.play(env, episodes=episodes, deterministic=deterministic, seed=seed)
        return [
            score_row("GRU" if self.memory else "no memory", *played),
            score_row("random actions", *random),
        ]

    def play(
        self, env: str | Make | None = None, *, episodes: int = 100, deterministic: bool = True, seed: int = 0
    ) -> tuple[list[float], list[int]]:
        """Play whole episodes; the arguments and errors are those of ``evaluate``.

        Returns:
            The return and the number of steps of each episode.
        """
        make = self._maker(env)
        choose = network_chooser(self._network, self.observations_, self.actions_, None if deterministic else seed)
        return play_episodes(make, choose, _checked(episodes, seed), seed)

    def trace(self, env: str | Make | None = None, *, seed: int = 0) -> Trace:
        """Play one episode with the likeliest actions, and keep what was seen, done and remembered.

        Args:
            env: as for ``evaluate``.
            seed: from which the episode begins.

        Returns:
            Observations, actions, rewards and gates.

        Raises:
            ArgumentError: as ``evaluate``.
        """
        return trace_episode(self._network, self.observations_, self.actions_, self._maker(env), seed)

    def _maker(self, env: str | Make | None) -> Make:
        """What makes an environment with the spaces of the fit."""
        check_is_fitted(self)
        if env is None and self.environment_.endswith("()"):
            raise ArgumentError(
                f"env: the agent learnt in an environment made by the callable {self.environment_}, which it does not "
                "keep; give that callable, or the id of an environment"
            )
        make = maker(self.environment_ if env is None else env)
        name = self.environment_ if env is None else name_of(env)
        self._check_spaces(name, _spaces(make))
        return make

    def _check_spaces(self, name: str, spaces: tuple[Observations, Actions]) -> None:
        for what, own, other in zip(
            ("observations", "actions"), (self.observations_, self.actions_), spaces, strict=True
        ):
            if own != other:
                raise ArgumentError(f"env: {name} has {other} for {what}, where the agent learnt with {own}")

    def _check_together(self, params: Mapping[str, Any], problems: Problems) -> None:
        # A step that only begins the next episode counts for nothing, and two have to count.
        envs, steps = params.get("num_envs", 4), params.get("num_steps", 4)
        if steps < 2 or envs * steps < 4:
            problems.add(
                f"num_envs x num_steps: expected 4 steps or more, of each environment 2 or more, got {envs} x {steps}"
            )

    def _new_network(self, seen: Observations, actions: Actions) -> AgentNetwork:
        return AgentNetwork(
            seen.size,
            actions.size,
            discrete=actions.discrete,
            normalise=seen.sizes is None,
            hidden_size=self.hidden_size,
            num_layers=self.num_layers,
            memory=self.memory,
        )

    def _state(self) -> tuple[Arrays, Document]:
        return self._network_arrays(), {
            "observations": self.observations_.document(),
            "actions": self.actions_.document(),
            "no_graph": "what an environment's observations and actions are is no operation of a graph",
        }

    def _restore(self, arrays: Arrays, document: Document) -> None:
        self.observations_ = Observations.of_document(document["observations"])
        self.actions_ = Actions.of_document(document["actions"])
        self._set_network(self._new_network(self.observations_, self.actions_), arrays)
        self._set_speed()

    def _set_speed(self) -> None:
        steps = self.num_envs * self.num_steps
        self.steps_per_second_ = float(np.median([steps / row["seconds"] for row in self.history_]))


def _starts(starts: Any, environments: int) -> NDArray[np.bool_]:
    found = np.atleast_1d(np.asarray(starts, bool))
    if found.shape != (environments,):
        raise ArgumentError(f"starts: expected {environments}, one for each environment, got shape {found.shape}")
    return found


def _checked(episodes: int, seed: int) -> int:
    integer(2).check("episodes", episodes)
    integer(0).check("seed", seed)
    return episodes


def _spaces(make: Make) -> tuple[Observations, Actions]:
    env = make()
    try:
        return Observations.of(env.observation_space), Actions.of(env.action_space)
    finally:
        env.close()
