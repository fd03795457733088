"""What an AnomalyDetector learns from held-out normal rows: the usual forecast errors, and the threshold."""

from __future__ import annotations

import numpy as np
from sklearn.covariance import LedoitWolf

from gruvy.detection import Chart, conformal_limit, running_mean
from gruvy.tasks.anomaly.data import Parts


def fit_chart(errors: np.ndarray, parts: Parts, warm_up: int) -> Chart:
    """Learn mean and covariance of the errors (T, E) of the validation part.

    The covariance is shrunk (Ledoit and Wolf 2004), because there may be few rows for P * C numbers.
    """
    found = LedoitWolf().fit(errors[max(parts.validation, warm_up) : parts.calibration])
    return Chart(found.location_, np.linalg.cholesky(found.precision_))


def fit_limits(
    errors: np.ndarray, chart: Chart, parts: Parts, *, share: float, rate: float
) -> tuple[float, float, np.ndarray]:
    """Set the limits on the calibration part: those of the two charts in balance, both together at the stated rate.

    Returns:
        The limits of errors and of their mean, and the scores of the calibration part in their units.
    """
    held_out = slice(parts.calibration, parts.rows)
    jump, drift = (chart.distance(one)[held_out] for one in (errors, running_mean(errors, share)))
    jump_limit, drift_limit = conformal_limit(jump, rate), conformal_limit(drift, rate)
    together = np.maximum(jump / jump_limit, drift / drift_limit)
    limit = conformal_limit(together, rate)
    return jump_limit * limit, drift_limit * limit, together / limit
