import itertools
import signal
import threading
import time
import warnings

import numpy as np
import pytest
import torch
from torch import nn

from gruvy import files
from gruvy.data import Panel, Windows
from gruvy.errors import ArgumentError, FileFormatError
from gruvy.training import PeakMemory, Schedule, reproducible, train

SCHEDULE = Schedule(max_epochs=6, patience=3, learning_rate=0.01)


class Net(nn.Module):
    """Small, but with all that a state has to cover: dropout, decayed and undecayed weights."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(8, 16), nn.Tanh(), nn.Dropout(0.3), nn.Linear(16, 2))

    def forward(self, batch):
        return self.layers(batch.context[..., 0].T).T


def loss(network, batch):
    error = (network(batch) - batch.truth[..., 0]) ** 2
    return error.sum(), torch.tensor(error.numel())


def windows(batch_size=32):
    wave = torch.sin(torch.arange(400.0) / 3)[:, None] + 0.1 * torch.randn(
        400, 1, generator=torch.Generator().manual_seed(0)
    )
    panel = Panel(wave, wave[:, :0], wave, np.array([0, 400]))
    origins = panel.origins(np.array([0]), np.array([400]), 8, 2)
    cut = {"context": 8, "horizon": 2, "batch_size": batch_size}
    return Windows(panel, origins[:300], **cut), Windows(panel, origins[310:], **cut)


def run(seed=0, schedule=SCHEDULE, **options):
    with reproducible(seed):
        network = Net()
    result = train(network, loss, *windows(), schedule, seed=seed, **options)
    return result, torch.cat([weight.flatten() for weight in network.parameters()])


def losses(result):
    return [(row["train_loss"], row["validation_loss"]) for row in result.history]


class StopError(Exception):
    pass


def stop_in(epoch, batch=3):
    def progress(event):
        if (event.epoch, event.batch) >= (epoch, batch):
            raise StopError

    return progress


def test_training_learns_and_ends_with_the_best_weights():
    result, _ = run()
    validation = [row["validation_loss"] for row in result.history]
    assert validation[-1] < 0.5 * validation[0]
    assert result.best_epoch == 1 + int(np.argmin(validation))
    assert [row["epoch"] for row in result.history] == list(range(1, 7))
    assert result.seconds_per_epoch > 0
    assert 0 < result.model_share < 1


def test_a_seed_repeats_bit_for_bit_and_another_does_not():
    first, weights = run(seed=3)
    second, again = run(seed=3)
    assert losses(first) == losses(second)
    assert torch.equal(weights, again)
    assert not torch.equal(weights, run(seed=4)[1])


def test_early_stopping_keeps_the_best_epoch():
    with reproducible(0):
        network = Net()
    schedule = Schedule(max_epochs=60, patience=2, learning_rate=0.05)
    result = train(network, loss, *windows(), schedule, seed=0)
    assert len(result.history) == result.best_epoch + 2 < 60
    with torch.no_grad():
        sums = [loss(network, batch) for batch in windows()[1]]
    kept = float(sum(total for total, _ in sums) / sum(count for _, count in sums))
    assert kept == pytest.approx(result.history[result.best_epoch - 1]["validation_loss"], rel=1e-5)
    assert kept != pytest.approx(result.history[-1]["validation_loss"], rel=1e-3)


@pytest.mark.parametrize("epoch", [1, 2, 4, 6])
def test_an_interrupted_training_ends_as_an_uninterrupted_one(tmp_path, monkeypatch, epoch):
    monkeypatch.setattr("gruvy.training.module._EVENT_INTERVAL", 0)
    whole, weights = run()
    with pytest.raises(StopError):
        run(checkpoint=tmp_path, progress=stop_in(epoch))
    # The generator of the caller must not matter to the second half.
    torch.rand(7)
    resumed, again = run(checkpoint=tmp_path, resume=True)
    assert losses(resumed) == losses(whole)
    assert resumed.best_epoch == whole.best_epoch
    assert torch.equal(weights, again)


def test_a_finished_training_is_not_trained_further(tmp_path):
    whole, weights = run(checkpoint=tmp_path)
    events = []
    resumed, again = run(checkpoint=tmp_path, resume=True, progress=events.append)
    assert events == []
    assert losses(resumed) == losses(whole)
    assert torch.equal(weights, again)


def test_a_resumed_training_keeps_its_seed(tmp_path, monkeypatch):
    monkeypatch.setattr("gruvy.training.module._EVENT_INTERVAL", 0)
    _, weights = run(seed=5)
    with pytest.raises(StopError):
        run(seed=5, checkpoint=tmp_path, progress=stop_in(3))
    resumed, again = run(seed=6, checkpoint=tmp_path, resume=True)
    assert resumed.seed == 5
    assert torch.equal(weights, again)


def test_without_resume_an_old_state_is_forgotten(tmp_path, monkeypatch):
    monkeypatch.setattr("gruvy.training.module._EVENT_INTERVAL", 0)
    run(checkpoint=tmp_path)
    with pytest.raises(StopError):
        run(seed=1, checkpoint=tmp_path, progress=stop_in(1))
    assert list(tmp_path.iterdir()) == []


def test_a_checkpoint_of_another_training_is_refused(tmp_path):
    run(checkpoint=tmp_path, identity={"hidden_size": 64, "data": "a", "target": "y"})
    with pytest.raises(ArgumentError) as caught:
        run(checkpoint=tmp_path, resume=True, identity={"hidden_size": 32, "data": "b", "target": "y"})
    text = str(caught.value)
    assert "belongs to another training: 2 problems" in text
    assert "1. data was 'a', now it is 'b'" in text
    assert "2. hidden_size was 64, now it is 32; repeat the first call, use another folder, or start anew" in text


def test_a_damaged_or_foreign_checkpoint_is_refused(tmp_path):
    run(checkpoint=tmp_path)
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:-10])
    with pytest.raises(FileFormatError, match="truncated"):
        run(checkpoint=tmp_path, resume=True)
    files.write(file, {}, {"task": "forecast"})
    with pytest.raises(FileFormatError, match="expected a training checkpoint, got a file for 'forecast'"):
        run(checkpoint=tmp_path, resume=True)


def test_a_loss_that_is_not_finite_stops_with_the_cure():
    def broken(network, batch):
        total, count = loss(network, batch)
        return total * torch.nan, count

    with reproducible(0):
        network = Net()
    with pytest.raises(
        ArgumentError, match=r"training diverged in epoch 1 \(loss nan\); lower learning_rate, now 0.01"
    ):
        train(network, broken, *windows(), SCHEDULE, seed=0)


def test_progress_tells_the_truth(monkeypatch):
    monkeypatch.setattr("gruvy.training.module._EVENT_INTERVAL", 0)
    events = []
    result, _ = run(progress=events.append)
    ends = [event for event in events if event.validation_loss is not None]
    assert [event.epoch for event in ends] == list(range(1, 7))
    assert [(e.train_loss, e.validation_loss) for e in ends] == losses(result)
    assert {(event.epochs, event.batches) for event in events} == {(6, 10)}
    assert [event.batch for event in events if event.epoch == 2] == [*range(1, 11), 10]
    assert ends[-1].remaining == 0
    assert ends[-1].best_epoch == result.best_epoch
    assert all(a.elapsed <= b.elapsed for a, b in itertools.pairwise(events))
    assert all(event.remaining > 0 for event in events if event.epoch < 6)


def test_global_state_is_left_alone(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    torch.manual_seed(11)
    state, threads, dtype = torch.get_rng_state(), torch.get_num_threads(), torch.get_default_dtype()
    filters, handler, grad = list(warnings.filters), signal.getsignal(signal.SIGTERM), torch.is_grad_enabled()
    run()
    assert torch.equal(torch.get_rng_state(), state)
    assert (torch.get_num_threads(), torch.get_default_dtype()) == (threads, dtype)
    assert (warnings.filters, signal.getsignal(signal.SIGTERM), torch.is_grad_enabled()) == (filters, handler, grad)
    assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr() == ("", "")


def test_ctrl_c_reaches_the_caller_and_leaves_ctrl_c_working(tmp_path):
    before = signal.getsignal(signal.SIGINT)

    def interrupt(event):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(progress=interrupt)
    assert signal.getsignal(signal.SIGINT) is before


def test_two_threads_do_not_disturb_each_other():
    expected = {seed: run(seed=seed)[1] for seed in (1, 2)}
    found = {}
    threads = [threading.Thread(target=lambda seed=seed: found.update({seed: run(seed=seed)[1]})) for seed in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(torch.equal(found[seed], expected[seed]) for seed in (1, 2))


def test_the_learning_rate_rises_and_falls():
    schedule = Schedule(max_epochs=10, patience=1, learning_rate=0.1)
    rates = [schedule.rate(step, 100) for step in range(100)]
    assert rates[9] == pytest.approx(0.1) == max(rates)
    assert rates[:10] == sorted(rates[:10])
    assert rates[9:] == sorted(rates[9:], reverse=True)
    assert rates[0] == pytest.approx(0.01)
    assert rates[-1] < 1e-3


def test_peak_memory_sees_a_block_that_is_gone():
    size = 80_000_000
    with PeakMemory() as peak:
        block = np.ones(size, dtype=np.uint8)
        time.sleep(0.1)  # ten looks of the thread that reads the memory
        del block
    assert 0.9 * size < peak.bytes < 1.5 * size
    with PeakMemory() as second:
        pass
    assert second.bytes < 0.1 * size
