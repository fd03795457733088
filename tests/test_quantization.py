from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from configurations import CONFIGURATIONS, Configuration, Sample, draw, drawn, expected, relative_error
from hypothesis import given, settings
from hypothesis import strategies as st
from int8_reference import next_states, round_weights
from processes import run_python

from gruvy import engine
from gruvy.errors import ArgumentError, TensorError
from gruvy.quantization import MOST_FEATURES, check_precision, native_precision, quantize_rows
from gruvy.spec import LayerWeights
from gruvy.streaming import StreamingGRU

OUTPUT_ERROR = 2e-6

# Dropout and zoneout's mask are of training.
INFERENCE = [c for c in CONFIGURATIONS if not c.dropout and c.zoneout != "mask"]


def run(sample: Sample, precision: str, threads: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Run a sample on weights that the engine has packed in a precision: the states and the last states."""
    c, native = sample.configuration, engine.require()
    weights = [None if w is None else w.copy() for w in sample.weights]
    packed = native.Packed(
        weights,
        inputs=c.inputs,
        hidden=c.hidden,
        reset_after=c.reset_after,
        precision=native_precision(precision),
    )
    problem = native.Problem(
        *(c.steps, c.batch, c.inputs, c.hidden),
        reset_after=c.reset_after,
        reverse=c.reverse,
        lengths=sample.lengths,
        resets=sample.resets,
        mask=sample.mask,
        zoneout=float(sample.zoneout),
        threads=threads,
    )
    out, h_n = np.full((c.steps, c.batch, c.hidden), 7, "f4"), np.full((c.batch, c.hidden), 7, "f4")
    for w in filter(lambda w: w is not None, weights):  # what is packed is not read again
        w.fill(np.nan)
    call = native.Forward(problem, x=sample.x, h_0=sample.h_0, initial_state=sample.initial_state, out=out, h_n=h_n)
    packed.forward(problem, call)
    return out, h_n


def rounded(sample: Sample, matrix) -> Sample:
    return dataclasses.replace(sample, weight_ih=matrix(sample.weight_ih), weight_hh=matrix(sample.weight_hh))


def to_bf16(weight: np.ndarray) -> np.ndarray:
    """Round to the nearest bf16, ties to even, by arithmetic: 8 bits of mantissa."""
    mantissa, exponent = np.frexp(weight.astype(np.float64))
    return np.ldexp(np.rint(mantissa * 2**8) / 2**8, exponent).astype(np.float32)


# ---- rows of weights ----


def test_rows_are_bytes_times_a_scale_of_17_bits():
    weight = draw(Configuration(37, 20, 1, 1)).weight_ih
    weight[3] = 0
    weight[4] *= 1e-35
    rows, scales = quantize_rows(weight)
    np.testing.assert_array_equal(
        rows * scales[:, None], np.where(np.arange(60)[:, None] == 4, 0, round_weights(weight))
    )
    assert (np.abs(rows[scales > 0]).max(1) == 127).all()
    assert (scales[[3, 4]] == 0).all()
    assert not (scales.view(np.uint32) & 0x7F).any()
    assert np.abs(rows * scales[:, None] - weight).max(1) == pytest.approx(scales / 2, rel=0.2, abs=1e-30)


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 40), st.floats(-25, 25), st.integers(0, 2**16))
def test_rows_made_again_from_bytes_and_scales_are_the_same(columns, power, seed):
    weight = (np.random.default_rng(seed).standard_normal((8, columns)) * 10.0**power).astype(np.float32)
    rows, scales = quantize_rows(weight)
    again_rows, again_scales = quantize_rows(rows * scales[:, None])
    np.testing.assert_array_equal(again_rows, rows)
    np.testing.assert_array_equal(again_scales, scales)


def test_what_cannot_be_kept_is_named():
    weight = np.ones((3, 2), "f4")
    with pytest.raises(ArgumentError, match="dtype is 'int4'; expected one of 'float32', 'bf16', 'int8'"):
        check_precision("int4", {})
    with pytest.raises(
        TensorError, match=r"a holds NaN or infinity.*; b has 131073 columns; int8 takes at most 131072"
    ):
        check_precision("int8", {"a": weight * np.nan, "b": np.broadcast_to(weight[:, :1], (3, MOST_FEATURES + 1))})
    check_precision("bf16", {"a": weight * np.nan})
    for bad in (weight[0], weight.astype("f8")):
        with pytest.raises(TensorError, match=r"weight is .*; expected a matrix \(rows, columns\) of float32"):
            quantize_rows(bad)


# ---- the arithmetic ----


def assert_int8(sample: Sample, threads: int) -> None:
    out, h_n = run(sample, "int8", threads)
    want, certain = next_states(sample, out)
    assert relative_error(out[certain], want[certain]) < OUTPUT_ERROR
    assert certain.size < 40 or certain.mean() > 0.5
    lengths = np.full(len(h_n), len(out)) if sample.lengths is None else sample.lengths
    for n, length in enumerate(lengths):
        last = 0 if sample.configuration.reverse else length - 1
        start = 0.0 if sample.h_0 is None else sample.h_0[n]
        np.testing.assert_array_equal(h_n[n], out[last, n] if length else start)


@pytest.mark.parametrize("configuration", INFERENCE, ids=str)
def test_int8_is_the_exact_arithmetic(configuration):
    assert_int8(draw(configuration), 1)


@pytest.mark.parametrize("configuration", INFERENCE, ids=str)
def test_bf16_is_float32_with_rounded_weights(configuration):
    sample = draw(configuration)
    out, h_n = run(sample, "bf16")
    want = expected(rounded(sample, to_bf16))
    assert relative_error(out, want.out) < OUTPUT_ERROR
    assert relative_error(h_n, want.h_n) < OUTPUT_ERROR
    for mine, theirs in zip((out, h_n), run(rounded(sample, to_bf16), "float32"), strict=True):
        np.testing.assert_array_equal(mine, theirs)


@settings(max_examples=40, deadline=None)
@given(
    drawn(steps=st.integers(0, 6), dropout=st.just(""), zoneout=st.sampled_from(["", "share"])),
    st.integers(1, 3),
    st.integers(0, 2**16),
)
def test_int8_is_the_exact_arithmetic_at_drawn_shapes(configuration, threads, seed):
    assert_int8(draw(configuration, seed), threads)


# Large enough that two and three threads really share the work: many rows, and one row split by hidden units.
LARGE = [Configuration(*size, form) for size in ((24, 70, 37, 50), (150, 432, 1, 60)) for form in (True, False)]


@pytest.mark.parametrize("configuration", LARGE, ids=str)
@pytest.mark.parametrize("precision", ["bf16", "int8"])
def test_results_are_bit_identical_however_they_are_cut(configuration, precision):
    sample, c = draw(configuration), configuration
    whole, last = run(sample, precision)
    for threads in (2, 3):
        out, h_n = run(sample, precision, threads)
        np.testing.assert_array_equal(out, whole)
        np.testing.assert_array_equal(h_n, last)
    rng = np.random.default_rng(0)
    for size in (1, 2, 3, 5, 8):
        for rows in np.array_split(rng.permutation(c.batch), -(-c.batch // size)):
            part = dataclasses.replace(
                sample,
                configuration=dataclasses.replace(c, batch=len(rows)),
                x=np.ascontiguousarray(sample.x[:, rows]),
                h_0=np.ascontiguousarray(sample.h_0[rows]),
            )
            np.testing.assert_array_equal(run(part, precision, 2)[0], whole[:, rows])
    state = sample.h_0
    for begin, end in ((0, 1), (1, 20), (20, c.steps)):
        part = dataclasses.replace(
            sample, configuration=dataclasses.replace(c, steps=end - begin), x=sample.x[begin:end], h_0=state
        )
        out, state = run(part, precision)
        np.testing.assert_array_equal(out, whole[begin:end])
    np.testing.assert_array_equal(state, last)


@pytest.mark.parametrize("reset_after", [True, False])
@pytest.mark.parametrize("batch", [1, 3, 9])
@pytest.mark.parametrize("norm", [True, False])
@pytest.mark.parametrize("precision", ["float32", "bf16", "int8"])
def test_a_stream_takes_the_steps_of_the_batch_call(reset_after, batch, norm, precision):
    c = Configuration(6, 33, batch, 12, reset_after, given_h_0=False, zoneout="share", layer_norm=norm)
    first = draw(c)
    middle = run(first, precision)[0]
    second = dataclasses.replace(draw(dataclasses.replace(c, inputs=33), seed=1), x=middle)
    want = run(second, precision)[0]
    layers = [LayerWeights(*sample.weights) for sample in (first, second)]
    stream = StreamingGRU(layers, streams=batch, reset_after=reset_after, zoneout=first.zoneout, dtype=precision)
    for x, wanted in zip(first.x, want, strict=True):
        np.testing.assert_array_equal(stream.step(x), wanted)


def test_a_stream_refuses_what_its_dtype_cannot_keep():
    sample = draw(Configuration(3, 5, 1, 1))
    sample.weight_hh[2, 1] = np.inf
    with pytest.raises(TensorError, match="layer 0: weight_hh holds NaN or infinity"):
        StreamingGRU([LayerWeights(*sample.weights)], dtype="int8")
    with pytest.raises(ArgumentError, match="dtype is 'float16'"):
        StreamingGRU([LayerWeights(*sample.weights)], dtype="float16")


# ---- values at the edges ----


@pytest.mark.parametrize("reset_after", [True, False])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_int8_makes_nan_of_a_row_with_nan_or_infinity_and_leaves_the_others(reset_after, value):
    sample = draw(Configuration(3, 20, 5, 6, reset_after))
    clean, _ = run(sample, "int8")
    sample.x[2, 3, 1] = value
    out, _ = run(sample, "int8")
    others = np.arange(5) != 3
    np.testing.assert_array_equal(out[:, others], clean[:, others])
    np.testing.assert_array_equal(out[:2], clean[:2])
    assert np.isnan(out[2:, 3]).all()


@pytest.mark.parametrize("reset_after", [True, False])
@pytest.mark.parametrize("scale", [0.0, 1e-40, 1e-31, 1e-29, 1e-10, 1e4, 1e30])
def test_int8_takes_inputs_and_states_of_any_size(reset_after, scale):
    sample = draw(Configuration(7, 20, 3, 4, reset_after, bias=False))
    with np.errstate(under="ignore"):
        sample = dataclasses.replace(sample, x=sample.x * np.float32(scale))
    assert_int8(sample, 1)
    assert_int8(dataclasses.replace(sample, h_0=sample.h_0 * np.float32(min(scale, 1e4))), 1)


@pytest.mark.parametrize("inputs", [1, 2, 3, 4, 5, 1000])
def test_int8_sums_of_the_largest_bytes_do_not_saturate(inputs):
    c = Configuration(inputs, 9, 2, 1, given_h_0=False)
    sample = draw(c)
    signs = np.sign(sample.x[0, 0])
    sample.weight_ih[:] = np.where(np.arange(27)[:, None] % 2, signs, 1) * 1e-3
    sample.x[0, 0], sample.x[0, 1] = signs, -1
    assert_int8(sample, 1)


# ---- instruction sets ----

HASH = """
import hashlib
import numpy as np
from test_quantization import INFERENCE, assert_int8, draw, run
from gruvy import engine
digests = [hashlib.sha256(), hashlib.sha256()]
for configuration in INFERENCE[::4]:
    sample = draw(configuration)
    assert_int8(sample, 2)
    for digest, precision in zip(digests, ("bf16", "int8")):
        digest.update(run(sample, precision)[0].tobytes())
print(engine.instruction_set(), *(digest.hexdigest() for digest in digests))
"""


def test_every_instruction_set_is_exact_and_fused_ones_agree_bit_for_bit():
    hashes = {}
    for name in ("avx512vnni", "avx512", "avx2", "baseline"):
        done = run_python(HASH, GRUVY_ISA=name)
        if "but this processor has" in done.stderr:
            continue
        assert done.returncode == 0, done.stderr
        used, *hashes[name] = done.stdout.split()
        assert used == name
    assert hashes
    fused = {tuple(hashes[name]) for name in ("avx512vnni", "avx512", "avx2") if name in hashes}
    assert len(fused) <= 1
