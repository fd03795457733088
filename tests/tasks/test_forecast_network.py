import itertools

import pytest
import torch

from gruvy.data import Batch
from gruvy.nn.cells import CELLS
from gruvy.tasks.forecasting.network import CountLoss, ForecastNetwork, PinballLoss

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.9)


def network(cell="gru", known=2, **options):
    torch.manual_seed(0)
    made = ForecastNetwork(cell, 6, 4, 2, known, 5, QUANTILES, hidden_size=8, **options)
    for weight in made.parameters():
        torch.nn.init.normal_(weight, std=0.5)
    return made.eval()


def batch(known=2):
    torch.manual_seed(1)
    return torch.randn(9, 3, 6), torch.randn(5, 3, known), torch.randn(3, 2)


@pytest.mark.parametrize(("cell", "known", "layers"), list(itertools.product(CELLS, (0, 2), (1, 2))))
def test_quantiles_never_cross(cell, known, layers):
    forecast = network(cell, known, num_layers=layers)(*batch(known))
    assert forecast.shape == (5, 3, 2, 5)
    assert (forecast.diff(dim=-1) >= 0).all()


def test_training_starts_from_persistence():
    context, ahead, anchor = batch()
    fresh = ForecastNetwork("gru", 6, 4, 2, 2, 5, QUANTILES, hidden_size=8)
    forecast = fresh(context, ahead, anchor)
    assert torch.equal(forecast[..., 2], anchor.expand(5, 3, 2))


def test_windows_do_not_see_each_other():
    context, ahead, anchor = batch()
    made = network()
    for one in range(3):
        alone = made(context[:, one : one + 1], ahead[:, one : one + 1], anchor[one : one + 1])
        torch.testing.assert_close(alone[:, 0], made(context, ahead, anchor)[:, one])


def test_a_known_covariate_moves_its_own_step_only():
    context, ahead, anchor = batch()
    other = ahead.clone()
    other[3] += 1
    change = (network()(context, other, anchor) - network()(context, ahead, anchor)).abs().amax(dim=(1, 2, 3))
    assert (change > 0).tolist() == [False, False, False, True, False]


def test_values_are_read_as_differences_from_the_last_beside_it():
    context, _, _ = batch()
    inputs = network().encoder_input(context)
    torch.testing.assert_close(inputs[..., :4], context[..., :4] - context[-1, :, :4])
    torch.testing.assert_close(inputs[..., 4:8], context[-1:, :, :4].expand(9, 3, 4))
    torch.testing.assert_close(inputs[..., 8:], context[..., 4:])


def test_dropout_takes_channels_for_a_whole_window_and_only_in_training():
    made = network(dropout=0.5)
    ones = torch.ones(9, 200, 6)
    assert torch.equal(made.encoder_input(ones), made.encoder_input(ones))
    inputs = made.train().encoder_input(ones)[..., 4:]
    assert torch.equal(inputs, inputs[:1].expand_as(inputs))
    assert set(inputs.unique().tolist()) == {0.0, 2.0}
    assert 0.4 < (inputs == 0).float().mean() < 0.6


def test_pinball_loss_against_its_definition_and_leaving_out_missing_truths():
    forecast = torch.randn(4, 3, 2, 5).sort(dim=-1).values
    truth = torch.randn(4, 3, 2)
    truth[0, 1, 0] = truth[2, 2, 1] = torch.nan
    total, count = PinballLoss(QUANTILES)(lambda *_: forecast, Batch(truth, truth, truth, truth))
    expected = 0.0
    for place in itertools.product(range(4), range(3), range(2)):
        if not truth[place].isnan():
            for level, value in zip(QUANTILES, forecast[place], strict=True):
                error = (truth[place] - value).item()
                expected += max(level * error, (level - 1) * error) / 5
    assert count == 22
    assert total.item() == pytest.approx(expected, rel=1e-5)


def test_pinball_loss_is_least_for_the_true_quantiles():
    truth = torch.arange(101.0).reshape(1, 101, 1)

    def value(level, guess):
        total, _ = PinballLoss([level])(lambda *_: torch.full((1, 101, 1, 1), guess), Batch(truth, truth, truth, truth))
        return total.item()

    for level in (0.1, 0.5, 0.9):
        assert min(range(101), key=lambda guess: value(level, float(guess))) == 100 * level


@pytest.mark.parametrize(("mean", "alpha"), [(0.3, 0.0), (3000.0, 0.0), (5.0, 1.0)])
def test_training_on_counts_starts_from_their_mean_and_dispersion(mean, alpha):
    drawn = torch.Generator().manual_seed(0)
    rates = mean if not alpha else torch._standard_gamma(torch.full((5, 4000, 2), 1 / alpha), drawn) * mean * alpha
    counts = torch.poisson(torch.ones(5, 4000, 2) * rates, drawn).double()
    level = torch.full((4000, 2), 1 + mean, dtype=torch.float64)
    parts = Batch(torch.zeros(3, 4000, 2), torch.zeros(5, 4000, 0), torch.zeros(4000, 2), counts.float(), level, counts)
    fresh = ForecastNetwork("gru", 2, 2, 2, 0, 5, (0.5,), hidden_size=4, likelihood="count")
    fresh.start_counts([parts])
    found = torch.nn.functional.softplus(fresh(*parts[:3]))
    torch.testing.assert_close(found[0, 0, :, 0], torch.full((2,), mean / (1 + mean)), rtol=0.05, atol=0)
    wanted = max(alpha * (1 + mean) ** 0.5, 0.01)
    torch.testing.assert_close(found[0, 0, :, 1], torch.full((2,), wanted), rtol=0.1, atol=0.05)
    loss, _ = CountLoss()(fresh, parts)
    for moved in (0.3, -0.3):  # and that is about the likeliest start
        with torch.no_grad():
            fresh.head.bias += moved
            assert CountLoss()(fresh, parts)[0] > loss
            fresh.head.bias -= moved
