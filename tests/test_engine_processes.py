"""The engine beside other threads, forks and the interpreter's end."""

from __future__ import annotations

import os

import pytest
from processes import run_python

forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")

BUSY = """
import os, signal, sys, threading
import numpy as np
from configurations import Configuration, draw
from gruvy import engine

sample = draw(Configuration(24, 70, 37, 50))

def run():
    out, _, saved = engine.forward(sample.x, *sample.weights, h_0=sample.h_0, save=True, threads=2)
    back = engine.backward(sample.dout, sample.dh_n, out, saved, sample.x, *sample.weights, h_0=sample.h_0, threads=2)
    return np.concatenate([out.ravel(), back.x.ravel(), back.h_0.ravel()])

want = run()
stop = False

def busy():
    while not stop:
        assert np.array_equal(run(), want)
"""


@forks
def test_stays_right_after_a_fork():
    code = """
import os
import numpy as np
from configurations import Configuration, draw
from gruvy import engine
sample = draw(Configuration(24, 70, 37, 50))
want = engine.forward(sample.x, *sample.weights, threads=2)[0]
child = os.fork()
same = np.array_equal(engine.forward(sample.x, *sample.weights, threads=2)[0], want)
if child == 0:
    os._exit(0 if same else 1)
_, status = os.waitpid(child, 0)
raise SystemExit(0 if same and status == 0 else 1)
"""
    done = run_python(code)
    assert done.returncode == 0, done.stderr


@forks
def test_a_child_forked_while_other_threads_compute():
    done = run_python(
        BUSY
        + """
workers = [threading.Thread(target=busy) for _ in range(2)]
for worker in workers:
    worker.start()
failed = 0
for _ in range(5):
    child = os.fork()
    if child == 0:
        signal.alarm(20)  # ends a child that hangs
        os._exit(0 if np.array_equal(run(), want) else 1)
    failed += os.waitpid(child, 0)[1] != 0
stop = True
for worker in workers:
    worker.join()
sys.exit(failed)
"""
    )
    assert done.returncode == 0, f"{done.returncode} of 5 children were wrong or hung: {done.stderr}"


def test_threads_that_still_compute_when_the_interpreter_ends():
    done = run_python(
        BUSY
        + """
for _ in range(2):
    threading.Thread(target=busy, daemon=True).start()
for _ in range(3):
    assert np.array_equal(run(), want)
print("done")
"""
    )
    assert (done.returncode, done.stdout.strip()) == (0, "done"), done.stderr


def test_threads_that_still_compute_with_quantised_weights_when_the_interpreter_ends():
    # Without torch, whose own functions end such a thread, and with it the process, by themselves.
    done = run_python(
        """
import threading
import numpy as np
from configurations import Configuration, draw
from gruvy import engine
from gruvy.quantization import native_precision

sample, native = draw(Configuration(24, 70, 37, 50)), engine.require()
sizes, form = (50, 37, 24, 70), {"reset_after": True}
packed = native.Packed(sample.weights, inputs=24, hidden=70, precision=native_precision("int8"), **form)

def run():
    out, h_n = np.empty((50, 37, 70), "f4"), np.empty((37, 70), "f4")
    problem = native.Problem(*sizes, reverse=False, zoneout=0.0, threads=1, **form)
    packed.forward(problem, native.Forward(problem, x=sample.x, h_0=sample.h_0, out=out, h_n=h_n))
    return out

want = run()

def busy():
    while True:
        run()

for _ in range(4):
    threading.Thread(target=busy, daemon=True).start()
for _ in range(3):
    assert np.array_equal(run(), want)
print("done")
"""
    )
    assert (done.returncode, done.stdout.strip()) == (0, "done"), done.stderr


TRAINING = """
import os, signal, sys
import numpy as np
import torch
from gruvy import nn

torch.manual_seed(0)
torch.set_num_threads(2)
layer = nn.GRU(24, 70, num_layers=2, bidirectional=True)
x = torch.randn(50, 37, 24)

def gradients(before, after):
    torch.set_num_threads(before)
    out, h_n = layer(x)
    torch.set_num_threads(after)
    return [out, *torch.autograd.grad(out.square().sum() + h_n.sum(), list(layer.parameters()))]
"""


def test_the_number_of_threads_may_change_between_forward_and_backward():
    done = run_python(
        TRAINING
        + """
want = gradients(1, 1)
for before, after in [(2, 1), (1, 2), (2, 3), (3, 2), (1, 1)]:
    out, *found = gradients(before, after)
    assert torch.equal(out, want[0]), (before, after)
    for a, b in zip(found, want[1:]):  # the weights' gradients are torch's products, which threads may sum otherwise
        torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-4)
"""
    )
    assert done.returncode == 0, done.stderr


@forks
def test_a_child_forked_after_training_can_predict():
    done = run_python(
        TRAINING
        + """
want = gradients(2, 2)[0]
child = os.fork()
if child == 0:
    signal.alarm(20)
    with torch.no_grad():  # and nothing else of torch's: its own threads do not outlive a fork
        os._exit(0 if np.array_equal(layer(x)[0].numpy(), want.detach().numpy()) else 1)
status = os.waitpid(child, 0)[1]
assert torch.equal(gradients(2, 2)[0], want)
sys.exit(status != 0)
"""
    )
    assert done.returncode == 0, done.stderr or "the child was wrong or hung"
