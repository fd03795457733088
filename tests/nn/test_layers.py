"""The two paths of one layer, with everything that it can do, against the equations."""

from __future__ import annotations

import pytest
import torch
from configurations import CONFIGURATIONS, Sample, draw, expected_of, relative_error

from gruvy.nn.composed import torch_layer
from gruvy.nn.layer import Cell, DirectionWeights, StepControls
from gruvy.nn.native import native_layer

OUTPUT_ERROR, GRADIENT_ERROR = 2e-6, 1e-5
RUNS = [("native", 0), ("native", 3), ("torch", 0)]


@pytest.mark.parametrize(("path", "checkpoint_every"), RUNS, ids=["native", "checkpoints", "torch"])
@pytest.mark.parametrize("configuration", CONFIGURATIONS, ids=str)
def test_agrees_with_the_equations(configuration, path, checkpoint_every):
    c, sample = configuration, draw(configuration)
    output_error, gradient_error = (5 * e if c.layer_norm else e for e in (OUTPUT_ERROR, GRADIENT_ERROR))
    want = expected_of(configuration)
    weights, controls = tensors(sample)
    x = torch.from_numpy(sample.x).requires_grad_()
    state = None
    if sample.h_0 is not None:
        state = torch.stack([torch.from_numpy(sample.h_0)] * len(weights)).requires_grad_()
    cell = Cell(c.reset_after, 0.0 if c.zoneout == "mask" else sample.zoneout, checkpoint_every)
    run_layer = torch_layer if path == "torch" else native_layer
    out, h_n = run_layer(x, state, weights, controls, cell)
    part = slice(-c.hidden, None)  # of the direction that is looked at
    assert relative_error(out[..., part].detach(), want.out) < output_error
    assert relative_error(h_n[-1].detach(), want.h_n) < output_error
    loss = (out[..., part] * torch.from_numpy(sample.dout)).sum() + (h_n[-1] * torch.from_numpy(sample.dh_n)).sum()
    loss.backward()
    assert relative_error(x.grad, want.dx) < gradient_error
    if state is not None:
        assert relative_error(state.grad[-1], want.dh_0) < gradient_error
    pairs = list(zip(weights[-1], (*want.weights, want.dinitial_state.sum(0)), strict=True))
    for parameter, wanted in pairs:
        if parameter is None:
            continue
        if parameter.grad is None:  # PyTorch's way of saying that a weight had no part in it
            assert not wanted.any()
        else:
            assert relative_error(parameter.grad, wanted) < gradient_error


def tensors(sample: Sample) -> tuple[list[DirectionWeights], StepControls]:
    """One direction, or, for the reverse one, both, with zero weights in the other."""
    c = sample.configuration
    given = [None if w is None else torch.from_numpy(w) for w in (*sample.weights, sample.initial_state)]
    weights = [DirectionWeights(*(None if w is None else w.clone().requires_grad_() for w in given))]
    if c.reverse:
        weights.insert(0, DirectionWeights(*(None if w is None else torch.zeros_like(w) for w in given)))
    flags = [None if f is None else torch.from_numpy(f) for f in (sample.lengths, sample.resets, sample.mask)]
    masks = [sample.dropout, sample.zoneout if c.zoneout == "mask" else None]
    masks = [None if m is None else torch.stack([torch.from_numpy(m)] * len(weights)) for m in masks]
    return weights, StepControls(*flags, *masks)
