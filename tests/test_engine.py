from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from configurations import (
    CONFIGURATIONS,
    Configuration,
    Expected,
    draw,
    drawn,
    expected,
    expected_of,
    relative_error,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from processes import run_python

from gruvy import engine, equations
from gruvy.errors import ArgumentError, TensorError

OUTPUT_ERROR, GRADIENT_ERROR = 2e-6, 1e-5


def assert_agrees(sample, want: Expected, threads: int) -> None:
    """Hold the engine's outputs, gates and gradients against what `equations` gives."""
    c = sample.configuration
    # Layer norm divides by the deviation of what may be few and nearly equal numbers.
    output_error, gradient_error = (5 * e if c.layer_norm else e for e in (OUTPUT_ERROR, GRADIENT_ERROR))
    out, h_n, saved = engine.forward(sample.x, *sample.weights, **sample.options, save=True, threads=threads)
    plain_out, plain_h_n, nothing = engine.forward(sample.x, *sample.weights, **sample.options, threads=threads)
    assert nothing is None
    np.testing.assert_array_equal(out, plain_out)
    np.testing.assert_array_equal(h_n, plain_h_n)
    assert relative_error(out, want.out) < output_error
    assert relative_error(h_n, want.h_n) < output_error
    if sample.lengths is not None:
        assert not out[np.arange(c.steps)[:, None] >= sample.lengths].any()

    found = engine.backward(
        *(sample.dout, sample.dh_n, out, saved, sample.x, *sample.weights), **sample.options, threads=threads
    )
    wanted = (want.dx, want.dh_0, *want.weights, want.dinitial_state.sum(0))
    for name, gradient, right in zip(found._fields, found, wanted, strict=True):
        assert gradient is None or relative_error(gradient, right) < gradient_error, name


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("configuration", CONFIGURATIONS, ids=str)
def test_agrees_with_the_equations(configuration, threads):
    assert_agrees(draw(configuration), expected_of(configuration), threads)


@settings(max_examples=60, deadline=None)
@given(drawn(), st.integers(1, 3), st.integers(0, 2**16))
def test_agrees_with_the_equations_at_drawn_shapes(configuration, threads, seed):
    sample = draw(configuration, seed)
    assert_agrees(sample, expected(sample), threads)


# Large enough that two and three threads really share the work: many rows, and one row, or some with large weights,
# split by hidden units.
EXTRAS = [
    {},
    {"resets": True},
    {"mask": True, "dropout": "step", "zoneout": "mask"},
    {"mask": True, "resets": True, "zoneout": "share", "layer_norm": True, "initial_state": True},
]
SLICED = [Configuration(24, 70, 37, 50, form, **extra) for form in (True, False) for extra in EXTRAS]
ONE_ROW = [Configuration(150, 432, 1, 60, form, **extra) for form in (True, False) for extra in EXTRAS]
LARGE = [Configuration(8, 368, 5, 50, form, **extra) for form in (True, False) for extra in EXTRAS[1:3]]


@pytest.mark.parametrize("threads", [2, 3])
@pytest.mark.parametrize("configuration", SLICED + ONE_ROW + LARGE, ids=str)
def test_agrees_with_the_equations_where_threads_share_the_work(configuration, threads):
    assert_agrees(draw(configuration), expected_of(configuration), threads)


@pytest.mark.parametrize("configuration", SLICED + ONE_ROW + LARGE, ids=str)
def test_inference_is_bit_identical_however_it_is_cut(configuration):
    sample, c = draw(configuration), configuration
    rng = np.random.default_rng(0)

    def run(time=slice(None), rows=slice(None), h_0=sample.h_0, lengths=None, threads=2):
        flags = {name: getattr(sample, name) for name in ("resets", "mask", "dropout", "zoneout")}
        cut = {name: v[time][:, rows] if isinstance(v, np.ndarray) else v for name, v in flags.items()}
        given = {
            **cut,
            "h_0": h_0[rows],
            "initial_state": sample.initial_state,
            "lengths": lengths,
            "reset_after": c.reset_after,
        }
        return engine.forward(sample.x[time][:, rows], *sample.weights, **given, threads=threads)[:2]

    whole, last = run(threads=1)
    for threads in (2, 3, 5):
        out, h_n = run(threads=threads)
        np.testing.assert_array_equal(out, whole)
        np.testing.assert_array_equal(h_n, last)

    for size in (1, 2, 3, 5, 8, 11, 16):
        for rows in np.array_split(rng.permutation(c.batch), -(-c.batch // size)):
            out, h_n = run(rows=rows)
            np.testing.assert_array_equal(out, whole[:, rows])
            np.testing.assert_array_equal(h_n, last[rows])

    for cuts in ([1], [7, 8, 9], [25, 49], list(range(1, c.steps))):
        state = sample.h_0
        for begin, end in zip([0, *cuts], [*cuts, c.steps], strict=True):
            out, state = run(time=slice(begin, end), h_0=state)
            np.testing.assert_array_equal(out, whole[begin:end])
        np.testing.assert_array_equal(state, last)

    lengths = rng.integers(0, c.steps + 1, c.batch)
    out, _ = run(lengths=lengths)
    running = np.arange(c.steps)[:, None] < lengths
    np.testing.assert_array_equal(out[running], whole[running])


@pytest.mark.parametrize("reset_after", [True, False])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_nan_and_infinity_pass_through(reset_after, value):
    sample = draw(Configuration(3, 20, 5, 6, reset_after))
    x = sample.x.copy()
    x[2, 3] = value
    clean, _, _ = engine.forward(sample.x, *sample.weights, h_0=sample.h_0, reset_after=reset_after)
    out, _, _ = engine.forward(x, *sample.weights, h_0=sample.h_0, reset_after=reset_after)
    others = np.arange(5) != 3
    np.testing.assert_array_equal(out[:, others], clean[:, others])
    np.testing.assert_array_equal(out[:2], clean[:2])
    if np.isnan(value):
        assert np.isnan(out[2:, 3]).all()
    else:  # the gates saturate: what comes out is the limit, or NaN where infinities cancel
        weights = sample.reference_weights
        with np.errstate(invalid="ignore"):
            want, _ = equations.forward(
                x.astype(np.float64),
                sample.h_0.astype(np.float64),
                weights,
                reset_after=reset_after,
            )
        np.testing.assert_array_equal(np.isnan(out), np.isnan(want))
        np.testing.assert_allclose(out, want, rtol=1e-4, atol=1e-6)


def test_an_infinite_state_stays_infinite_where_the_gate_keeps_it():
    sample = draw(Configuration(2, 4, 1, 1, bias=False))
    h_0 = np.full((1, 4), np.inf, np.float32)
    out, _, _ = engine.forward(sample.x, sample.weight_ih, np.zeros_like(sample.weight_hh) + 1, h_0=h_0)
    assert np.isposinf(out).all()


@pytest.mark.parametrize(("gate", "exact"), [("tanh", np.tanh), ("sigmoid", lambda v: 1 / (1 + np.exp(-v)))])
def test_gate_functions_are_accurate_to_a_few_ulp(gate, exact):
    values = np.concatenate(
        [np.linspace(-20, 20, 200_001), np.geomspace(1e-30, 1, 5001), -np.geomspace(1e-30, 1, 5001), [0.0]]
    ).astype(np.float32)[None, :, None]
    weight_ih = np.zeros((3, 1), np.float32)
    h_0, bias = np.zeros((values.size, 1), np.float32), np.zeros(3, np.float32)
    if gate == "tanh":  # z = sigmoid(-100) is 0, so that h = n = tanh(x)
        weight_ih[2], bias[1] = 1, -100
    else:  # n = tanh(0) is 0 and h_0 is 1, so that h = z = sigmoid(x)
        weight_ih[1], h_0[:] = 1, 1
    out, _, _ = engine.forward(values, weight_ih, np.zeros((3, 1), np.float32), bias, h_0=h_0)
    want = exact(values.astype(np.float64))
    ulp = np.spacing(np.abs(want).astype(np.float32)).astype(np.float64)
    assert np.abs((out - want) / ulp).max() < 4


def test_no_rows_and_no_steps():
    sample = draw(Configuration(3, 5, 2, 0))
    out, h_n, _ = engine.forward(sample.x, *sample.weights, h_0=sample.h_0)
    assert out.shape == (0, 2, 5)
    np.testing.assert_array_equal(h_n, sample.h_0)
    empty = draw(Configuration(3, 5, 0, 4))
    assert engine.forward(empty.x, *empty.weights)[0].shape == (4, 0, 5)


def test_strided_input_is_read_in_place():
    sample = draw(Configuration(6, 9, 4, 5))
    batch_first = np.ascontiguousarray(sample.x.transpose(1, 0, 2)).transpose(1, 0, 2)
    every_second = np.repeat(sample.x, 2, axis=2)[:, :, ::2]
    want, _, _ = engine.forward(sample.x, *sample.weights)
    for x in (batch_first, every_second):
        np.testing.assert_array_equal(engine.forward(x, *sample.weights)[0], want)


def test_what_does_not_fit_is_named_with_what_was_expected():
    sample = draw(Configuration(3, 5, 2, 4))
    with pytest.raises(
        TensorError, match=r"x is float64; expected a float32 array.*; weight_ih has the shape \(15, 2\)"
    ):
        engine.forward(sample.x.astype(np.float64), sample.weight_ih[:, :2], *sample.weights[1:])
    with pytest.raises(TensorError, match=r"lengths lie in \[0, 5\]; expected \[0, 4\]"):
        engine.forward(sample.x, *sample.weights, lengths=np.array([0, 5]))
    with pytest.raises(TensorError, match=r"lengths is float64 \(2,\)"):
        engine.forward(sample.x, *sample.weights, lengths=np.array([0.0, 1.0]))
    with pytest.raises(TensorError, match=r"resets is bool \(2, 4\); expected bool \(4, 2\)"):
        engine.forward(sample.x, *sample.weights, resets=np.zeros((2, 4), bool))
    with pytest.raises(TensorError, match=r"mask is int64 \(4, 2\); expected bool \(4, 2\)"):
        engine.forward(sample.x, *sample.weights, mask=np.ones((4, 2), np.int64))
    with pytest.raises(TensorError, match=r"dropout has the shape \(2, 2, 5\); expected \(4, 2, 5\)"):
        engine.forward(sample.x, *sample.weights, dropout=np.ones((2, 2, 5), np.float32))
    with pytest.raises(ArgumentError, match=r"zoneout is 1.0; expected a fraction of 0 or more and less than 1"):
        engine.forward(sample.x, *sample.weights, zoneout=1.0)
    with pytest.raises(TensorError, match="one of gain_ih and gain_hh is missing"):
        engine.forward(sample.x, *sample.weights[:4], np.ones(15, np.float32))
    with pytest.raises(TensorError, match=r"\(T, N, I\)"):
        engine.forward(sample.x[0], *sample.weights)


HASH = """
import hashlib, itertools
from configurations import CONFIGURATIONS, draw, expected, relative_error
from gruvy import engine
digest = hashlib.sha256()
for configuration in CONFIGURATIONS[::3]:
    sample = draw(configuration)
    out, h_n, saved = engine.forward(sample.x, *sample.weights, **sample.options, save=True, threads=2)
    assert relative_error(out, expected(sample).out) < 2e-6, configuration
    digest.update(out.tobytes())
print(engine.instruction_set(), digest.hexdigest())
"""


def test_every_instruction_set_agrees_with_the_equations_and_fused_ones_with_each_other():
    hashes = {}
    for name in ("avx512vnni", "avx512", "avx2", "baseline"):
        done = run_python(HASH, GRUVY_ISA=name)
        if "but this processor has" in done.stderr:
            continue
        assert done.returncode == 0, done.stderr
        used, hashes[name] = done.stdout.split()
        assert used == name
    assert hashes
    fused = {hashes[name] for name in ("avx512vnni", "avx512", "avx2") if name in hashes}
    assert len(fused) <= 1


def test_an_unknown_instruction_set_is_refused_with_those_there_are():
    done = run_python("from gruvy import engine; engine.instruction_set()", GRUVY_ISA="avx9")
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("gruvy.errors.ArgumentError: GRUVY_ISA is 'avx9', but this processor has ")


def test_many_python_threads_at_once():
    samples = [draw(c) for c in (*SLICED, *ONE_ROW)]

    def run(sample):
        return engine.forward(sample.x, *sample.weights, **sample.options, threads=2)[0]

    want = [run(sample) for sample in samples]
    with ThreadPoolExecutor(8) as pool:
        for found, i in pool.map(lambda i: (run(samples[i % 4]), i), range(64)):
            np.testing.assert_array_equal(found, want[i % 4])
