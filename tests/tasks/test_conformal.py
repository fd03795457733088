from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

import gruvy
from gruvy.data import Panel, Windows
from gruvy.tasks import Forecaster
from gruvy.tasks.forecasting.conformal import calibrate, recalibrated
from gruvy.tasks.forecasting.graph import forecast_graph
from gruvy.tasks.forecasting.network import ForecastNetwork
from gruvy.tasks.shared.quantiles import conformal_margins

LEVELS = (0.05, 0.2, 0.5, 0.8, 0.95)


def test_of_exchangeable_windows_the_promised_share_is_held():
    """Theorem 2 on 4,000 draws of 20 scores and one more; wrong quantiles on purpose."""
    rng = np.random.default_rng(0)
    truth = rng.normal(size=(1, 4000, 21, 1))
    inside = []
    for draw in range(truth.shape[1]):
        known, new = truth[:, draw, :20], truth[0, draw, 20, 0]
        margins = conformal_margins(known, np.broadcast_to([-0.3, 0.0, 0.1], (1, 20, 1, 3)), (0.1, 0.5, 0.9))
        low, high = -0.3 - margins[0, 0, 0], 0.1 + margins[0, 0, 2]
        inside.append((new >= low, new <= high))
    # Each tail: ceil(0.9 * 21) = 19 of 21 ranks, 0.905 exactly; the standard error is 0.005.
    assert np.mean(inside, axis=0) == pytest.approx([19 / 21, 19 / 21], abs=0.015)


def test_margins_are_by_step_and_target_and_leave_out_missing_truths():
    truth = np.arange(1.0, 20.0).reshape(1, 19, 1) * np.array([[[1.0, -10.0]], [[2.0, np.nan]]])
    margins = conformal_margins(truth, np.zeros((2, 19, 2, 3)), (0.1, 0.5, 0.9))
    assert margins[:, :, 2].tolist() == [[18, -20], [36, 0]]  # rank ceil(0.9 * 20) = 18 of 19
    assert margins[:, :, 0].tolist() == [[-2, 180], [-4, 0]]
    assert not margins[:, :, 1].any()
    truth[0, 4:] = np.nan
    assert conformal_margins(truth, np.zeros((2, 19, 2, 3)), (0.1, 0.5, 0.9))[0, 0, 2] == 4  # too few: the largest


def network():
    torch.manual_seed(0)
    made = ForecastNetwork("gru", 2, 2, 2, 0, 3, LEVELS, hidden_size=4)
    torch.nn.init.normal_(made.head.weight, std=0.3)
    return made.eval()


def windows():
    values = torch.from_numpy(np.random.default_rng(1).normal(size=(150, 2)).astype(np.float32))
    panel = Panel(values, values[:, :0], values, np.array([0, 150]))
    origins = panel.origins(np.array([0]), np.array([150]), 6, 3)
    return Windows(panel, origins, context=6, horizon=3, batch_size=50)


def test_a_calibrated_network_holds_its_levels_on_the_windows_it_was_calibrated_on():
    made, given = network(), windows()
    before = [made(batch.context, batch.ahead, batch.anchor) for batch in given]
    calibrate(made, given, LEVELS)
    truth = torch.cat([batch.truth for batch in given], dim=1)
    forecast = torch.cat([made(batch.context, batch.ahead, batch.anchor) for batch in given], dim=1)
    below = (truth[..., None] <= forecast).float().mean(dim=1)
    n = truth.shape[1]
    expected = [1 - np.ceil(0.95 * (n + 1)) / n, 1 - np.ceil(0.8 * (n + 1)) / n]
    expected += [None, np.ceil(0.8 * (n + 1)) / n, np.ceil(0.95 * (n + 1)) / n]
    for number, share in enumerate(expected):
        if share is not None:
            np.testing.assert_allclose(below[..., number], share, atol=1.01 / n)
    assert torch.equal(forecast[..., 2], torch.cat(before, dim=1)[..., 2])
    assert (forecast.diff(dim=-1) >= 0).all()


def test_margins_are_not_there_in_training():
    made = network()
    batch = next(iter(windows()))
    plain = made.train()(batch.context, batch.ahead, batch.anchor)
    made.margins.bias.fill_(5.0)
    assert torch.equal(made(batch.context, batch.ahead, batch.anchor), plain)
    assert not torch.equal(made.eval()(batch.context, batch.ahead, batch.anchor), plain)


def test_quantiles_cannot_cross_whatever_the_margins():
    made = network()
    batch = next(iter(windows()))
    made.margins.bias.normal_(std=3.0)
    forecast = made(batch.context, batch.ahead, batch.anchor)
    assert (forecast.diff(dim=-1) >= 0).all()
    assert (forecast.diff(dim=-1) == 0).any()


def test_the_graph_has_the_margins():
    made, batch = network(), next(iter(windows()))
    made.margins.bias.normal_(std=1.0)
    inputs = {"context": batch.context.numpy(), "anchor": batch.anchor.numpy()}
    found = forecast_graph(made).run(inputs)[0]["quantiles"].reshape(3, -1, 2, 5)
    wanted = made(batch.context, batch.ahead, batch.anchor).detach().numpy()
    np.testing.assert_allclose(found, wanted, atol=1e-5)


def test_a_forecaster_is_calibrated_unless_told_otherwise(hourly, small):
    options = {"target": "y", "time": "time"}
    made = Forecaster(**small).fit(hourly, **options)
    plain = Forecaster(**small, calibrate=False).fit(hourly, **options)
    assert not plain._model.network.margins.bias.any()
    assert made.predict(hourly)["y"].tolist() == plain.predict(hourly)["y"].tolist()
    before_test = hourly[hourly["time"] < made.test_start_]
    shares = [one.evaluate(before_test, start=one.validation_start_)[0]["coverage"] for one in (made, plain)]
    # 36 windows: each tail holds ceil(0.9 * 37) / 36 = 0.944 of them at every step.
    assert shares[0] == pytest.approx(1 - 2 * (1 - 34 / 36), abs=0.04)
    assert abs(shares[0] - 0.889) < abs(shares[1] - 0.889)


def drifting(rows=900):
    """Noise whose spread doubles after two thirds of the rows."""
    rng = np.random.default_rng(0)
    spread = np.where(np.arange(rows) < rows * 2 // 3, 1.0, 2.0)
    return pd.DataFrame({"time": pd.date_range("2024", periods=rows, freq="h"), "y": spread * rng.normal(size=rows)})


@pytest.fixture(scope="module")
def drifted(small):
    frame = drifting()
    return frame, Forecaster(**small | {"test_fraction": 0.3}).fit(frame, target="y", time="time")


def coverage(test):
    return np.mean((test.truth >= test.forecast[..., 0]) & (test.truth <= test.forecast[..., -1]))


def test_bands_that_are_calibrated_anew_follow_a_spread_that_has_changed(drifted):
    frame, model = drifted
    plain = model.backtest(frame, stride=1, start=model.validation_start_)
    moved = recalibrated(plain, 100)
    late = plain.times[:, 0] >= frame["time"].to_numpy()[720]
    assert np.mean(late) > 0.4
    inside = [
        np.mean((plain.truth >= one.forecast[..., 0])[late] & (plain.truth <= one.forecast[..., -1])[late])
        for one in (plain, moved)
    ]
    assert inside[0] < 0.65
    assert inside[1] == pytest.approx(0.8, abs=0.05)
    np.testing.assert_array_equal(moved.median, plain.median)
    assert (np.diff(moved.forecast, axis=-1) >= 0).all()
    np.testing.assert_array_equal(moved.forecast[0], plain.forecast[0])  # nothing was known by then


def test_only_truths_that_were_known_are_calibrated_on(drifted):
    frame, model = drifted
    plain = model.backtest(frame, stride=1, start=model.test_start_)
    row = 60
    changed = replace(plain, truth=plain.truth.copy())
    unknown = plain.times > plain.origins.to_numpy()[row]
    changed.truth[unknown] = 1e6
    before, after = recalibrated(plain, 50), recalibrated(changed, 50)
    np.testing.assert_array_equal(before.forecast[: row + 1], after.forecast[: row + 1])
    assert not np.array_equal(before.forecast[row + 1 :], after.forecast[row + 1 :])


def test_recalibrating_sets_the_bands_of_forecasts_to_come(drifted, tmp_path):
    frame, model = drifted
    other = gruvy.load(model.save(tmp_path / "model.gruvy"))
    late = frame[720:]
    assert coverage(other.backtest(late, stride=1)) < 0.65
    assert other.recalibrate(late) is other
    assert coverage(other.backtest(late, stride=1)) == pytest.approx(0.82, abs=0.03)
    assert other.predict(late)["y"].tolist() == model.predict(late)["y"].tolist()
    wide, narrow = (one.predict(late, quantiles=[0.9])["y_q0.9"] for one in (other, model))
    assert (wide > narrow).all()
