from __future__ import annotations

import numpy as np
import pytest
from configurations import Configuration, draw

from gruvy import StreamingGRU, engine
from gruvy.errors import ArgumentError, TensorError
from gruvy.spec import LayerWeights

STACKS = [(1, 8, 1), (3, 8, 2), (1, 33, 3), (2, 70, 9), (3, 5, 1)]


def stack(layers: int, hidden: int, batch: int, reset_after: bool, **options):
    """Weights of a stack, its input, and its states by the batch call, which starts from any `initial_state`."""
    samples = [
        draw(Configuration(hidden if number else 6, hidden, batch, 12, reset_after, **options), seed=number)
        for number in range(layers)
    ]
    x = sequence = samples[0].x
    for sample in samples:
        h_0 = None if sample.initial_state is None else np.tile(sample.initial_state, (batch, 1))
        given = {"h_0": h_0, "zoneout": sample.zoneout, "reset_after": reset_after}
        sequence, _, _ = engine.forward(sequence, *sample.weights, **given)
    return [LayerWeights(*sample.weights, sample.initial_state) for sample in samples], x, sequence


@pytest.mark.parametrize(("layers", "hidden", "batch"), STACKS)
@pytest.mark.parametrize("reset_after", [True, False])
@pytest.mark.parametrize(
    "options",
    [{}, {"bias": False}, {"layer_norm": True}, {"zoneout": "share", "layer_norm": True, "initial_state": True}],
)
def test_steps_are_the_batch_call_bit_for_bit(layers, hidden, batch, reset_after, options):
    weights, x, want = stack(layers, hidden, batch, reset_after, **options)
    zoneout = 0.3 if "zoneout" in options else 0.0
    stream = StreamingGRU(weights, streams=batch, reset_after=reset_after, zoneout=zoneout)
    for x_t, wanted in zip(x, want, strict=True):
        np.testing.assert_array_equal(stream.step(x_t), wanted)


def test_each_result_is_an_array_of_its_own_unless_out_is_given():
    weights, x, want = stack(1, 8, 1, True)
    stream = StreamingGRU(weights)
    found = [stream.step(x_t[0]) for x_t in x]
    np.testing.assert_array_equal(found, want[:, 0])
    stream.reset()
    out = np.empty(8, np.float32)
    assert stream.step(x[0, 0], out=out) is out
    np.testing.assert_array_equal(out, want[0, 0])


def test_weights_are_kept():
    weights, x, want = stack(2, 8, 1, True)
    stream = StreamingGRU(weights)
    for layer in weights:
        for array in layer[:4]:
            array[:] = np.nan
    np.testing.assert_array_equal(stream.step(x[0]), want[0])


def test_snapshot_and_restore():
    weights, x, want = stack(2, 33, 3, False)
    stream = StreamingGRU(weights, streams=3, reset_after=False)
    for x_t in x[:5]:
        stream.step(x_t)
    kept = stream.snapshot()
    assert kept.shape == (2, 3, 33)
    for x_t in x[5:8]:
        stream.step(x_t)
    stream.restore(kept)
    other = StreamingGRU(weights, streams=3, reset_after=False)
    other.restore(kept)
    for x_t, wanted in zip(x[5:], want[5:], strict=True):
        np.testing.assert_array_equal(stream.step(x_t), wanted)
        np.testing.assert_array_equal(other.step(x_t), wanted)


def test_reset_of_some_streams_leaves_the_others():
    weights, x, want = stack(2, 8, 3, True)
    stream = StreamingGRU(weights, streams=3)
    for x_t in x[:4]:
        stream.step(x_t)
    stream.reset([1])
    again = StreamingGRU(weights).step(x[4, 1])
    found = stream.step(x[4])
    np.testing.assert_array_equal(found[[0, 2]], want[4, [0, 2]])
    np.testing.assert_array_equal(found[1], again)
    assert np.abs(found[1] - want[4, 1]).max() > 1e-3


def test_reset_goes_back_to_the_state_to_start_from():
    weights, x, want = stack(2, 8, 3, True, initial_state=True)
    stream = StreamingGRU(weights, streams=3)
    stream.step(x[0])
    stream.reset([1])
    np.testing.assert_array_equal(stream.snapshot()[:, 1], [layer.initial_state for layer in weights])
    stream.reset()
    np.testing.assert_array_equal(stream.step(x[0]), want[0])


def test_what_does_not_fit_is_named():
    weights, _, _ = stack(2, 8, 1, True)
    stream = StreamingGRU(weights, streams=2)
    for bad in (np.zeros((2, 5), "f4"), np.zeros((2, 6)), np.zeros(6, "f4"), np.zeros((6, 2), "f4").T, [[0.0] * 6] * 2):
        with pytest.raises(TensorError, match=r"step got x .*; expected contiguous float32 arrays, x \(2, 6\)"):
            stream.step(bad)
    with pytest.raises(TensorError, match="out float32"):
        stream.step(np.zeros((2, 6), "f4"), out=np.zeros((2, 7), "f4"))
    with pytest.raises(TensorError, match=r"layer 1: weight_ih has the shape \(24, 6\); expected \(24, 8\)"):
        StreamingGRU([weights[0], weights[0]])
    with pytest.raises(TensorError, match="layer 0: one of gain_ih and gain_hh is missing: give both or neither"):
        StreamingGRU([weights[0]._replace(gain_hh=np.ones(24, "f4"))])
    with pytest.raises(ArgumentError, match=r"zoneout is -0\.1; expected a fraction"):
        StreamingGRU(weights, zoneout=-0.1)
    with pytest.raises(TensorError, match="states has the shape"):
        stream.restore(np.zeros((2, 1, 8), "f4"))
    with pytest.raises(ArgumentError, match="stream 2 is not there; expected 0 to 1"):
        stream.reset([0, 2])
    with pytest.raises(ArgumentError, match="at least 1 layer"):
        StreamingGRU([])
