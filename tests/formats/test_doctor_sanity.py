"""What the doctor sees in a file by itself, against gates that the equations compute."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from planted_faults import random_gru

from gruvy import equations, formats
from gruvy.activations import activation
from gruvy.errors import ArgumentError, DataError, InputNote
from gruvy.formats import doctor
from gruvy.formats.doctor import sanity
from gruvy.spec import GATES, GRUWeights


def changed(weights: GRUWeights, at: tuple[int, int], **arrays) -> GRUWeights:
    layers = [list(layer) for layer in weights.layers]
    layers[at[0]][at[1]] = layers[at[0]][at[1]]._replace(**arrays)
    return replace(weights, layers=tuple(map(tuple, layers)))


def faults(weights: GRUWeights, data=None) -> list[doctor.Fault]:
    return list(doctor.diagnose(formats.write(weights, format="onnx"), data).faults)


def test_a_sound_file_is_sound_and_described():
    report = doctor.diagnose(formats.write(random_gru(3, 4, 2, 2), format="onnx"))
    assert report.sound
    assert report.parameters == 2 * (12 * 3 + 12 * 4 + 24) + 2 * (12 * 8 + 12 * 4 + 24)
    assert report.biases == "input and recurrent"
    text = str(report)
    assert "2 layers, both directions, 3 inputs, 4 units" in text
    assert "reset-after (linear_before_reset=1" in text
    assert "update, reset, candidate; the update gate keeps the old state" in text


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_none(value):
    weights = random_gru(3, 4, 2)
    broken = weights.layers[1][0].weight_hh.copy()
    broken[2, 1] = broken[3, 3] = value
    (fault,) = faults(changed(weights, (1, 0), weight_hh=broken))
    assert fault.kind == "not finite"
    assert fault.message == "layer 1: weight_hh has 2 values of 48 that are NaN or infinite"


@pytest.mark.parametrize("name", ["weight_ih", "weight_hh"])
def test_a_matrix_of_zeros(name):
    weights = random_gru(3, 4, 1, 2)
    zero = np.zeros_like(getattr(weights.layers[0][1], name))
    (fault,) = faults(changed(weights, (0, 1), **{name: zero}))
    assert fault.kind == "zero matrix"
    assert fault.message.startswith(f"layer 0 backward: {name} is all zero")


@pytest.mark.parametrize("after", [True, False])
@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("gate", range(3))
def test_a_gate_that_no_input_moves(gate, sign, after):
    weights = random_gru(3, 4, 2, after=after)
    bias = weights.layers[1][0].bias_ih.copy()
    bias[4 * gate + 2] = 40 * sign
    (fault,) = faults(changed(weights, (1, 0), bias_ih=bias))
    name = "the candidate" if gate == 2 else f"the {GATES[gate]} gate"
    assert fault.kind == "dead gate"
    assert fault.message == f"layer 1: {name} cannot move in 1 of 4 units (2), whatever comes in"


def test_a_large_bias_against_larger_weights_is_no_fault():
    weights = random_gru(3, 4)
    ((one,),) = weights.layers
    bias = np.where(np.arange(12) // 4 == 1, 20, 0).astype("f4")
    assert faults(changed(weights, (0, 0), bias_ih=bias, weight_ih=one.weight_ih * 10)) == []


def test_the_candidates_recurrent_bias_can_be_closed_off_by_the_reset_gate():
    weights = random_gru(3, 4)
    bias = np.where(np.arange(12) // 4 == 2, 60, 0).astype("f4")
    assert faults(changed(weights, (0, 0), bias_hh=bias)) == []
    before = replace(changed(weights, (0, 0), bias_hh=bias), reset_after=False)
    assert [fault.kind for fault in faults(before)] == ["dead gate"]


def test_a_transposed_copy_in_the_other_direction():
    weights = random_gru(3, 4, 1, 2)
    forward, _ = weights.layers[0]
    turned = np.concatenate([block.T for block in np.split(forward.weight_hh, 3)])
    (fault,) = faults(changed(weights, (0, 1), weight_hh=turned))
    assert fault.kind == "transposed copy"
    assert faults(changed(weights, (0, 1), weight_hh=forward.weight_hh)) == []  # tied weights


@pytest.mark.parametrize("after", [True, False])
def test_pre_activations_are_those_of_the_equations(after):
    weights = random_gru(3, 4, 2, 2, after=after)
    rng = np.random.default_rng(0)
    x = rng.standard_normal((6, 2, 3)).astype(np.float32)
    found = dict(sanity.pre_activations(weights, x))
    for layer, cells in enumerate(weights.layers):
        outputs = []
        for direction, one in enumerate(cells):
            way = slice(None, None, -1 if direction else 1)
            arrays = equations.Weights(*(array.astype(np.float64) for array in one[:4]))
            states, steps = equations.forward(x[way].astype(np.float64), np.zeros((2, 4)), arrays, reset_after=after)
            gates = np.concatenate([[step.r, step.z, step.n] for step in steps]).reshape(6, 3, 2, 4)
            a = found[layer, direction][way].reshape(6, 2, 3, 4).transpose(0, 2, 1, 3)
            np.testing.assert_allclose(equations.sigmoid(a[:, :2]), gates[:, :2], atol=1e-6)
            np.testing.assert_allclose(np.tanh(a[:, 2]), gates[:, 2], atol=1e-6)
            outputs.append(states[way])
        x = np.concatenate(outputs, axis=2)


def test_data_that_was_not_scaled_saturates_the_gates():
    weights, rng = random_gru(3, 8), np.random.default_rng(0)
    x = rng.standard_normal((50, 4, 3)).astype(np.float32)
    assert faults(weights, x) == []
    found = faults(weights, x + 500)
    assert {fault.kind for fault in found} <= {"dead gate", "saturated gate"}
    assert any("on this data" in fault.message for fault in found)
    report = doctor.diagnose(formats.write(weights, format="onnx"), x + 500)
    expected = (np.abs(dict(sanity.pre_activations(weights, x + 500))[0, 0][..., :8]) > 5).mean((0, 1))
    np.testing.assert_allclose(report.saturated[0, 0, "reset"], expected)
    assert 0.5 < expected.mean() <= 1


def test_spectral_radii():
    weights = random_gru(3, 4)
    blocks = [np.diag([0.5, -2, 1, 0]), np.eye(4), np.zeros((4, 4)) + np.eye(4, k=1)]
    report = doctor.diagnose(
        formats.write(changed(weights, (0, 0), weight_hh=np.concatenate(blocks).astype("f4")), format="onnx")
    )
    assert report.radii == pytest.approx({(0, 0, "reset"): 2, (0, 0, "update"): 1, (0, 0, "candidate"): 0}, abs=1e-6)


def test_data_that_does_not_fit(tmp_path):
    model = formats.write(random_gru(3, 4), format="onnx")
    (tmp_path / "text.npy").write_text("1,2,3")
    np.save(tmp_path / "pickle.npy", np.array([{}], object), allow_pickle=True)
    for data, reason in (
        (np.zeros((5, 2)), r"float64 of the shape \(5, 2\); expected .*\(T, N, 3\) or \(T, 3\)"),
        (np.zeros((5, 3), "c8"), "complex64"),
        (np.full((5, 3), np.nan), "NaN"),
        (tmp_path / "text.npy", "text.npy: not a .npy file"),
        (tmp_path / "pickle.npy", "pickle.npy: not a .npy file"),
        (tmp_path / "none.npy", "none.npy: not a .npy file"),
    ):
        with pytest.raises(DataError, match=reason):
            doctor.diagnose(model, data)


def test_other_functions_are_told_and_compared():
    layer = GRUWeights(formats.read(torch.nn.GRU(3, 4)).layers, reset_after=True)
    other = replace(layer, activations=(activation("hard_sigmoid"), activation("relu")))
    model = formats.write(other, format="onnx")
    assert "hard_sigmoid(0.2, 0.5) for the gates and relu for the candidate" in str(doctor.diagnose(model))
    with pytest.warns(InputNote, match="step by step in NumPy"):
        difference = doctor.compare(model, layer)
    assert [fault.kind for fault in difference.faults] == ["functions"]
    assert formats.same_weights(difference.repaired, layer)
    with pytest.raises(ArgumentError, match="it computes sigmoid and tanh, and the weights are for hard_sigmoid"):
        formats.write(other, torch.nn.GRU(3, 4), format="gruvy")
