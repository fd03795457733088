"""The checks that scikit-learn has for every outlier detector."""

from sklearn.utils.estimator_checks import parametrize_with_checks

from gruvy.tasks import AnomalyDetector

_ONE_SERIES = "rows are scored by those before them, so their order matters"
_COUNTED = "too few rows are told as such, with how many are needed"
_NAMED = "a message names the column and the row"
CANNOT = {
    "check_methods_sample_order_invariance": _ONE_SERIES,
    "check_methods_subset_invariance": _ONE_SERIES,
    "check_fit2d_1sample": _COUNTED,
    "check_fit2d_1feature": _COUNTED,
    "check_classifier_data_not_an_array": _COUNTED,
    "check_estimators_nan_inf": _NAMED,
    "check_outliers_train": "the first rows are not judged: NaN is neither a normal score nor an alarm",
}


@parametrize_with_checks(
    [
        AnomalyDetector(
            2, 1, false_alarm_rate=0.2, calibration_fraction=0.3, hidden_size=4, max_epochs=1, random_state=0
        )
    ],
    expected_failed_checks=lambda _: CANNOT,
)
def test_scikit_learn(estimator, check):
    check(estimator)
