"""Quantiles around a median: in order, trained by the pinball loss, and calibrated to hold what they promise."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gruvy.graph import Builder


def quantile_levels(quantiles: Sequence[float]) -> tuple[float, ...]:
    """Return the levels in order, with the median among them."""
    return tuple(sorted({0.5, *(float(level) for level in quantiles)}))


def pinball(error: Tensor, levels: Tensor) -> Tensor:
    """The pinball loss (...,) of errors (..., Q), averaged over the levels (Q,); the true quantiles make it least.

    ``loss_q(y, f) = max(q (y - f), (q - 1) (y - f))`` (Koenker and Bassett 1978).
    """
    return torch.maximum(levels * error, (levels - 1) * error).mean(-1)


def ordered(change: Tensor, anchor: Tensor, margins: Tensor, middle: int, *, training: bool) -> Tensor:
    """The median and the sums of softplus gaps outward from it (..., Q).

    Where a negative margin would make a quantile cross its inner neighbour, the two are equal.

    Args:
        change: (..., Q) of the median from the anchor, in the middle, and the gaps.
        anchor: (..., 1).
        margins: (..., Q) by which the distances from the median grow, but in training.
        middle: the place of the median.
    """
    median = anchor + change[..., middle : middle + 1]
    below = _outward(change[..., :middle].flip(-1), margins[..., :middle].flip(-1), training)
    above = _outward(change[..., middle + 1 :], margins[..., middle + 1 :], training)
    return torch.cat([median - below.flip(-1), median, median + above], dim=-1)


def _outward(gaps: Tensor, margins: Tensor, training: bool) -> Tensor:
    """The distances from the median, from the nearest quantile to the farthest."""
    distances = F.softplus(gaps).cumsum(-1)
    if training or not distances.shape[-1]:
        return distances
    return (distances + margins).clamp(min=0).cummax(-1).values


class Margins(nn.Module):
    """By how much each quantile is moved away from the median, in the order (P, D, Q).

    Buffers, not parameters: they are not trained. And a layer whose weights are 0, because that is how a graph and the
    formats that it is exported to write a constant.
    """

    weight: Tensor
    bias: Tensor

    def __init__(self, size: int):
        super().__init__()
        self.register_buffer("weight", torch.zeros(size, 1))
        self.register_buffer("bias", torch.zeros(size))


def without_margins(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """The weights of a network whose `Margins` are 0: they are set anew after each training."""
    return weights | {name: torch.zeros_like(weights[name]) for name in weights if name.startswith("margins.")}


def ordered_nodes(
    build: Builder, change: str, margins: str | None, anchor: str | None, *, targets: int, levels: int, middle: int
) -> str:
    """Add to a graph what `ordered` computes: the value "quantiles", by target."""

    def level(number: int, of: str = change) -> str:
        return build.add("take", of, features=[d * levels + number for d in range(targets)])

    found = {middle: level(middle) if anchor is None else build.add("add", anchor, level(middle))}
    below, above = range(middle - 1, -1, -1), range(middle + 1, levels)
    for op, outward in (("subtract", below), ("add", above)):
        gaps = distance = None
        for number in outward:
            gap = build.add("softplus", level(number))
            gaps = gap if gaps is None else build.add("add", gaps, gap)
            distance = gaps if margins is None else _farther(build, distance, gaps, level(number, margins))
            found[number] = build.add(op, found[middle], distance)
    rows = build.add("concat", *(found[number] for number in range(levels)))
    by_target = [number * targets + d for d in range(targets) for number in range(levels)]
    return build.add("take", rows, name="quantiles", features=by_target)


def _farther(build: Builder, inner: str | None, gaps: str, margin: str) -> str:
    """The larger of the inner neighbour's distance (at first 0) and this one's, with its margin."""
    distance = build.add("add", gaps, margin)
    if inner is None:
        return build.add("relu", distance)
    return build.add("add", inner, build.add("relu", build.add("subtract", distance, inner)))


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
