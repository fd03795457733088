"""The forecasts that a model has to beat."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import torch
from sklearn.linear_model import Ridge
from torch import Tensor

from gruvy.data import Batch, Windows, reaching
from gruvy.tasks.forecasting.data import PreparedTable
from gruvy.timeseries import Scaler, Step, fill_forward
from gruvy.timeseries.patterns import Hours

# Ridge penalties that are tried, in units of one window; the first is the one with which the lags are chosen.
_PENALTIES = (0.1, 0.003, 0.01, 0.03, 0.3)
# Numbers in the design matrix of the linear model (240 MB); if there are more, the windows are thinned out evenly.
_LARGEST_DESIGN = 60_000_000


def persistence(table: PreparedTable, origins: Tensor) -> np.ndarray:
    """The last observed value for every step ahead: (P, N, D) in the targets' own units, never scaled."""
    return seasonal_naive(table, origins, 1)


def seasonal_naive(table: PreparedTable, origins: Tensor, season: int) -> np.ndarray:
    """For every step ahead the value at the same phase of the last season: (P, N, D) in the targets' own units."""
    rows = origins.numpy() - season + np.arange(table.horizon)[:, None] % season
    starts = table.panel.bounds[table.panel.series_of(origins - 1)]
    found: np.ndarray = table.last[np.where(rows < starts, origins.numpy() - 1, rows)]
    return found


def natural_season(step: Step, context_length: int) -> int:
    """The season a person would try first: the shortest of day, week and year that is at least two rows long.

    A day for hours and minutes, a week for days, a year for weeks and months. 1 (persistence) if
    there is no such season or the context does not hold one.
    """
    if step.counted:
        return 1
    if isinstance(step.pattern, Hours):  # of a day that is open, whatever nights and Sundays take
        days = len({second // 86400 for second in step.pattern.seconds})
        season = round(len(step.pattern.seconds) / days)
        if 2 <= season <= context_length:
            return season
    for period in (pd.Timedelta(days=1), pd.Timedelta(days=7), pd.Timedelta(days=365.25)):
        season = round(period / pd.Timedelta(step.duration))
        if season >= 2:
            break
    return season if 1 <= season <= context_length else 1


@dataclass(frozen=True)
class LinearAutoregression:
    """A linear model from the last steps of the window to all steps ahead, with a ridge penalty.

    ``change from the last value = coef [context, known ahead] + intercept``, one direct regression for each step. It
    reads what a `RawTable` gives of the table's own units.

    Attributes:
        coef: (P * D, lags * C + P * K) float32.
        intercept: (P * D,) float32.
        lags: how many of the last steps it reads.
        penalty: of the ridge, for one window.
        statistics: by which it standardises; None for one of an older file, which reads the network's inputs.
    """

    coef: np.ndarray
    intercept: np.ndarray
    lags: int
    penalty: float
    statistics: Scaler | None = None

    @classmethod
    def fit(cls, training: Windows, validation: Windows, statistics: Scaler | None = None) -> LinearAutoregression:
        """Fit on the training windows; choose lags (all, a half, a quarter) and penalty on the validation windows.

        With the whole context alone it would be a weak rival: on the weather of New York half of it does better.
        """
        context = training.context
        candidates = [cls._fit(training, -(-context // share), _PENALTIES[0]) for share in (1, 2, 4)]
        lags = min(candidates, key=lambda model: model._error(validation)).lags
        candidates += [cls._fit(training, lags, penalty) for penalty in _PENALTIES[1:]]
        return replace(min(candidates, key=lambda model: model._error(validation)), statistics=statistics)

    @classmethod
    def _fit(cls, windows: Windows, lags: int, penalty: float) -> LinearAutoregression:
        batch = windows.batch(windows.origins[:1])
        width = _design(batch, lags).shape[1]
        thin = -(-len(windows.origins) * width // _LARGEST_DESIGN)
        origins = windows.origins[::thin]
        inputs = _design(windows.batch(origins), lags).float().numpy()
        ridge = Ridge(alpha=penalty * len(inputs), solver="cholesky").fit(inputs, _changes(windows, origins))
        # In the order in which a file gives it back: BLAS sums a matrix in another order where it lies transposed.
        coef = ridge.coef_.astype(np.float32, order="C").reshape(-1, width)
        return cls(coef, np.asarray(ridge.intercept_, dtype=np.float32).reshape(-1), lags, penalty)

    def _error(self, windows: Windows) -> float:
        errors = [(self.forecast(batch) - batch.truth).abs() for batch in windows]
        return float(torch.cat(errors, dim=1).nanmean())

    def arrays(self) -> dict[str, np.ndarray]:
        """What a file has of it as arrays."""
        arrays = {"linear/coef": self.coef, "linear/intercept": self.intercept}
        if self.statistics is not None:
            arrays |= {"linear/mean": self.statistics.mean, "linear/std": self.statistics.std}
        return arrays

    def document(self) -> dict[str, Any]:
        """What a file has of it besides."""
        return {"lags": self.lags, "penalty": self.penalty}

    @classmethod
    def of_document(
        cls, document: Mapping[str, Any], arrays: Mapping[str, np.ndarray], shape: tuple[int, int]
    ) -> LinearAutoregression:
        """Put together what `arrays` and `document` gave.

        Args:
            shape: (series or 1, C), of the statistics.

        Raises:
            KeyError, TypeError, ValueError: it does not fit together.
        """
        statistics = None
        if "linear/mean" in arrays:
            statistics = Scaler(arrays["linear/mean"], arrays["linear/std"])
            if statistics.mean.shape != shape or statistics.std.shape != shape:
                shapes = f"{statistics.mean.shape}, {statistics.std.shape}"
                raise ValueError(f"linear/mean and linear/std: {shapes}; expected {shape}")
        return cls(arrays["linear/coef"], arrays["linear/intercept"], **document, statistics=statistics)

    def forecast(self, batch: Batch) -> Tensor:
        """(P, N, D)."""
        design = _design(batch, self.lags)
        coef, intercept = (torch.from_numpy(part).to(design.dtype) for part in (self.coef, self.intercept))
        change = design @ coef.T + intercept
        horizon, windows, targets = batch.truth.shape
        return batch.anchor + change.view(windows, horizon, targets).transpose(0, 1)


def _design(batch: Batch, lags: int) -> Tensor:
    """(N, lags * C + P * K)."""
    windows = batch.context.shape[1]
    parts = (reaching(batch.context, lags), batch.ahead)
    return torch.cat([part.transpose(0, 1).reshape(windows, -1) for part in parts], dim=1)


def _changes(windows: Windows, origins: Tensor) -> np.ndarray:
    """(N, P * D), from the last value; missing truths are filled forward, or every window with a gap would be lost."""
    batch = windows.batch(origins)
    horizon, count, targets = batch.truth.shape
    came = torch.cat([batch.anchor[None], batch.truth]).reshape(1 + horizon, -1).numpy()
    change = (fill_forward(came)[1:] - came[0]).reshape(horizon, count, targets)
    flat: np.ndarray = change.swapaxes(0, 1).reshape(count, horizon * targets).astype(np.float32)
    return flat
