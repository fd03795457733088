"""The parts of the agent, each against a calculation of its own."""

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium.spaces import Box, Dict, Discrete, MultiDiscrete
from torch.distributions import Categorical, Normal

from gruvy.errors import ArgumentError, DataError
from gruvy.tasks.agent.environments import Environments
from gruvy.tasks.agent.evaluation import play_episodes, random_chooser, score_row
from gruvy.tasks.agent.network import AgentNetwork, Moments
from gruvy.tasks.agent.ppo import Settings, losses, update
from gruvy.tasks.agent.rollout import Player, Rollout, advantages
from gruvy.tasks.agent.spaces import Actions, Observations

SETTINGS = Settings(1, 1, 0.9, 0.8, 0.2, None, 0.5, 0.01, 0.5)


class Count(gymnasium.Env):
    """Observes how many steps were taken; ends by itself after ``ends`` steps, or is cut off after ``cut``."""

    observation_space = Box(0, 100, (1,))
    action_space = Discrete(3)

    def __init__(self, ends=3, cut=100, reward=1.0):
        self.ends, self.cut, self.reward = ends, cut, reward

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.count = 0
        return np.zeros(1, np.float32), {}

    def step(self, action):
        self.count += 1
        seen = np.full(1, self.count, np.float32)
        return seen, self.reward * self.count, self.count == self.ends, self.count == self.cut, {}


# ---- spaces ----


def test_observations_become_vectors():
    assert Observations.of(Discrete(3, start=5)).encode([5, 7]).tolist() == [[1, 0, 0], [0, 0, 1]]
    many = Observations.of(MultiDiscrete([2, 3]))
    assert many.size == 5
    assert many.encode([[1, 0], [0, 2]]).tolist() == [[0, 1, 1, 0, 0], [1, 0, 0, 0, 1]]
    box = Observations.of(Box(-1, 1, (2, 2)))
    assert box.encode([[[1, 2], [3, 4]]]).tolist() == [[1, 2, 3, 4]]
    for seen in (many, box):
        assert Observations.of_document(seen.document()) == seen


@pytest.mark.parametrize(
    ("space", "observation", "message"),
    [
        (Discrete(3), 3, r"3 is outside of the space, Discrete\(3\)"),
        (Discrete(3, start=1), 0, "0 is outside"),
        (Box(-1, 1, (2,)), [0.0, np.nan], "expected finite numbers, got nan"),
        (Box(-1, 1, (2,)), [0.0, 1.0, 2.0], r"expected shape \(2,\), got \(3,\)"),
        (Box(-1, 1, (1,)), ["left"], "expected shape"),
    ],
)
def test_observations_that_cannot_be(space, observation, message):
    with pytest.raises(DataError, match=message):
        Observations.of(space).encode([observation])


def test_spaces_that_are_refused():
    with pytest.raises(ArgumentError, match=r"observations: expected a Box.*got Dict.*FlattenObservation"):
        Observations.of(Dict({"a": Discrete(2)}))
    for space in (MultiDiscrete([2, 2]), Box(0, np.inf, (1,)), Box(0, 9, (1,), np.int64)):
        with pytest.raises(ArgumentError, match="actions: expected a Discrete space or a Box"):
            Actions.of(space)


def test_choices_are_drawn_as_often_as_their_softmax_says():
    actions = Actions.of(Discrete(3, start=2))
    outputs = np.tile(np.log([0.2, 0.5, 0.3]).astype(np.float32), (20_000, 1))
    drawn = actions.choose(outputs, None, np.random.default_rng(0))
    np.testing.assert_allclose(np.bincount(drawn) / len(drawn), [0.2, 0.5, 0.3], atol=0.012)
    assert actions.decode(actions.choose(outputs[:2], None, None)) == [3, 3]


def test_numbers_lie_between_the_bounds():
    actions = Actions.of(Box(np.array([-2, 0], np.float32), np.array([2, 10], np.float32)))
    decoded = np.array(actions.decode(np.array([[0.0, 0.0], [-3.0, 3.0]], np.float32)))
    assert decoded.tolist() == [[0, 5], [-2, 10]]
    assert Actions.of_document(actions.document()) == actions
    free = Actions.of(Box(-np.inf, np.inf, (1,)))
    assert np.array(free.decode(np.array([[-30.0]], np.float32))).tolist() == [[-30]]
    drawn = actions.choose(np.zeros((10_000, 2), np.float32), np.array([1, 3], np.float32), np.random.default_rng(0))
    np.testing.assert_allclose(drawn.std(axis=0), [1, 3], rtol=0.03)


# ---- environments ----


def test_episodes_begin_anew_after_their_last_observation():
    environments = Environments(lambda: Count(ends=2), 1, 0)
    rows = [environments.step([0]) for _ in range(4)]
    seen = [row[0][0].item() for row in [(environments.observations,)]]
    assert seen == [1]  # the fourth step took the second episode's first action
    assert [row[1].item() for row in rows] == [1, 2, 0, 1]
    assert [row[2].item() for row in rows] == [False, True, False, False]
    assert [row[3].item() for row in rows] == [False, False, True, False]


def test_a_reward_that_is_not_finite():
    environments = Environments(lambda: Count(reward=float("nan")), 2, 0)
    with pytest.raises(DataError, match="expected a finite reward, got nan"):
        environments.step([0, 0])


def test_no_episode_counts_twice_because_it_is_short():
    lengths = iter([2, 9] * 20)
    returns, found = play_episodes(lambda: Count(ends=next(lengths)), random_chooser(0), 40, 0)
    assert sorted(set(found)) == [2, 9]
    assert len(found) == 40
    assert found.count(9) >= 8  # of each of the 16 environments' first episode, half are long
    assert all(reached == n * (n + 1) / 2 for reached, n in zip(returns, found, strict=True))


def test_the_interval_of_the_mean_is_a_bootstrap():
    values = np.random.default_rng(1).normal(3, 2, 400)
    row = score_row("a", values, np.ones(400))
    half = 1.96 * values.std() / 20
    assert row["mean_return"] == pytest.approx(values.mean())
    assert (row["low"], row["high"]) == pytest.approx((values.mean() - half, values.mean() + half), abs=0.03)


# ---- advantages ----


def by_hand(rewards, values, last, gamma, lam):
    """One episode's advantages from their definition as a sum; ``last`` is the value after its end."""
    after = [*values[1:], last]
    deltas = [r + gamma * w - v for r, w, v in zip(rewards, after, values, strict=True)]
    return [sum((gamma * lam) ** k * delta for k, delta in enumerate(deltas[t:])) for t in range(len(deltas))]


def test_advantages_over_the_ends_of_episodes():
    gamma, lam = 0.9, 0.8
    random = np.random.default_rng(0)
    rewards, values = random.normal(size=(2, 11))
    values = np.append(values, 0.5)
    valid = np.ones(11, bool)
    valid[[3, 8]] = False  # rows 0-2 are an episode that terminates, 4-7 one that is cut off, 9-10 goes on
    terminated = np.arange(11) == 2
    tensor = lambda x: torch.tensor(x)[:, None]  # noqa: E731
    rollout = Rollout(*[torch.empty(0)] * 4, tensor(valid), tensor(rewards), tensor(terminated))
    found = advantages(rollout, tensor(values), gamma, lam)[:, 0].numpy()
    np.testing.assert_allclose(found[:3], by_hand(rewards[:3], values[:3], 0.0, gamma, lam))
    np.testing.assert_allclose(found[4:8], by_hand(rewards[4:8], values[4:8], values[8], gamma, lam))
    np.testing.assert_allclose(found[9:], by_hand(rewards[9:], values[9:11], values[11], gamma, lam))
    assert found[3] == found[8] == 0


def test_a_rollout_says_what_happened():
    network = AgentNetwork(1, 3, discrete=True, normalise=True, hidden_size=4)
    seen, actions = Observations.of(Count.observation_space), Actions.of(Count.action_space)
    player = Player(Environments(lambda: Count(ends=5, cut=2), 2, 0), seen, actions, 0.9)
    rollout = player.play(network, 7, np.random.default_rng(0))
    assert rollout.observations[:, 0, 0].tolist() == [0, 1, 2, 0, 1, 2, 0, 1]
    assert rollout.starts[:, 1].tolist() == [True, False, False, True, False, False, True, False]
    assert rollout.valid[:, 0].tolist() == [True, True, False, True, True, False, True]
    assert not rollout.terminated.any()  # they were cut off
    assert player.returns == [3.0] * 4
    assert player.lengths == [2] * 4
    scaled = rollout.rewards[:, 0] / rollout.rewards[0, 0]
    assert scaled.tolist() == pytest.approx([1, 2, 0, 1, 2, 0, 1])
    discounted = np.array([1, 0.9 + 2, 1, 0.9 + 2, 1] * 2)
    assert rollout.rewards[0, 0].item() == pytest.approx(1 / discounted.std(), rel=1e-5)
    following = player.play(network, 2, np.random.default_rng(1))
    assert following.observations[:, 0, 0].tolist() == [1, 2, 0]
    assert following.state.shape == (1, 2, 4)
    assert following.state.abs().sum() > 0


# ---- network ----


@pytest.mark.parametrize("memory", [True, False])
def test_a_segment_at_once_is_what_single_steps_are(memory):
    torch.manual_seed(0)
    network = AgentNetwork(3, 2, discrete=True, normalise=True, hidden_size=5, num_layers=2, memory=memory)
    observations, starts = torch.randn(9, 4, 3), torch.rand(9, 4) < 0.3
    state = torch.randn(2, 4, 5)
    outputs, values, last = network(observations, starts, state)
    for t in range(9):
        one, value, state = network(observations[t : t + 1], starts[t : t + 1], state)
        torch.testing.assert_close(one[0], outputs[t])
        torch.testing.assert_close(value[0], values[t])
    torch.testing.assert_close(state, last)
    if not memory:  # the same as if an episode began at every step
        network.memory = True
        torch.testing.assert_close(network(observations, torch.ones(9, 4, dtype=torch.bool))[0], outputs)


def test_probabilities_are_those_of_torch():
    torch.manual_seed(0)
    outputs = torch.randn(4, 3, 5)
    network = AgentNetwork(3, 5, discrete=True, normalise=False, hidden_size=2)
    choices = torch.randint(5, (4, 3))
    expected = Categorical(logits=outputs)
    logarithms, entropy = network.judge(outputs, choices)
    torch.testing.assert_close(logarithms, expected.log_prob(choices))
    torch.testing.assert_close(entropy, expected.entropy())
    network = AgentNetwork(3, 5, discrete=False, normalise=False, hidden_size=2)
    torch.nn.init.normal_(network.log_deviation)
    actions = torch.randn(4, 3, 5)
    expected = Normal(outputs, network.log_deviation.exp())
    logarithms, entropy = network.judge(outputs, actions)
    torch.testing.assert_close(logarithms, expected.log_prob(actions).sum(-1))
    torch.testing.assert_close(entropy, expected.entropy().sum(-1))


def test_moments_of_parts_are_those_of_the_whole():
    values = torch.from_numpy(np.random.default_rng(0).normal([3, -5], [2, 0.1], (1000, 2)))
    moments = Moments(2)
    for part in values.split([10, 500, 490]):
        moments.update(part)
    torch.testing.assert_close(moments.mean, values.mean(dim=0))
    torch.testing.assert_close(moments.variance, values.var(dim=0, correction=0))
    torch.testing.assert_close(moments.normalised(values.float()).std(dim=0, correction=0), torch.ones(2))


# ---- PPO ----


def test_losses_by_hand():
    change = torch.tensor([0.5, 0.5, -0.5, -0.5]).requires_grad_()
    gains = torch.tensor([1.0, -1.0, 1.0, -1.0])
    nothing = torch.zeros(4)
    row = losses(change, gains, torch.tensor([2.0, 0, 0, 0]), nothing, nothing, nothing, SETTINGS)
    up, down = np.exp(0.5), np.exp(-0.5)
    assert row["policy_loss"].item() == pytest.approx(-np.mean([1.2, -up, down, -0.8]))
    assert row["value_loss"].item() == pytest.approx(4 / 4 / 2)
    assert row["clip_fraction"] == 1
    row["policy_loss"].backward()
    assert (change.grad != 0).tolist() == [False, True, True, False]  # what would go further in its direction is cut
    clipped = Settings(**{**vars(SETTINGS), "value_clip_range": 0.5})
    near = losses(change, gains, torch.tensor([2.0] * 4), nothing, torch.full((4,), 2.0), nothing, clipped)
    assert near["value_loss"].item() == pytest.approx(1.5**2 / 2)


def test_the_first_update_begins_at_the_policy_that_played():
    torch.manual_seed(0)
    network = AgentNetwork(1, 3, discrete=True, normalise=True, hidden_size=4)
    seen, actions = Observations.of(Count.observation_space), Actions.of(Count.action_space)
    player = Player(Environments(lambda: Count(ends=3), 4, 0), seen, actions, 0.9)
    torch.nn.init.normal_(network.policy[-1].weight)  # a policy that depends on what is remembered
    player.play(network, 5, np.random.default_rng(0))
    rollout = player.play(network, 10, np.random.default_rng(1))  # begins in the middle of episodes
    optimizer = torch.optim.SGD(network.parameters(), lr=0.01)
    before = [weight.clone() for weight in network.parameters()]
    row = update(network, optimizer, rollout, SETTINGS)
    assert row["kl"] == pytest.approx(0, abs=1e-7)
    assert row["policy_loss"] == pytest.approx(0, abs=1e-5)
    assert row["clip_fraction"] == 0
    assert all((old != new).any() for old, new in zip(before, network.parameters(), strict=True))
