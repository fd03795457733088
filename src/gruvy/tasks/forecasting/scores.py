"""How good a forecast is, in the target's own units."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gruvy.timeseries import binary_units


def score_row(
    name: str,
    target: str,
    truth: np.ndarray,
    point: np.ndarray,
    forecast: np.ndarray | None,
    levels: Sequence[float],
) -> dict[str, Any]:
    """One row of the table of scores, over the observed truths.

    Args:
        name: of the model.
        target: of the column.
        truth: (P, N), NaN where missing.
        point: (P, N), the point forecast: the median of a quantile forecast.
        forecast: (P, N, Q) quantiles, or None of a model that has none.
        levels: Q levels of the quantiles.

    Returns:
        name, target, mae, rmse, mae_by_step (P; None for a step without a truth), pinball (mean over the
        levels) and coverage (fraction of truths from the lowest to the highest quantile); the last two None
        without quantiles.
    """
    unit = binary_units(np.concatenate([truth.ravel(), point.ravel()]))  # so that no sum or square overflows
    truth, point, forecast = truth / unit, point / unit, None if forecast is None else forecast / unit
    error = point - truth
    seen = ~np.isnan(error)
    steps = [
        float(np.abs(row[here]).mean() * unit) if here.any() else None for row, here in zip(error, seen, strict=True)
    ]
    row = {
        "name": name,
        "target": target,
        "mae": float(np.abs(error[seen]).mean() * unit),
        "rmse": float(np.sqrt((error[seen] ** 2).mean()) * unit),
        "pinball": None,
        "coverage": None,
        "mae_by_step": steps,
    }
    if forecast is not None:
        missed = truth[..., None] - forecast
        loss = np.maximum(np.array(levels) * missed, (np.array(levels) - 1) * missed)[seen]
        inside = (truth >= forecast[..., 0]) & (truth <= forecast[..., -1])
        row["pinball"] = float(loss.mean() * unit)
        row["coverage"] = float(inside[seen].mean()) if len(levels) > 1 else None
    return row


def r_squared(truth: np.ndarray, point: np.ndarray) -> float:
    """1 - (squared error) / (squared deviation from the mean truth); arrays (P, N, D), the mean over D.

    As in ``sklearn.metrics.r2_score``: where the truth is constant, 1 for a perfect forecast and 0 for any
    other.
    """
    scores = []
    for target in range(truth.shape[2]):
        seen = ~np.isnan(truth[..., target])
        y, f = truth[..., target][seen], point[..., target][seen]
        unit = binary_units(np.concatenate([y, f]))
        y, f = y / unit, f / unit
        left, spread = ((y - f) ** 2).sum(), ((y - y.mean()) ** 2).sum()
        scores.append(1 - left / spread if spread > 0 else float(left == 0))
    return float(np.mean(scores))
