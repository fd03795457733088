"""A training whose time is limited, and one that is stopped."""

from __future__ import annotations

import os
import signal
import threading
import time

import numpy as np
import pytest
import torch
from fitted_models import KINDS
from torch import nn

from gruvy.errors import InputNote
from gruvy.training import Schedule, reproducible, train
from gruvy.training.interruption import Interruption

SCHEDULE = Schedule(max_epochs=400, patience=400, learning_rate=0.01)


class Batches:
    """Ten batches of eight numbers each."""

    seed: int | None = None
    epoch = 0

    def __len__(self):
        return 10

    def __iter__(self):
        random = np.random.default_rng([self.seed or 0, self.epoch])
        for _ in range(10):
            yield torch.from_numpy(random.normal(size=(8, 3)).astype(np.float32))


class Slow(nn.Module):
    """A step takes 2 ms, at least."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(3, 1)

    def forward(self, x):
        time.sleep(0.002)
        return self.layer(x)


def loss(network, batch):
    error = (network(batch) - batch.sum(dim=1, keepdim=True)) ** 2
    return error.sum(), torch.tensor(error.numel())


def run(schedule=SCHEDULE, **options):
    with reproducible(0):
        network = Slow()
    result = train(network, loss, Batches(), Batches(), schedule, seed=0, **options)
    return result, torch.cat([weight.flatten() for weight in network.parameters()])


def losses(result):
    return [(row["train_loss"], row["validation_loss"]) for row in result.history]


def interrupt_in(epoch, times=1):
    def progress(event):
        if event.epoch == epoch and event.validation_loss is None:
            for _ in range(times):
                signal.raise_signal(signal.SIGINT)

    return progress


@pytest.fixture(autouse=True)
def every_batch_tells(monkeypatch):
    monkeypatch.setattr("gruvy.training.module._EVENT_INTERVAL", 0)


def test_a_deadline_plans_the_epochs_that_fit_and_is_kept():
    began = time.perf_counter()
    result, weights = run(deadline=began + 3)
    assert time.perf_counter() - began < 20  # of a machine that has much else to do
    assert 1 <= result.planned_epochs < 75  # of 0.04 s at least
    # Where the plan held, as many epochs, given as such, are the same training.
    if not result.stopped and result.planned_epochs > 1:
        again, same = run(Schedule(result.planned_epochs, 400, 0.01))
        assert losses(again) == losses(result)
        assert torch.equal(weights, same)


def test_where_no_epoch_fits_a_part_of_one_is_made_and_judged():
    began = time.perf_counter()
    result, _ = run(deadline=began + 0.1)
    assert time.perf_counter() - began < 20
    assert (len(result.history), result.planned_epochs) == (1, 1)
    assert np.isfinite(result.history[0]["validation_loss"])


def test_time_enough_changes_nothing():
    short = Schedule(2, 2, 0.01)
    limited, weights = run(short, deadline=time.perf_counter() + 1000)
    free, same = run(short)
    assert losses(limited) == losses(free)
    assert torch.equal(weights, same)
    assert limited.planned_epochs == 2


def test_a_limited_training_is_resumed_by_its_plan(tmp_path):
    short = Schedule(3, 3, 0.01)
    with pytest.raises(ZeroDivisionError):
        run(short, checkpoint=tmp_path, deadline=time.perf_counter() + 1000, progress=lambda e: 1 / (2 - e.epoch))
    resumed, weights = run(short, checkpoint=tmp_path, resume=True)
    whole, same = run(short)
    assert losses(resumed) == losses(whole)
    assert torch.equal(weights, same)


def test_the_first_ctrl_c_keeps_the_best_epoch_and_can_be_resumed(tmp_path):
    short = Schedule(4, 4, 0.01)
    stopped, weights = run(short, checkpoint=tmp_path, progress=interrupt_in(3))
    assert (stopped.stopped, len(stopped.history)) == ("Ctrl-C", 2)
    assert torch.equal(weights, run(Schedule(4, 4, 0.01), progress=interrupt_in(3))[1])
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    whole, same = run(short)
    resumed, again = run(short, checkpoint=tmp_path, resume=True)
    assert losses(resumed) == losses(whole)
    assert torch.equal(again, same)


def test_ctrl_c_before_the_first_epochs_end_leaves_no_model():
    with pytest.raises(KeyboardInterrupt, match="stopped before the end of the first epoch: there is no model"):
        run(progress=interrupt_in(1))


def test_the_second_ctrl_c_stops_at_once():
    with pytest.raises(KeyboardInterrupt):
        run(progress=interrupt_in(3, times=2))
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_other_threads_and_other_handlers_are_left_alone():
    found = []
    thread = threading.Thread(target=lambda: found.append(Interruption().__enter__()._taken))
    thread.start()
    thread.join()
    before = signal.signal(signal.SIGINT, lambda *_: found.append("own"))
    try:
        with Interruption() as interruption:
            os.kill(os.getpid(), signal.SIGINT)
        assert (found, interruption.wanted) == ([False, "own"], False)
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("name", ["music", "agent"])
def test_an_estimator_is_fitted_with_what_there_is_and_says_so(name):
    kind, kept = KINDS[name], "iteration" if name == "agent" else "epoch"

    def progress(event):
        if event.epoch == 1 and (event.note or event.validation_loss is not None):
            signal.raise_signal(signal.SIGINT)

    with pytest.warns(InputNote, match=f"stopped by Ctrl-C after 1 of 2 {kept}s; the model is that of {kept} 1"):
        model = kind.fit(kind.new(), progress=progress)
    assert model.provenance_["stopped"] == "Ctrl-C"
    assert len(model.history_) == 1


def test_an_agent_plans_its_iterations():
    kind = KINDS["agent"]
    model = kind.fit(kind.new(), max_minutes=60)
    assert model.provenance_["planned_iterations"] == 2
    steps = {**kind.options, "total_steps": 64 * 100_000}
    model = kind.new().fit(*kind.data, **steps, max_minutes=0.01)
    planned = model.provenance_["planned_iterations"]
    assert 1 <= len(model.history_) <= planned < 100_000
    same = kind.new().fit(*kind.data, total_steps=64 * planned)
    assert model.history_[0]["policy_loss"] == same.history_[0]["policy_loss"]
    if len(model.history_) == planned:
        assert model.history_[-1]["policy_loss"] == same.history_[-1]["policy_loss"]
