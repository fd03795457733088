"""The checks that scikit-learn has for every estimator, and the list of those that cannot hold, with the reasons."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from sklearn.utils.estimator_checks import estimator_checks_generator, parametrize_with_checks

from gruvy.tasks import AnomalyDetector, Forecaster, LanguageModel, SequenceClassifier, SequenceTagger, Transcriber

# ---- estimators that fit on arrays: a check that cannot hold is run, and has to fail ----

_ONE_SERIES = "rows are scored by those before them, so their order matters"
_COUNTED = "too few rows are told as such, with how many are needed"
_NAMED = "a message names the column and the row"
_ANY_LENGTH = "a column of a 2-D array is a step, and sequences may have any number of them"
ON_ARRAYS: list[tuple[Any, dict[str, str]]] = [
    (
        AnomalyDetector(
            2, 1, false_alarm_rate=0.2, calibration_fraction=0.3, hidden_size=4, max_epochs=1, random_state=0
        ),
        {
            "check_methods_sample_order_invariance": _ONE_SERIES,
            "check_methods_subset_invariance": _ONE_SERIES,
            "check_fit2d_1sample": _COUNTED,
            "check_fit2d_1feature": _COUNTED,
            "check_classifier_data_not_an_array": _COUNTED,
            "check_estimators_nan_inf": _NAMED,
            "check_outliers_train": "the first rows are not judged: NaN is neither a normal score nor an alarm",
        },
    ),
    (
        SequenceClassifier(hidden_size=8, batch_size=16, max_epochs=5, learning_rate=0.05, dropout=0.0),
        {
            "check_classifiers_train": _ANY_LENGTH,
            "check_n_features_in": _ANY_LENGTH,
            "check_n_features_in_after_fitting": _ANY_LENGTH,
            "check_sample_weight_equivalence_on_dense_data": "one that counts twice is in fewer batches than two",
            "check_dtype_object": "neither text nor numbers is a DataError, which is a ValueError and no TypeError",
            "check_estimators_empty_data_messages": "the message speaks of steps and channels, not of features",
        },
    ),
]
CANNOT = {type(estimator): reasons for estimator, reasons in ON_ARRAYS}


@parametrize_with_checks(
    [estimator for estimator, _ in ON_ARRAYS], expected_failed_checks=lambda estimator: CANNOT[type(estimator)]
)
def test_on_arrays(estimator, check):
    check(estimator)


# ---- estimators that fit on something else: checks that fit on an array are not run ----

# One refusal makes all of these fail, and a test below holds to it. What the checks are after is tested in
# test_forecaster.py, test_language_model.py, test_sequence_tagger.py and test_transcriber.py.
ON_OTHERS: list[tuple[Any, str]] = [
    (Forecaster(), "takes a table with a column of times, and is told its target"),
    (LanguageModel(), "takes a text"),
    (SequenceTagger(), "takes a label for each step of a row, not one for each row"),
    (Transcriber(), "takes recordings with their rate, and texts"),
]
FIT_ON_ARRAYS = {
    "check_dict_unchanged",
    "check_dont_overwrite_parameters",
    "check_dtype_object",
    "check_estimators_dtypes",
    "check_estimators_empty_data_messages",
    "check_estimators_fit_returns_self",
    "check_estimators_nan_inf",
    "check_estimators_overwrite_params",
    "check_estimators_pickle",
    "check_f_contiguous_array_estimator",
    "check_fit2d_1feature",
    "check_fit2d_1sample",
    "check_fit2d_predict1d",
    "check_fit_check_is_fitted",
    "check_fit_idempotent",
    "check_fit_score_takes_y",
    "check_methods_sample_order_invariance",
    "check_methods_subset_invariance",
    "check_n_features_in",
    "check_n_features_in_after_fitting",
    "check_pipeline_consistency",
    "check_positive_only_tag_during_fit",
    "check_readonly_memmap_input",
}
# Checks of what a refusal says: a tagger's refusal says what they want, so that it is held to them.
ALSO = {"check_complex_data", "check_estimator_sparse_array", "check_estimator_sparse_matrix"}
ALSO |= {"check_estimator_sparse_tag"}
ALSO_OF_TABLES = {"check_fit1d"}


def left_out(estimator: Any) -> set[str]:
    return (
        FIT_ON_ARRAYS
        | (set() if isinstance(estimator, SequenceTagger) else ALSO)
        | (ALSO_OF_TABLES if isinstance(estimator, Forecaster) else set())
    )


def name_of(check: Any) -> str:
    return getattr(check, "func", check).__name__


def checks(estimator: Any) -> Iterator[Any]:
    return (check for _, check in estimator_checks_generator(estimator, legacy=True))


HELD = [
    pytest.param(estimator, check, id=f"{type(estimator).__name__}-{name_of(check)}")
    for estimator, _ in ON_OTHERS
    for check in checks(estimator)
    if name_of(check) not in left_out(estimator)
]


@pytest.mark.parametrize(("estimator", "check"), HELD)
def test_without_arrays(estimator, check):
    check(estimator)


@pytest.mark.parametrize("estimator", [estimator for estimator, _ in ON_OTHERS], ids=lambda one: type(one).__name__)
def test_what_is_left_out_is_there_and_cannot_hold(estimator):
    assert left_out(estimator) <= {name_of(check) for check in checks(estimator)}
    X = np.random.default_rng(0).standard_normal((30, 4))
    with pytest.raises((TypeError, ValueError)):  # were it taken, the checks above would be due
        estimator.fit(X, np.arange(30) % 2)
