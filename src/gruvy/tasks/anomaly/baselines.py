"""The detectors that a GRU has to beat: fitted on the same rows, with the same rate of false alarms."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from sklearn.ensemble import IsolationForest
from sklearn.linear_model import Ridge

from gruvy.detection import conformal_limit, differences, forecast_errors, running_mean
from gruvy.tasks.anomaly.calibration import fit_chart, fit_limits
from gruvy.tasks.anomaly.data import Parts
from gruvy.tasks.anomaly.detector import AnomalyDetector
from gruvy.timeseries import moments, standardised

Score = Callable[[np.ndarray], np.ndarray]

_TREES = 200
_LAGS = 24
_PENALTY = 1.0
_LARGEST = 1e9


def fit_baselines(detector: AnomalyDetector, values: np.ndarray) -> dict[str, Score]:
    """Fit the baselines on the rows of a detector's fit, divided as there.

    They read the values, or their differences where the detector judges these, in units of their own training part:
    none of what the network's inputs are made with.

    - z-score: the largest of the values and of their changes over 1 to P rows, each in its own standard deviations;
    - isolation forest (Liu et al. 2008), of scikit-learn, on the same numbers;
    - linear autoregression: a ridge regression on the last 24 rows forecasts in place of the GRU, all else as there.

    Args:
        detector: fitted.
        values: (T, C) the rows of its fit.

    Returns:
        Name -> a function that scores rows (T, C) as the detector does: an alarm above 1, NaN where it warms up.
    """
    core, rate = detector.detector_, detector.false_alarm_rate
    parts = Parts.of(len(values), detector.validation_fraction, detector.calibration_fraction)

    own = _Units.of(differences(values, core.difference)[core.difference : parts.validation], core.difference)

    def features(values: np.ndarray) -> np.ndarray:
        scaled = own.scaled(values)
        changes = forecast_errors(scaled, np.zeros((len(scaled), core.horizon, scaled.shape[1])))
        return np.hstack([scaled, changes.reshape(len(scaled), -1)])

    def limited(raw: Score) -> Score:
        limit = conformal_limit(raw(values)[parts.calibration :], rate)
        return lambda rows: _warmed(raw(rows) / limit, core.warm_up)

    learnt = features(values)[core.warm_up : parts.calibration]
    mean, std = learnt.mean(axis=0), learnt.std(axis=0)
    forest = IsolationForest(n_estimators=_TREES, random_state=0).fit(learnt)
    return {
        "linear autoregression": _linear(detector, values, parts, own),
        "isolation forest": limited(lambda rows: -forest.score_samples(features(rows))),
        "z-score": limited(lambda rows: np.abs((features(rows) - mean) / std).max(axis=1)),
    }


@dataclass(frozen=True)
class _Units:
    """Mean and spread of the training part, by which a penalty, and a tree of float32, mean the same in every unit."""

    mean: np.ndarray
    std: np.ndarray
    difference: int

    @classmethod
    def of(cls, training: np.ndarray, difference: int) -> _Units:
        return cls(*moments(training), difference)

    def scaled(self, values: np.ndarray) -> np.ndarray:
        """(T, C); what is impossible stays so small that its square is a number of float32."""
        found = standardised(differences(values, self.difference), self.mean, self.std)
        within: np.ndarray = np.clip(found, -_LARGEST, _LARGEST)
        return within


def _linear(detector: AnomalyDetector, values: np.ndarray, parts: Parts, own: _Units) -> Score:
    """The detector with a linear forecast."""
    core = detector.detector_
    scaled = own.scaled(values)[: parts.validation]
    design, T = _lagged(scaled), len(scaled)
    ahead = [
        scaled[_LAGS - 1 + p : T - core.horizon + p] - scaled[_LAGS - 1 : T - core.horizon]
        for p in _steps(core.horizon)
    ]
    ridge = Ridge(_PENALTY).fit(design[_LAGS - 1 : T - core.horizon], np.hstack(ahead))

    def errors(rows: np.ndarray) -> np.ndarray:
        scaled = own.scaled(rows)
        changes = ridge.predict(_lagged(scaled)).reshape(len(scaled), core.horizon, -1)
        return forecast_errors(scaled, changes).reshape(len(scaled), -1)

    known = errors(values)
    chart = fit_chart(known, parts, core.warm_up)
    jump, drift, _ = fit_limits(known, chart, parts, share=core.share, rate=detector.false_alarm_rate)

    def score(rows: np.ndarray) -> np.ndarray:
        found = errors(rows)
        means = running_mean(found, core.share)
        return _warmed(np.maximum(chart.distance(found) / jump, chart.distance(means) / drift), core.warm_up)

    return score


def _lagged(scaled: np.ndarray) -> np.ndarray:
    """(T, C) -> (T, 24 * C), each row beside those before it; the first ones repeat the first row."""
    padded = np.vstack([np.repeat(scaled[:1], _LAGS - 1, axis=0), scaled])
    return np.hstack([padded[_LAGS - 1 - lag : len(padded) - lag] for lag in range(_LAGS)])


def _steps(horizon: int) -> range:
    return range(1, horizon + 1)


def _warmed(scores: np.ndarray, warm_up: int) -> np.ndarray:
    return np.where(np.arange(len(scores)) < warm_up, np.nan, scores)
