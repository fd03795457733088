import numpy as np
import pytest
from scipy.special import softmax

from gruvy.tasks.labels.calibration import calibration_error, fit_temperature, reliability


def drawn(logits, seed=0):
    """Labels drawn with the probabilities of the logits."""
    random = np.random.default_rng(seed)
    return np.array([random.choice(logits.shape[1], p=p) for p in softmax(logits, axis=1)])


@pytest.mark.parametrize("factor", [0.3, 1.0, 4.0])
def test_the_temperature_undoes_a_factor(factor):
    logits = np.random.default_rng(1).normal(0, 2, (4000, 3))
    labels = drawn(logits)
    assert fit_temperature(factor * logits, labels, np.ones(4000)) == pytest.approx(factor, rel=0.08)


def test_a_few_that_went_well_do_not_make_it_certain():
    logits = np.array([[1.0, -1.0]] * 4)
    temperature = fit_temperature(logits, np.zeros(4, int), np.ones(4))
    assert softmax(logits[0] / temperature)[0] == pytest.approx(0.9, abs=0.01)  # (4 + 1/2) / (4 + 1)


def test_weights_count():
    logits = np.array([[1.0, 0.0], [1.0, 0.0]])
    labels = np.array([0, 1])
    sure, unsure = (fit_temperature(logits, labels, np.array(weights)) for weights in ([9.0, 1.0], [1.0, 9.0]))
    assert sure < unsure


def test_reliability_by_hand():
    probabilities = np.array([[0.95, 0.05], [0.93, 0.07], [0.35, 0.65], [0.62, 0.38]])
    rows = reliability(probabilities, np.array([0, 1, 1, 1]))
    assert [row["count"] for row in rows] == [2, 2]
    assert [row["accuracy"] for row in rows] == [0.5, 0.5]
    assert [row["confidence"] for row in rows] == pytest.approx([0.635, 0.94])
    assert calibration_error(probabilities, np.array([0, 1, 1, 1])) == pytest.approx((0.135 + 0.44) / 2)


def test_certainty_is_in_the_last_tenth():
    assert reliability(np.array([[1.0, 0.0]]), np.array([0])) == [{"confidence": 1.0, "accuracy": 1.0, "count": 1}]
