"""Gradient-boosted trees on lags: the rival that tables of numbers are mostly given to."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import pandas as pd
import torch
from sklearn.ensemble import HistGradientBoostingRegressor
from torch import Tensor

from gruvy.data import Batch, Windows, reaching
from gruvy.tasks.forecasting.forecaster import Forecaster
from gruvy.tasks.forecasting.model import BATCH
from gruvy.tasks.forecasting.raw import own_statistics
from gruvy.tasks.forecasting.scores import score_row
from gruvy.tasks.forecasting.split import SeriesSplit, TimeSplit

NAME = "gradient-boosted trees"
# Rounds of boosting, at most; how many of them are used is chosen on the validation windows.
_ROUNDS = 150


def score_boosted_trees(model: Forecaster, frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Fit the trees on what a forecaster was fitted on, and score them on its test part.

    Args:
        model: fitted; its columns, splits and calendar are used.
        frame: the table that it was fitted on.

    Returns:
        One row a target, as `Forecaster.evaluate` has them.

    Raises:
        DataError: the table cannot be used.

    Example:
        >>> score_boosted_trees(model, frame)  # doctest: +SKIP
    """
    fitted = model._model
    table, _ = fitted.windows(frame)
    split = _split(model)
    training, validation, test = split.origins(table)
    preparation = fitted.preparation
    statistics = own_statistics(split.training_part(table.series), preparation.columns, shared=not preparation.names)
    raw = fitted.raw(table, statistics)
    lags = lags_of(model.season_length_ if model.season_length_ > 1 else model.context_length_)
    trees = BoostedTrees.fit(raw.windows(training, BATCH), raw.windows(validation, BATCH), lags=lags)
    truth, point = table.truth(test), raw.forecast(test, BATCH, trees.forecast)
    return [
        score_row(NAME, target, truth[..., d], point[..., d], None, fitted.quantiles)
        for d, target in enumerate(fitted.preparation.columns.targets)
    ]


def lags_of(steps: int) -> tuple[int, ...]:
    """The last six steps, then every third: on the weather's validation part as good as all 24, in half the time."""
    return (*range(min(6, steps)), *range(8, steps, 3))


def _split(model: Forecaster) -> TimeSplit | SeriesSplit:
    if model.validation_start_ is None or model.test_start_ is None:
        return SeriesSplit(tuple(model.validation_series_), tuple(model.test_series_))
    return TimeSplit(model.validation_start_, model.test_start_)


@dataclass(frozen=True)
class BoostedTrees:
    """Least absolute deviations by histogram gradient boosting, a regression of its own for each step and target.

    They read what the linear baseline reads, a `RawTable`: the measured values of the last steps as differences from
    the last one, that last one, the calendar at the origin, and what is known of the step ahead. They forecast the
    change from the last value.

    Attributes:
        trees: P * D regressions, the targets of a step beside each other.
        rounds: how many rounds of each are used.
        lags: which of the last steps are read; 0 is the last one.
        shape: (P, D).
    """

    trees: tuple[HistGradientBoostingRegressor, ...]
    rounds: tuple[int, ...]
    lags: tuple[int, ...]
    shape: tuple[int, int]

    @classmethod
    def fit(cls, training: Windows, validation: Windows, *, lags: tuple[int, ...]) -> BoostedTrees:
        """Fit on the training windows; choose the rounds of each regression on the validation windows."""
        past, future, change = _arrays(training, lags)
        held_past, held_future, held_change = _arrays(validation, lags)
        trees, rounds = [], []
        for step in range(change.shape[1]):
            inputs = np.hstack([past, future[:, step]])
            held_inputs = np.hstack([held_past, held_future[:, step]])
            for target in range(change.shape[2]):
                wanted, held = change[:, step, target], held_change[:, step, target]
                seen = ~np.isnan(wanted)
                one = HistGradientBoostingRegressor(
                    loss="absolute_error", max_iter=_ROUNDS, max_leaf_nodes=15, min_samples_leaf=40, random_state=0
                ).fit(inputs[seen], wanted[seen])
                errors = [np.nanmean(np.abs(found - held)) for found in one.staged_predict(held_inputs)]
                trees.append(one)
                rounds.append(1 + int(np.argmin(errors)))
        return cls(tuple(trees), tuple(rounds), lags, change.shape[1:])

    def forecast(self, batch: Batch) -> Tensor:
        """(P, N, D)."""
        past, future = _past(batch, self.lags), _future(batch)
        steps, targets = self.shape
        change = [
            _after(one, rounds, np.hstack([past, future[:, number // targets]]))
            for number, (one, rounds) in enumerate(zip(self.trees, self.rounds, strict=True))
        ]
        stacked = torch.from_numpy(np.stack(change)).view(steps, targets, -1)
        return batch.anchor + stacked.transpose(1, 2)


def _after(trees: HistGradientBoostingRegressor, rounds: int, inputs: np.ndarray) -> np.ndarray:
    """The forecast after so many rounds."""
    return np.asarray(next(islice(trees.staged_predict(inputs), rounds - 1, None)))


def _arrays(windows: Windows, lags: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of all windows the past (N, F), what is known of the steps ahead (N, P, K), and the changes (N, P, D)."""
    parts = [
        (_past(batch, lags), _future(batch), (batch.truth.float() - batch.anchor.float()).transpose(0, 1).numpy())
        for batch in windows
    ]
    past, future, change = (np.concatenate(part) for part in zip(*parts, strict=True))
    return past, future, change


def _past(batch: Batch, lags: tuple[int, ...]) -> np.ndarray:
    """(N, F)."""
    context = reaching(batch.context, 1 + max(lags)).float()
    last = context[-1]
    before = context[[-1 - lag for lag in lags if lag]] - last
    features: np.ndarray = torch.cat([last, before.transpose(0, 1).flatten(1)], dim=1).numpy()
    return features


def _future(batch: Batch) -> np.ndarray:
    """(N, P, K)."""
    return batch.ahead.float().transpose(0, 1).numpy()
