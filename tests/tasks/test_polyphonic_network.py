"""The equations of the network, and its loss."""

import numpy as np
import pytest
import torch
from scipy.special import expit

from gruvy.data import pad
from gruvy.nn.cells import CELLS
from gruvy.tasks.music.network import FrameLikelihood, PolyphonicNetwork
from gruvy.tasks.music.scores import frame_likelihoods, score_row


def network(cell="gru", **options):
    torch.manual_seed(0)
    return PolyphonicNetwork(cell, 3, hidden_size=4, **options).eval()


def rolls(*lengths):
    random = np.random.default_rng(0)
    return [(random.random((length, 3)) < 0.4).astype(np.float32) for length in lengths]


def test_the_reset_before_form_of_the_gru_by_hand():
    made = network(reset_after=False)
    w = {name: value.detach().numpy().astype(float) for name, value in made.layers.named_parameters()}
    W, U = w["weight_ih_l0"].reshape(3, 4, 3), w["weight_hh_l0"].reshape(3, 4, 4)
    b, c = w["bias_ih_l0"].reshape(3, 4), w["bias_hh_l0"].reshape(3, 4)
    (roll,) = rolls(6)
    h, x, expected = np.zeros(4), np.zeros(3), []
    for frame in roll:
        r, z = (expit(W[i] @ x + b[i] + U[i] @ h + c[i]) for i in (0, 1))
        n = np.tanh(W[2] @ x + b[2] + U[2] @ (r * h) + c[2])
        h, x = (1 - z) * n + z * h, frame
        expected.append(made.head.weight.detach().numpy() @ h + made.head.bias.detach().numpy())
    found = made(torch.from_numpy(roll)[:, None])[:, 0].detach()
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("cell", CELLS)
def test_step_by_step_is_the_whole(cell):
    made = network(cell, num_layers=2)
    frames = torch.from_numpy(np.stack(rolls(7, 7), axis=1))
    whole = made(frames)
    x, state = torch.zeros(2, 3), None
    for t in range(7):
        logits, state = made.step(x, state)
        torch.testing.assert_close(logits, whole[t], atol=1e-6, rtol=1e-5)
        x = frames[t]


def test_the_loss_is_the_mean_over_frames_not_over_padding():
    made, pieces = network(), rolls(5, 2, 9)
    total, count = FrameLikelihood()(made, pad(pieces))
    logits = [made(torch.from_numpy(piece)[:, None])[:, 0].detach().numpy() for piece in pieces]
    by_hand = [np.log(np.where(x == 1, expit(l), 1 - expit(l))).sum() for x, l in zip(pieces, logits, strict=True)]
    assert count == 16
    assert total.item() == pytest.approx(-sum(by_hand), rel=1e-5)
    row = score_row("gru", pieces, logits)
    assert row["nll"] == pytest.approx(total.item() / 16, rel=1e-5)


def test_weight_noise_is_of_the_training_alone_and_reaches_every_weight():
    made, batch = network(), pad(rolls(5, 2))
    kept = {name: value.clone() for name, value in made.state_dict().items()}
    noisy, plain = FrameLikelihood(0.1), FrameLikelihood()
    assert noisy(made, batch)[0] == plain(made, batch)[0]
    made.train()
    torch.manual_seed(0)
    losses = {noisy(made, batch)[0].item() for _ in range(5)}
    assert len(losses) == 5
    spread = np.std([noisy(made, batch)[0].item() for _ in range(200)])
    tenth = np.std([FrameLikelihood(0.01)(made, batch)[0].item() for _ in range(200)])
    assert 6 < spread / tenth < 16
    noisy(made, batch)[0].backward()
    assert all(weight.grad.abs().sum() > 0 for weight in made.parameters())
    assert all(torch.equal(value, kept[name]) for name, value in made.state_dict().items())


def test_scores_by_hand():
    roll = np.array([[1, 0, 1], [0, 0, 1]])
    logits = np.array([[2.0, -1.0, -1.0], [0.5, -3.0, 4.0]])
    p = expit(logits)
    by_hand = np.log([p[0, 0] * (1 - p[0, 1]) * p[0, 2], (1 - p[1, 0]) * (1 - p[1, 1]) * p[1, 2]])
    np.testing.assert_allclose(frame_likelihoods(roll, logits), by_hand)
    row = score_row("a", [roll], [logits])
    assert row["nll"] == pytest.approx(-by_hand.mean())
    assert row["frame_accuracy"] == 2 / 4  # two found, one missed, one too many
    assert frame_likelihoods(np.ones((1, 1)), np.array([[-2000.0]])) == -2000  # no logarithm of 0
    assert score_row("a", [np.zeros((2, 3))], [np.full((2, 3), -1.0)])["frame_accuracy"] == 1.0
