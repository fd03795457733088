"""What an AnomalyDetector learns from held-out normal rows: the usual forecast errors, and the threshold."""

from __future__ import annotations

import numpy as np
from sklearn.covariance import LedoitWolf

from gruvy.detection import Chart, conformal_limit, running_mean
from gruvy.errors import note
from gruvy.tasks.anomaly.data import Parts

# The training part may raise so many times more alarms than stated before a fit says so: alarms come in runs.
_FAR_MORE = 5


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


def check_training_alarms(scores: np.ndarray, rate: float, difference: int) -> None:
    """Say where the rows that were learnt from raise far more alarms than the stated rate, and what helps.

    Args:
        scores: (T,) of the training part, NaN where not judged.
        rate: that of false alarms.
        difference: the lag of the differences that are judged, 0 for none.
    """
    judged = scores[~np.isnan(scores)]
    alarms = int((judged > 1).sum())
    if alarms > _FAR_MORE * rate * len(judged) and alarms > 1:
        cure = "judge changes in place of values (difference=1, on the command line --difference 1)"
        if difference:
            cure = "another difference, such as the length of a season in rows, or rows of a steadier time"
        note(
            f"{alarms} of {len(judged)} training rows ({alarms / len(judged):.1%}) raise an alarm, stated were "
            f"{rate:.2%}: the rows drift, so that later ones are unlike earlier ones. What helps: {cure}"
        )
