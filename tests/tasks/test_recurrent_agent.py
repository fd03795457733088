import pickle

import numpy as np
import pytest
from agent_environments import Aim, Broken, Odd, Recall
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

import gruvy
from gruvy import files, runtime
from gruvy.errors import ArgumentError, DataError, FileFormatError
from gruvy.tasks import RecurrentAgent

SMALL = {"hidden_size": 8, "num_envs": 8, "num_steps": 32, "num_minibatches": 2, "learning_rate": 0.01, "gamma": 0.9}
SMALL |= {"random_state": 0}


@pytest.fixture(scope="module")
def agent():
    return RecurrentAgent(**SMALL).fit("agent_environments:Recall-v0", total_steps=5120)


@pytest.fixture(scope="module")
def aiming():
    return RecurrentAgent(**SMALL).fit(Aim, total_steps=7680)


# ---- what it learns ----


def test_memory_is_what_recall_needs(agent):
    own, random = agent.evaluate(episodes=200)
    assert own["name"] == "GRU"
    assert own["mean_return"] > 0.95
    forgetful = RecurrentAgent(memory=False, **SMALL).fit(Recall, total_steps=5120)
    assert forgetful.n_parameters_ == agent.n_parameters_
    without, same = forgetful.evaluate(Recall, episodes=200)
    assert without["name"] == "no memory"
    assert abs(without["mean_return"]) < 0.35
    assert same == random  # the same seeds
    assert random["low"] < 0 < random["high"]
    assert random["mean_length"] == 3


def test_it_aims_with_numbers(aiming):
    own, random = aiming.evaluate(Aim, episodes=50)
    assert random["mean_return"] < -4
    assert own["mean_return"] > -0.8
    action, _ = aiming.predict(np.array([0.5], np.float32))
    assert action.shape == (1,)
    assert action.item() == pytest.approx(1.5, abs=0.5)


def test_two_layers_and_clipped_values_learn_too():
    agent = RecurrentAgent(num_layers=2, value_clip_range=0.2, anneal=False, **SMALL).fit(Recall, total_steps=5120)
    assert agent.evaluate(Recall, episodes=100)[0]["mean_return"] > 0.9


# ---- what it hands out ----


def test_history(agent):
    assert [row["iteration"] for row in agent.history_] == list(range(1, 21))
    assert agent.history_[-1]["steps"] == 5120
    assert agent.history_[0]["entropy"] == pytest.approx(np.log(2), abs=0.01)
    assert agent.history_[-1]["mean_return"] > agent.history_[0]["mean_return"] + 0.5
    assert agent.history_[0]["episodes"] == 8 * 32 // 4  # three steps and the last observation
    assert agent.history_[0]["mean_length"] == 3
    assert agent.environment_ == "agent_environments:Recall-v0"


def test_predict_remembers(agent):
    for cue in (0, 1):
        state = None
        for shown in (1 + cue, 0, 0):
            action, state = agent.predict(shown, state)
        assert action == cue
    together, states = agent.predict(np.array([1, 2]))
    for shown in (0, 0):
        together, states = agent.predict(np.array([shown, shown]), states)
    assert together.tolist() == [0, 1]
    _, fresh = agent.predict(np.array([2, 2]), states, starts=np.array([True, False]))
    np.testing.assert_allclose(fresh[:, :1], agent.predict(2)[1], atol=1e-6)
    assert not np.allclose(fresh[:, 0], fresh[:, 1])


def test_drawn_actions_differ():
    agent = RecurrentAgent(**SMALL).fit(Aim, total_steps=1)
    random = np.random.default_rng(0)
    drawn = [agent.predict(np.zeros(1), random=random)[0].item() for _ in range(300)]
    assert np.std(drawn) == pytest.approx(2.0, abs=0.4)  # a deviation of 1, cut at 1, times 3
    assert agent.predict(np.zeros(1))[0] == agent.predict(np.zeros(1))[0]


def test_play_gives_what_evaluate_sums_up(agent):
    returns, lengths = agent.play(episodes=20, seed=5)
    assert np.mean(returns) == agent.evaluate(episodes=20, seed=5)[0]["mean_return"]
    assert lengths == [3] * 20


def test_the_trace_is_one_episode(agent):
    trace = agent.trace(seed=3)
    assert trace.observations[1:] == [0, 0]
    assert trace.rewards.tolist() == [0, 0, 1]
    assert trace.actions[-1] == trace.observations[0] - 1
    assert trace.update.shape == trace.reset.shape == (3, 8)
    assert ((trace.update > 0) & (trace.update < 1)).all()


# ---- repeating, keeping ----


def test_a_seed_repeats(agent):
    again = clone(agent).fit(Recall, total_steps=5120)
    drop = lambda rows: [{k: v for k, v in row.items() if k != "seconds"} for row in rows]  # noqa: E731
    assert drop(again.history_) == drop(agent.history_)
    other = clone(agent).set_params(random_state=1).fit(Recall, total_steps=256)
    assert other.history_[0]["value_loss"] != agent.history_[0]["value_loss"]


def test_files(agent, aiming, tmp_path):
    for model, env in ((agent, Recall), (aiming, Aim)):
        loaded = gruvy.load(model.save(tmp_path / "a.gruvy"))
        assert loaded.play(env, episodes=10) == model.play(env, episodes=10)
        assert loaded.get_params() == model.get_params()
        for name in ("history_", "environment_", "n_parameters_", "steps_per_second_", "provenance_"):
            assert getattr(loaded, name) == getattr(model, name)
    assert pickle.loads(pickle.dumps(agent)).play(episodes=5) == agent.play(episodes=5)
    with pytest.raises(FileFormatError, match="no operation of a graph"):
        runtime.load(tmp_path / "a.gruvy")
    tensors, document = files.read(tmp_path / "a.gruvy")
    files.write(tmp_path / "b.gruvy", tensors, {**document, "actions": {"size": 4}})
    with pytest.raises(FileFormatError, match=r"b\.gruvy: the model in it is damaged"):
        gruvy.load(tmp_path / "b.gruvy")


class StopError(Exception):
    pass


def stop_at(iteration):
    def progress(event):
        if event.epoch == iteration:
            raise StopError

    return progress


def test_resume(tmp_path):
    told = []
    model = RecurrentAgent(**SMALL)
    with pytest.raises(StopError):
        model.fit(Recall, total_steps=5120, checkpoint=tmp_path, progress=stop_at(12))
    model.fit(Recall, total_steps=5120, checkpoint=tmp_path, resume=True, progress=told.append)
    assert [event.epoch for event in told] == list(range(13, 21))
    assert told[-1].note.startswith("5,120 steps  mean return ")
    assert told[-1].remaining == 0
    assert [row["iteration"] for row in model.history_] == list(range(1, 21))
    assert model.evaluate(Recall, episodes=100)[0]["mean_return"] > 0.9
    tensors, _ = files.read(tmp_path / "last.gruvy")
    assert tensors["optimizer/0/step"] == 20 * 8 * 2  # iterations, epochs, minibatches
    done = RecurrentAgent(**SMALL).fit(Recall, total_steps=5120, checkpoint=tmp_path, resume=True)
    assert done.history_ == model.history_
    assert done.play(Recall, episodes=10) == model.play(Recall, episodes=10)
    with pytest.raises(ArgumentError, match=r"gamma was '0\.9', now it is '0\.5'"):
        RecurrentAgent(**SMALL | {"gamma": 0.5}).fit(Recall, total_steps=5120, checkpoint=tmp_path, resume=True)
    with pytest.raises(ArgumentError, match=r"environment was 'Recall\(\)', now it is 'Aim\(\)'"):
        RecurrentAgent(**SMALL).fit(Aim, total_steps=5120, checkpoint=tmp_path, resume=True)


# ---- what cannot be ----


def test_parameters_that_cannot_work():
    bad = RecurrentAgent(hidden_size=0, memory="yes", gamma=1.5, clip_range=0, value_clip_range=-1, entropy_coef=-1)
    with pytest.raises(ArgumentError, match="6 problems") as error:
        bad.fit(Recall)
    for name in ("hidden_size", "memory", "gamma", "clip_range", "value_clip_range", "entropy_coef"):
        assert f"{name}: expected" in str(error.value)
    with pytest.raises(ArgumentError, match="random_state: expected"):
        RecurrentAgent(random_state=-1).fit(Recall)


@pytest.mark.parametrize(
    ("env", "options", "error", "message"),
    [
        ("Recal-v7", {}, ArgumentError, "'Recal-v7' is no environment that gymnasium knows"),
        ("nowhere:Recall-v0", {}, ArgumentError, "No module named 'nowhere'"),
        (7, {}, ArgumentError, "expected the id of an environment or a callable"),
        (Odd, {}, ArgumentError, "observations: expected a Box, Discrete or MultiDiscrete space, got Dict"),
        (Broken, {}, DataError, "observations: expected finite numbers, got nan"),
        (Recall, {"total_steps": 0}, ArgumentError, "total_steps: expected an integer of at least 1"),
        (Recall, {"resume": True}, ArgumentError, "resume=True: expected checkpoint"),
    ],
)
def test_what_cannot_be_fitted(env, options, error, message):
    with pytest.raises(error, match=message):
        RecurrentAgent(**SMALL).fit(env, **options)


def test_a_learning_rate_that_is_too_high():
    with pytest.raises(ArgumentError, match=r"training diverged in iteration \d.*lower learning_rate"):
        RecurrentAgent(**SMALL | {"learning_rate": 1e30}).fit(Aim, total_steps=2560)


def test_what_cannot_be_evaluated(agent):
    with pytest.raises(ArgumentError, match=r"Aim\(\) has a Box of shape \(1,\) for observations.*with Discrete\(3\)"):
        agent.evaluate(Aim)
    with pytest.raises(ArgumentError, match="episodes: expected an integer of at least 2, got 1"):
        agent.evaluate(episodes=1)
    with pytest.raises(ArgumentError, match=r"state: expected \(1, 1, 8\), got \(1, 2, 8\)"):
        agent.predict(0, np.zeros((1, 2, 8), np.float32))
    with pytest.raises(DataError, match=r"observations: 3 is outside of the space"):
        agent.predict(3)
    with pytest.raises(NotFittedError):
        RecurrentAgent().predict(0)


@pytest.mark.parametrize(
    ("wrong", "pattern"),
    [
        (lambda agent: agent.evaluate(episodes=2, seed=-1), "seed: expected an integer of at least 0, got -1"),
        (lambda agent: agent.predict([0] * 3, starts=[True, False]), r"starts: expected 3, .* got shape \(2,\)"),
        (lambda agent: agent.fit(".:X-v0"), "is no environment that gymnasium knows"),
        (lambda agent: agent.fit("HalfCheetah-v5"), "'HalfCheetah-v5' cannot be made"),
    ],
)
def test_more_mistakes(agent, wrong, pattern):
    with pytest.raises(ArgumentError, match=pattern):
        wrong(agent if "predict" in wrong.__code__.co_names or "evaluate" in wrong.__code__.co_names else clone(agent))


def test_too_few_steps_to_learn_from():
    for envs, steps in ((1, 1), (1, 3), (64, 1)):
        with pytest.raises(ArgumentError, match=f"num_envs x num_steps: expected 4 steps .* got {envs} x {steps}"):
            RecurrentAgent(**SMALL | {"num_envs": envs, "num_steps": steps}).fit(Recall, total_steps=64)
    few = RecurrentAgent(**SMALL | {"num_envs": 1, "num_steps": 4, "num_minibatches": 1}).fit(Recall, total_steps=64)
    assert len(few.history_) == 16


def test_an_environment_that_a_callable_made_is_asked_for_again(aiming, tmp_path):
    loaded = gruvy.load(aiming.save(tmp_path / "a.gruvy"))
    assert loaded.environment_ == "Aim()"
    with pytest.raises(ArgumentError, match=r"made by the callable Aim\(\), which it does not keep"):
        loaded.evaluate(episodes=2)
    assert len(loaded.evaluate(Aim, episodes=2)) == 2
