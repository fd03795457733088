import numpy as np
import pytest
from agent_environments import Aim

from gruvy.report.agent.text import curve_end
from gruvy.tasks import RecurrentAgent
from gruvy.tasks.agent.report import agent_report, environment_part, return_curve

SMALL = {"hidden_size": 4, "num_envs": 4, "num_steps": 16, "num_minibatches": 2}
ENV = "agent_environments:Recall-v0"


def history(means, deviations=(1.0, 1.0), episodes=(4, 16)):
    return [
        {"steps": 10 * (i + 1), "mean_return": mean, "return_deviation": deviation, "episodes": count}
        for i, (mean, deviation, count) in enumerate(zip(means, deviations, episodes, strict=True))
    ]


def test_a_band_of_one_training_is_that_of_its_episodes():
    curve = return_curve("GRU", [history([1.0, 3.0])])
    assert curve.steps.tolist() == [10, 20]
    np.testing.assert_allclose(curve.high - curve.mean, [1.96 / 2, 1.96 / 4])
    np.testing.assert_allclose(curve.mean - curve.low, [1.96 / 2, 1.96 / 4])


def test_a_band_of_several_is_their_range():
    curve = return_curve("GRU", [history([1.0, 3.0]), history([2.0, 3.0]), history([6.0, 4.5])])
    assert curve.mean.tolist() == [3.0, 3.5]
    assert curve.low.tolist() == [1.0, 3.0]
    assert curve.high.tolist() == [6.0, 4.5]


def test_iterations_without_an_end_are_left_out():
    none = history([None, 3.0], deviations=(None, None), episodes=(0, 1))
    assert return_curve("GRU", [none]).steps.tolist() == [20]
    curve = return_curve("GRU", [none, none])
    assert (curve.steps.tolist(), curve.low.tolist()) == ([20], [3.0])


@pytest.fixture(scope="module")
def agents():
    return [RecurrentAgent(random_state=seed, **SMALL).fit(ENV, total_steps=64) for seed in range(2)]


def test_rows_pool_the_episodes_of_all_seeds(agents):
    part = environment_part("Recall", {"GRU": agents}, episodes=10, about="Name it.")
    own, random = part.comparison.rows
    pooled = [reached for agent in agents for reached in agent.play(episodes=10)[0]]
    assert (own["episodes"], random["episodes"]) == (20, 10)
    assert own["mean_return"] == pytest.approx(np.mean(pooled))
    assert (own.kind, random.kind, random["steps"]) == ("model", "baseline", None)
    assert own["steps"] == 64
    assert list(part.episode.observations) == ["observation"]
    assert part.episode.observations["observation"].tolist() == agents[0].trace().observations
    report = agent_report([part], agents[0], title="t", runs=2, command="gruvy demo agent")
    assert report.provenance["Seed"] == "0 and the 1 after it"
    assert report.provenance["Command"] == "gruvy demo agent"
    assert {"Gymnasium", "PyTorch"} <= set(report.provenance)
    assert "range of 2 trainings" in report.band


def test_numbers_get_names_of_their_own():
    agent = RecurrentAgent(random_state=0, **SMALL).fit("agent_environments:Aim-v0", total_steps=64)
    part = environment_part("Aim", {"GRU": [agent]}, episodes=2, observations=["mark"])
    assert list(part.episode.observations) == ["mark"]
    assert part.episode.actions["action"].shape == (8,)
    assert Aim.action_space.contains(part.episode.actions["action"][:1].astype(np.float32))


def test_a_training_in_which_no_episode_ended():
    none = [history([None, None], deviations=(None, None), episodes=(0, 0))]
    curve = return_curve("GRU", none)
    assert len(curve.steps) == 0
    assert curve_end(curve) == "GRU ended no episode"
