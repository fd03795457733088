"""The scale of each window: that of its series from the fit, or, where the fit has none, one of its own."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from gruvy.timeseries.missing import fill_forward
from gruvy.timeseries.scaling import ROUNDING, moments, standardised

# Beyond so many standard deviations float32 comes to its end.
FARTHEST = 1e30
# Windows whose rows are looked at together.
_CHUNK = 512


class Scales(NamedTuple):
    """Mean and standard deviation of N windows in V columns, (N, V) each, and which of them are the window's own."""

    mean: np.ndarray
    std: np.ndarray
    own: np.ndarray


@dataclass(frozen=True, eq=False)
class WindowScales:
    """By what the windows of series laid end to end are scaled.

    A series that was constant in the fit, that began after it or that it has never seen has no spread from there. Its
    windows are scaled by what they show themselves, the targets and past covariates by their context, known covariates
    by the steps ahead too. So are windows that lie too far out for float32. Where a window shows one value
    alone there is no spread to find: it is forecast to stay (std = 0).

    Attributes:
        values: (R, V) float64 in their own units; NaN where missing.
        bounds: (S + 1,) where each series begins; the last entry is R.
        mean, std: (S, V) from the fit.
        own: (S, V), where the fit has no spread and every window is to have its own.
        far: (R, V) rows, filled forward, that are too far out; None if there are none.
        targets: D, columns that come first.
        known: the columns that are known ahead.
    """

    values: np.ndarray
    bounds: np.ndarray
    mean: np.ndarray
    std: np.ndarray
    own: np.ndarray
    far: np.ndarray | None
    targets: int
    known: slice

    @property
    def any(self) -> bool:
        """Whether some window has a scale of its own."""
        return bool(self.own.any()) or self.far is not None

    def of(self, origins: np.ndarray, context: int, horizon: int) -> Scales:
        """Find the scales of windows.

        Args:
            origins: (N,) the first row ahead of each.
            context: steps that they look back, if their series reaches so far.
            horizon: steps that they look ahead.
        """
        series = np.searchsorted(self.bounds, origins - 1, side="right") - 1
        mean, std, own = self.mean[series], self.std[series], self.own[series]
        if self.far is not None:
            for part in _chunks(np.arange(len(origins))):
                far = self.far[np.maximum(_rows(origins[part], -context, 0), self._starts(origins[part]))].any(axis=0)
                ahead = self.far[_rows(origins[part], 0, horizon)][..., self.known].any(axis=0)
                far[:, self.known] |= ahead
                own[part] |= far
        for part in _chunks(np.flatnonzero(own.any(axis=1))):
            seen = self._filled(origins[part], context, horizon)
            flat = seen.reshape(len(seen), -1)
            own_mean, own_std = (found.reshape(len(part), -1) for found in moments(flat))
            # A target that the window never saw has no level either.
            own_mean[np.isnan(seen).all(axis=0)] = np.nan
            mean[part] = np.where(own[part], own_mean, mean[part])
            std[part] = np.where(own[part], own_std, std[part])
        return Scales(mean, std, own)

    def level(self, origins: np.ndarray, context: int) -> np.ndarray:
        """Return 1 + the mean of each target's values in the context, (N, D): the scale of counts.

        Args:
            origins: (N,) the first row ahead of each.
            context: steps that they look back, if their series reaches so far.
        """
        found = np.ones((len(origins), self.targets))
        for part in _chunks(np.arange(len(origins))):
            rows, starts = _rows(origins[part], -context, 0), self._starts(origins[part])
            seen = self.values[np.maximum(rows, starts), : self.targets]
            there = ~np.isnan(seen) & (rows >= starts)[..., None]
            found[part] += np.where(there, seen, 0.0).sum(axis=0) / np.maximum(there.sum(axis=0), 1)
        return np.maximum(found, 1.0)

    def rescale(
        self,
        origins: np.ndarray,
        context: np.ndarray,
        ahead: np.ndarray,
        anchor: np.ndarray,
        truth: np.ndarray | None = None,
    ) -> None:
        """Put the values of windows with scales of their own in place of those scaled by the fit.

        Args:
            origins: (N,).
            context: (T, N, C), the V columns first.
            ahead: (P, N, K), the known columns first.
            anchor: (N, D).
            truth: (P, N, D); NaN where missing, and where a window that shows one value alone is left by it.
        """
        series = np.searchsorted(self.bounds, origins - 1, side="right") - 1
        if self.far is None and not self.own[series].any():
            return
        T, P = len(context), len(ahead)
        mean, std, own = self.of(origins, T, P)
        some = np.flatnonzero(own.any(axis=1))
        if not len(some):
            return
        mean, std, own = mean[some], std[some], own[some]
        origins = origins[some]
        columns, known = self.values.shape[1], self.known
        scaled = standardised(self._filled(origins, T, P), np.nan_to_num(mean), std)
        scaled = np.clip(np.nan_to_num(scaled, nan=0.0), -FARTHEST, FARTHEST)
        context[:, some, :columns] = np.where(own, scaled[:T], context[:, some, :columns])
        anchor[some] = np.where(own[:, : self.targets], scaled[T - 1, :, : self.targets], anchor[some])
        width = known.stop - known.start
        ahead[:, some, :width] = np.where(own[:, known], scaled[T:, :, known], ahead[:, some, :width])
        if truth is not None:
            came = self.values[_rows(origins, 0, P)][..., : self.targets]
            mean, std, own = (part[:, : self.targets] for part in (mean, std, own))
            left = (std == 0) & ~(np.abs(came - mean) <= ROUNDING * np.abs(mean))
            found = np.clip(np.where(left, np.nan, standardised(came, np.nan_to_num(mean), std)), -FARTHEST, FARTHEST)
            truth[:, some] = np.where(own, found, truth[:, some])

    def _filled(self, origins: np.ndarray, context: int, horizon: int) -> np.ndarray:
        """(T + P, N, V): the context, filled forward, and of the known columns what is ahead; else NaN."""
        rows, starts = _rows(origins, -context, horizon), self._starts(origins)
        seen: np.ndarray = self._gap_free[np.maximum(rows, starts)]
        seen[rows < starts] = np.nan
        hidden = np.ones(seen.shape[-1], bool)
        hidden[self.known] = False
        seen[context:, :, hidden] = np.nan
        return seen

    def _starts(self, origins: np.ndarray) -> np.ndarray:
        starts: np.ndarray = self.bounds[np.searchsorted(self.bounds, origins - 1, side="right") - 1]
        return starts

    @cached_property
    def _gap_free(self) -> np.ndarray:
        """(R, V) filled forward; NaN where nothing was observed yet."""
        parts = zip(self.bounds[:-1], self.bounds[1:], strict=True)
        found: np.ndarray = np.concatenate([fill_forward(self.values[low:high], np.nan) for low, high in parts])
        return found


def unscaled(forecasts: np.ndarray, scales: Scales) -> np.ndarray:
    """Bring scaled forecasts (P, N, D, ...) of N windows to the targets' own units."""
    _, windows, targets, *more = forecasts.shape
    shape = (1, windows, targets) + (1,) * len(more)
    mean, std = (part[:, :targets].reshape(shape) for part in (scales.mean, scales.std))
    with np.errstate(over="ignore"):
        found = forecasts * std + mean
    largest = np.finfo(np.float64).max
    within: np.ndarray = np.clip(found, -largest, largest)
    return within


def _rows(origins: np.ndarray, first: int, last: int) -> np.ndarray:
    rows: np.ndarray = np.arange(first, last)[:, None] + origins
    return rows


def _chunks(numbers: np.ndarray) -> list[np.ndarray]:
    return np.split(numbers, range(_CHUNK, len(numbers), _CHUNK)) if len(numbers) else []
