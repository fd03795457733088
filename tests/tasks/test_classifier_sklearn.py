"""The checks that scikit-learn has for every classifier."""

from sklearn.utils.estimator_checks import parametrize_with_checks

from gruvy.tasks import SequenceClassifier

_ANY_LENGTH = "a column of a 2-D array is a step, and sequences may have any number of them"
_NOT = {
    "check_classifiers_train": _ANY_LENGTH,
    "check_n_features_in": _ANY_LENGTH,
    "check_n_features_in_after_fitting": _ANY_LENGTH,
    "check_sample_weight_equivalence_on_dense_data": "one that counts twice is in fewer batches than two of them",
    "check_dtype_object": "what is neither text nor numbers is a DataError, which is a ValueError and no TypeError",
    "check_estimators_empty_data_messages": "the message speaks of steps and channels, not of features",
}


@parametrize_with_checks(
    [SequenceClassifier(hidden_size=8, batch_size=16, max_epochs=5, learning_rate=0.05, dropout=0.0)],
    expected_failed_checks=lambda _: _NOT,
)
def test_scikit_learn(estimator, check):
    check(estimator)
