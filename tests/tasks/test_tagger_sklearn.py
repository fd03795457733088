"""The checks that scikit-learn has for every estimator."""

from sklearn.utils.estimator_checks import parametrize_with_checks

from gruvy.tasks import SequenceTagger

# These fit with one label for each row of an array. A tagger takes a label for each step of a row, and refuses all else
# in one line; what the checks are after is tested in test_sequence_tagger.py.
_FIT_ON_ARRAYS = [
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
]


@parametrize_with_checks(
    [SequenceTagger()], expected_failed_checks=lambda _: dict.fromkeys(_FIT_ON_ARRAYS, "one label a row, not a step")
)
def test_scikit_learn(estimator, check):
    check(estimator)
