"""Quantiles that hold what they promise: conformalized quantile regression."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch

from gruvy.data import Windows
from gruvy.tasks.forecasting.network import ForecastNetwork
from gruvy.tasks.forecasting.results import Backtest
from gruvy.tasks.shared.quantiles import conformal_margins


def calibrate(network: ForecastNetwork, windows: Windows, levels: Sequence[float]) -> None:
    """Move a network's quantiles outward or inward, each step and target by itself, so that they hold on these windows.

    Args:
        network: trained; its margins are set.
        windows: that it has not learnt from.
        levels: Q levels of its quantiles.
    """
    network.eval()
    network.margins.bias.zero_()
    with torch.inference_mode():
        found = [(batch.truth, network(batch.context, batch.ahead, batch.anchor)) for batch in windows]
    truth, forecast = (torch.cat(parts, dim=1).double().numpy() for parts in zip(*found, strict=True))
    margins = conformal_margins(truth, forecast, levels)
    network.margins.bias.copy_(torch.from_numpy(margins.reshape(-1)))


def recalibrated(test: Backtest, windows: int) -> Backtest:
    """A backtest whose quantiles are calibrated anew for each forecast, on the latest truths that were known by then.

    So the bands follow a season that moves on, which static margins cannot (Gibbs and Candès 2021 on such schemes).
    `gruvy.Forecaster.recalibrate` does it for forecasts to come.

    Args:
        test: of ``backtest(stride=1)``, from some time before the forecasts of interest.
        windows: how many of a series are calibrated on, at most; a forecast without any is left as it is.

    Returns:
        The same windows; only quantiles other than the median differ.
    """
    forecast = test.forecast.copy()
    number = {name: code for code, name in enumerate(dict.fromkeys(test.series))}
    codes = np.array([number[name] for name in test.series])
    known = test.origins.tz_convert(None).to_numpy() if test.origins.tz is not None else test.origins.to_numpy()
    middle = test.quantiles.index(0.5)
    outward = np.sign(np.array(test.quantiles) - 0.5)
    for code in number.values():
        rows = np.flatnonzero(codes == code)
        ended = np.searchsorted(test.times[rows, -1], known[rows], side="right")
        for row, end in zip(rows, ended, strict=True):
            used = rows[max(end - windows, 0) : end]
            if not len(used):
                continue
            margins = conformal_margins(
                test.truth[used].swapaxes(0, 1), test.forecast[used].swapaxes(0, 1), test.quantiles
            )
            moved = test.forecast[row] + outward * margins
            # No quantile crosses its inner neighbour.
            forecast[row, ..., middle:] = np.maximum.accumulate(moved[..., middle:], axis=-1)
            below = moved[..., middle::-1]
            forecast[row, ..., : middle + 1] = np.minimum.accumulate(below, axis=-1)[..., ::-1]
    return replace(test, forecast=forecast)
