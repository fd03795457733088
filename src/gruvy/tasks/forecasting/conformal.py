"""Quantiles that hold what they promise: conformalized quantile regression."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch

from gruvy.data import Windows
from gruvy.tasks.forecasting.network import ForecastNetwork
from gruvy.tasks.forecasting.results import Backtest


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


def conformal_margins(truth: np.ndarray, forecast: np.ndarray, levels: Sequence[float]) -> np.ndarray:
    """By how much to move each quantile away from the median, so that it has its level on these windows.

    Conformalized quantile regression, each tail by itself (Romano, Patterson and Candès 2019, Theorem 2). The score of
    a window is how far its truth lies outside the quantile, ``y - f_q`` above the median and ``f_q - y`` below it; of n
    scores the margin is the ``ceil((n + 1) c)``-th smallest, c = q above and 1 - q below. If these windows and a later
    one are exchangeable, its truth lies inside with a probability of at least c. Windows of a time series are not
    exchangeable: neighbours share most of their steps, and a later season differs. What is left is that the bands are
    as wide as the errors were on the latest data that the training did not see.

    Args:
        truth: (P, N, D), NaN where missing.
        forecast: (P, N, D, Q).
        levels: Q increasing levels.

    Returns:
        (P, D, Q), 0 for the median, and for a step and target without a truth.

    Example:
        >>> truth = np.arange(1.0, 10.0).reshape(1, 9, 1)
        >>> conformal_margins(truth, np.zeros((1, 9, 1, 2)), [0.5, 0.9]).tolist()
        [[[0.0, 9.0]]]
    """
    margins = np.zeros((truth.shape[0], truth.shape[2], len(levels)))
    seen = (~np.isnan(truth)).sum(axis=1)
    for number, level in enumerate(levels):
        if level == 0.5:
            continue
        sign, share = (1, level) if level > 0.5 else (-1, 1 - level)
        scores = np.sort(sign * (truth - forecast[..., number]), axis=1)  # NaN comes last
        # Rounding must not push 0.9 * 10 above 9.
        rank = np.ceil(share * (seen + 1) - 1e-9).astype(int)
        place = np.clip(np.minimum(rank, seen) - 1, 0, None)
        margins[..., number] = np.take_along_axis(scores, place[:, None], axis=1)[:, 0]
    return np.where(seen[..., None] > 0, margins, 0.0)


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
