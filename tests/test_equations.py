from __future__ import annotations

import inspect
import re

import numpy as np
import pytest
import torch

from gruvy import equations
from gruvy.equations import Weights

FORMS = [(after, z) for after in (True, False) for z in ("keeps", "writes")]


def draw(T: int = 4, N: int = 3, I: int = 5, H: int = 6, gains: int = 0):
    rng = np.random.default_rng(1)
    weights = Weights(*(rng.standard_normal(s) for s in ((3 * H, I), (3 * H, H), *[(3 * H,)] * (2 + gains))))
    return rng.standard_normal((T, N, I)), rng.standard_normal((N, H)), weights


@pytest.mark.parametrize(("reset_after", "z"), FORMS)
@pytest.mark.parametrize("features", [False, True])
def test_backward_is_the_central_difference_of_forward(reset_after, z, features):
    x, h_0, weights = draw(gains=2 * features)
    rng = np.random.default_rng(2)
    dout, dh_n = rng.standard_normal((4, 3, 6)), rng.standard_normal((3, 6))
    masks = {"dropout": rng.uniform(0, 2, dout.shape), "zoneout": rng.uniform(0, 1, dout.shape)} if features else {}

    def loss() -> float:
        out, _ = equations.forward(x, h_0, weights, reset_after=reset_after, z=z, **masks)
        return float((out * dout).sum() + (out[-1] * dh_n).sum())

    _, steps = equations.forward(x, h_0, weights, reset_after=reset_after, z=z, **masks)
    dx, dh_0, gradient = equations.backward(dout, dh_n, steps, weights, reset_after=reset_after, z=z)
    for array, found in [(x, dx), (h_0, dh_0), *zip(weights, gradient, strict=True)]:
        if array is None:
            assert found is None
            continue
        for index in np.ndindex(array.shape):
            kept, width = array[index], 1e-5
            array[index] = kept + width
            above = loss()
            array[index] = kept - width
            below = loss()
            array[index] = kept
            assert found[index] == pytest.approx((above - below) / (2 * width), rel=1e-6, abs=1e-8)


def test_reset_after_is_torch_gru():
    x, h_0, weights = draw(T=20)
    module = torch.nn.GRU(5, 6, dtype=torch.float64)
    for parameter, value in zip(module.parameters(), weights[:4], strict=True):
        parameter.data = torch.from_numpy(value)
    tx, th = torch.from_numpy(x).requires_grad_(), torch.from_numpy(h_0).requires_grad_()
    wanted, last = module(tx, th[None])
    dout = torch.from_numpy(np.random.default_rng(3).standard_normal(wanted.shape))
    wanted.backward(dout)

    out, steps = equations.forward(x, h_0, weights)
    dx, dh_0, gradient = equations.backward(dout.numpy(), np.zeros_like(h_0), steps, weights)
    np.testing.assert_allclose(out, wanted.detach(), rtol=0, atol=1e-12)
    np.testing.assert_allclose(out[-1], last.detach()[0], rtol=0, atol=1e-12)
    for found, parameter in zip([dx, dh_0, *gradient[:4]], [tx, th, *module.parameters()], strict=True):
        np.testing.assert_allclose(found, parameter.grad, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("reset_after", "z"), FORMS)
def test_the_equations_in_the_docstring_are_what_is_computed(reset_after, z):
    x, h_0, weights = draw()
    dropout, zoneout = np.random.default_rng(4).uniform(0, 1, (2, *h_0.shape))
    names = {"x": x[0], "h": h_0, "k": dropout * h_0, "zoneout": zoneout, "sigmoid": equations.sigmoid, "tanh": np.tanh}
    for letter, stacked in zip("WUbd", weights[:4], strict=True):
        names |= {f"{letter}_{gate}": part for gate, part in zip("rzn", np.split(stacked, 3), strict=True)}
    lines = re.findall(r"^ +(\w+ = .*?)(?: +# (.*))?$", inspect.getdoc(equations.step) or "", re.MULTILINE)
    assert len(lines) == 6
    for equation, condition in lines:
        if condition in ("", f"reset_after={reset_after}", f'z="{z}"'):
            exec(equation, names)
    exec("h_next = zoneout * h + (1 - zoneout) * h_next", names)
    assert "zoneout * h + (1 - zoneout) * h_next" in equations.step.__doc__
    found = equations.step(x[0], h_0, weights, reset_after=reset_after, z=z, dropout=dropout, zoneout=zoneout)
    for name in ("r", "z", "n", "h_next"):
        np.testing.assert_allclose(getattr(found, name), names[name], rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("reset_after", [True, False])
def test_negating_the_update_gate_turns_one_convention_into_the_other(reset_after):
    x, h_0, weights = draw()
    turned = Weights(*(w.copy() for w in weights[:4]))
    for w in turned[:4]:
        np.split(w, 3)[1][:] *= -1
    keeps, _ = equations.forward(x, h_0, weights, reset_after=reset_after, z="keeps")
    writes, _ = equations.forward(x, h_0, turned, reset_after=reset_after, z="writes")
    np.testing.assert_allclose(keeps, writes, rtol=0, atol=1e-14)


def test_layer_norm_is_torch_layer_norm():
    rng = np.random.default_rng(5)
    a, gain, bias, dy = (rng.standard_normal(s) for s in ((7, 6), 6, 6, (7, 6)))
    leaves = [torch.from_numpy(v).requires_grad_() for v in (a, gain, bias)]
    wanted = torch.nn.functional.layer_norm(leaves[0], (6,), *leaves[1:], eps=equations.EPSILON)
    wanted.backward(torch.from_numpy(dy))
    np.testing.assert_allclose(equations.affine(a, gain, bias), wanted.detach(), rtol=1e-12, atol=1e-12)
    dgain, dbias = np.zeros(6), np.zeros(6)
    da = equations.affine_backward(dy, a, gain, dgain, dbias)
    for found, leaf in zip((da, dgain, dbias), leaves, strict=True):
        np.testing.assert_allclose(found, leaf.grad, rtol=1e-11, atol=1e-12)


def test_the_forms_differ():
    x, h_0, weights = draw()
    after, _ = equations.forward(x, h_0, weights, reset_after=True)
    before, _ = equations.forward(x, h_0, weights, reset_after=False)
    assert np.abs(after - before).max() > 0.01


def test_no_steps():
    _, h_0, weights = draw()
    out, steps = equations.forward(np.zeros((0, 3, 5)), h_0, weights)
    assert out.shape == (0, 3, 6)
    _, dh_0, _ = equations.backward(out, h_0, steps, weights)
    np.testing.assert_array_equal(dh_0, h_0)
