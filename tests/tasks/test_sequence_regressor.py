import itertools

import numpy as np
import pandas as pd
import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

import gruvy
from gruvy import SequenceRegressor, runtime
from gruvy.errors import ArgumentError, DataError, FileFormatError, InputNote
from gruvy.tasks.regression.model import NumberColumns
from gruvy.tasks.regression.table import evaluate_table, fit_table, predict_table

RANDOM = np.random.default_rng(0)
SMALL = {"hidden_size": 8, "max_epochs": 30, "learning_rate": 0.02, "dropout": 0.0, "random_state": 0}
# Sequences of 5 to 9 steps; the number is the last value of the first channel, with noise.
RUNS = [RANDOM.normal(size=(RANDOM.integers(5, 10), 2)) for _ in range(300)]
LAST = np.array([10 + 3 * run[-1, 0] for run in RUNS]) + RANDOM.normal(0, 0.3, 300)
WORDS = {"awful": 1, "dull": 2, "fair": 3, "good": 4, "superb": 5}
TEXTS = [" ".join(["the", "film", "is", word] + ["indeed"] * RANDOM.integers(0, 3)) for word in [*WORDS] * 12]
STARS = np.array([WORDS[text.split()[3]] for text in TEXTS], float)


@pytest.fixture(scope="module")
def model():
    return SequenceRegressor(**SMALL).fit(RUNS[:200], LAST[:200])


@pytest.fixture(scope="module")
def frame():
    rows = [
        {"run": number, "a": a, "b": b, "life": LAST[number], "wear": -LAST[number], "engine": number // 3}
        for number, run in enumerate(RUNS[:60])
        for a, b in run
    ]
    return pd.DataFrame(rows)


def test_it_learns_and_its_band_holds(model):
    assert model.score(RUNS[200:], LAST[200:]) > 0.95
    own, mean = model.evaluate(RUNS[200:], LAST[200:])
    assert (own["name"], mean["name"], own["target"]) == ("gru", "mean", "y")
    assert own["mae"] < 0.3 * mean["mae"]
    assert 0.65 < own["coverage"] < 0.95
    assert mean["coverage"] is None


def test_scores_are_what_they_are_called(model):
    low, middle, high = model.predict(RUNS[200:], quantiles=(0.1, 0.5, 0.9)).T
    truth = LAST[200:]
    row = model.evaluate(RUNS[200:], truth)[0]
    np.testing.assert_array_equal(middle, model.predict(RUNS[200:]))
    assert row["mae"] == pytest.approx(np.abs(truth - middle).mean())
    assert row["coverage"] == pytest.approx(((truth >= low) & (truth <= high)).mean())
    assert (low <= middle).all()
    assert (middle <= high).all()


def test_several_targets():
    both = pd.DataFrame({"life": LAST, "wear": 100 - LAST})
    model = SequenceRegressor(**SMALL).fit(RUNS[:200], both[:200])
    assert model.targets_ == ("life", "wear")
    assert model.predict(RUNS[:3]).shape == (3, 2)
    assert model.predict(RUNS[:3], quantiles=(0.9,)).shape == (3, 2, 1)
    np.testing.assert_allclose(model.predict(RUNS[200:]).sum(axis=1), 100, atol=2)
    assert [row["target"] for row in model.evaluate(RUNS, both)] == ["life", "wear"] * 2


def test_a_constant_is_predicted_as_that_constant():
    model = SequenceRegressor(**{**SMALL, "max_epochs": 1}).fit(RUNS[:20], np.full(20, 7.5))
    assert model.predict(RUNS[20:24], quantiles=(0.1, 0.9)).tolist() == [[7.5, 7.5]] * 4


def test_texts_have_attention():
    model = SequenceRegressor(**{**SMALL, "embedding_size": 8}, attention=True, bidirectional=True)
    model.fit(TEXTS, STARS)
    assert np.abs(model.predict(TEXTS) - STARS).mean() < 0.5
    weights = model.attention_weights(TEXTS[:1])[0]
    assert len(weights) == len(TEXTS[0].split())
    assert weights.sum() == pytest.approx(1)


def test_what_belongs_together_is_held_out_together(monkeypatch):
    seen = {}

    def train(self, run, network, loss, training, validation, *, identity, facts):
        seen["training"], seen["validation"] = training.labels, validation.labels
        raise KeyboardInterrupt

    monkeypatch.setattr(SequenceRegressor, "_train", train)
    groups = np.arange(60) // 6
    with pytest.raises(KeyboardInterrupt):
        SequenceRegressor(random_state=3).fit(RUNS[:60], groups.astype(float), groups=[f"engine {g}" for g in groups])
    there, here = (set(part[:, 0].tolist()) for part in (seen["training"], seen["validation"]))
    assert len(here) == 2
    assert not there & here


def test_save_load_and_the_graph(model, tmp_path):
    path = model.save(tmp_path / "m.gruvy")
    again = gruvy.load(path)
    levels = (0.1, 0.5, 0.9)
    np.testing.assert_array_equal(
        again.predict(RUNS[:20], quantiles=levels), model.predict(RUNS[:20], quantiles=levels)
    )
    graph = runtime.load(path)
    scaling = model._model.preparation
    for run in RUNS[:5]:
        found = graph.run({"x": scaling.scale(run)[:, None]})[0]["quantiles"].reshape(3)
        own = model._model.targets.mean + model._model.targets.std * found
        np.testing.assert_allclose(own, model.predict([run], quantiles=levels)[0], rtol=1e-5)


def test_a_network_that_reads_all_states_has_no_graph(tmp_path):
    model = SequenceRegressor(**{**SMALL, "max_epochs": 1}, attention=True).fit(RUNS[:20], LAST[:20])
    with pytest.raises(FileFormatError, match="reads all its states at once is no operation of a graph"):
        runtime.load(model.save(tmp_path / "m.gruvy"))


def test_a_table(frame, tmp_path):
    columns = NumberColumns.of(frame, ["life", "wear"], series="run", group="engine")
    assert columns.values == ("a", "b")
    model = SequenceRegressor(**{**SMALL, "max_epochs": 2})
    test = fit_table(model, frame, columns, test_fraction=0.2)
    assert len(test.X) == 12
    names = ["ridge on summary statistics", "boosted trees"]
    assert [(row["name"], row["target"]) for row in test.baselines] == list(itertools.product(names, columns.targets))
    again = gruvy.load(model.save(tmp_path / "m.gruvy"))
    found = predict_table(again, frame, (0.9,))
    assert found.columns.tolist() == ["run", "life", "life_q0.9", "wear", "wear_q0.9"]
    assert evaluate_table(again, frame) == evaluate_table(model, frame)


def test_baselines_are_as_good_as_they_can_be():
    """A ridge regression finds a sum exactly; so a row of scores is of the model that it names."""
    curves = pd.DataFrame(RANDOM.normal(size=(80, 6)), columns=list("abcdef"))
    curves["sum"] = curves.sum(axis=1)
    columns = NumberColumns.of(curves, ["sum"])
    test = fit_table(SequenceRegressor(**{**SMALL, "max_epochs": 1}), curves, columns, test_fraction=0.25)
    ridge, trees = test.baselines
    assert ridge["name"] == "ridge on all values"
    assert ridge["r2"] > 0.99
    assert trees["r2"] < ridge["r2"]


@pytest.mark.parametrize(
    ("X", "y", "options", "message"),
    [
        (RUNS[:9], None, {}, "y: fit requires y to be passed"),
        (RUNS[:9], ["low"] * 9, {}, "y: expected numbers .*; to tell classes, use a SequenceClassifier"),
        (RUNS[:9], pd.to_timedelta(LAST[:9], "h"), {}, r"y: expected numbers .times and durations have no unit"),
        (RUNS[:9], pd.date_range("2024", periods=9), {}, r"y: expected numbers .times and durations have no unit"),
        (RUNS[:9], 1j * LAST[:9], {}, "y: expected numbers .Complex data not supported"),
        (RUNS[:9], LAST[:8], {}, "y: expected 9 rows, as many as there are sequences, got 8"),
        (RUNS[:9], [*LAST[:8], np.nan], {}, "y: 1 rows have NaN or infinity, the first is row 8"),
        (RUNS[:9], LAST[:9], {"groups": [1] * 9}, "expected two samples or more .of two groups."),
        (RUNS[:9], LAST[:9], {"groups": [1, 2]}, "groups: expected 9 values, none missing, got 2"),
        (TEXTS, STARS, {"rescale": True, "warm_start": "x"}, "no such file"),
    ],
)
def test_what_cannot_be_fitted(X, y, options, message):
    with pytest.raises((DataError, FileFormatError), match=message):
        SequenceRegressor(**SMALL).fit(X, y, **options)


def test_what_cannot_be_asked(model):
    with pytest.raises(ArgumentError, match=r"quantiles: .*0\.3"):
        model.predict(RUNS[:2], quantiles=(0.3,))
    with pytest.raises(DataError, match="y: expected 1 numbers for each sequence, as in the fit, got 2"):
        model.score(RUNS[:2], np.zeros((2, 2)))
    with pytest.raises(ArgumentError, match="fit one with attention=True"):
        model.attention_weights(RUNS[:2])


def test_it_learns_on_from_a_model(model):
    with pytest.warns(InputNote, match="the model that this one began from was better"):
        after = SequenceRegressor(**{**SMALL, "max_epochs": 1}).fit(RUNS[:200], LAST[:200], warm_start=model)
    assert after.provenance_["parent"]["validation_loss"] == pytest.approx(
        model.history_[model.best_epoch_ - 1]["validation_loss"], rel=1e-4
    )


_ANY_LENGTH = "a column of a 2-D array is a step, and sequences may have any number of them"
_NOT = {
    "check_regressors_train": _ANY_LENGTH,
    "check_n_features_in": _ANY_LENGTH,
    "check_n_features_in_after_fitting": _ANY_LENGTH,
    "check_sample_weight_equivalence_on_dense_data": "one that counts twice is in fewer batches than two of them",
    "check_dtype_object": "what is neither text nor numbers is a DataError, which is a ValueError and no TypeError",
    "check_estimators_empty_data_messages": "the message speaks of steps and channels, not of features",
}


@parametrize_with_checks(
    [SequenceRegressor(hidden_size=8, batch_size=16, max_epochs=5, learning_rate=0.05, dropout=0.0)],
    expected_failed_checks=lambda _: _NOT,
)
def test_scikit_learn(estimator, check):
    check(estimator)
