import pickle

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.special import softmax
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.multioutput import MultiOutputClassifier

import gruvy
from gruvy import files, runtime
from gruvy.data import pad
from gruvy.errors import ArgumentError, DataError, FileFormatError
from gruvy.tasks import SequenceClassifier
from gruvy.tasks.classification.baselines import LinearClassifier
from gruvy.tasks.shared.features import _filled
from gruvy.tasks.shared.sequences import SequenceScaling, encode

SMALL = {"hidden_size": 8, "embedding_size": 8, "batch_size": 16, "max_epochs": 6, "learning_rate": 0.02}
SMALL |= {"dropout": 0.0, "random_state": 0}


def bumps(count, seed=0):
    """Noise of many lengths with a bump and a dip; the class is which comes first."""
    random = np.random.default_rng(seed)
    series, labels = [], []
    for _ in range(count):
        length = random.integers(8, 30)
        first, second = np.sort(random.choice(length, 2, replace=False))
        x = random.normal(0, 0.1, (length, 2))
        sign = random.choice([-1, 1])
        x[first, 0] += sign
        x[second, 0] -= sign
        series.append(x)
        labels.append("up" if sign > 0 else "down")
    return series, np.array(labels)


def texts(count, seed=0):
    """Sentences of the same words; the class is the order of two of them."""
    random = np.random.default_rng(seed)
    sentences, labels = [], []
    for _ in range(count):
        words = list(random.choice(["the", "a", "of", "film", "plot"], random.integers(3, 9)))
        first, second = np.sort(random.integers(0, len(words) + 1, 2))
        pair = ["dog", "man"] if random.random() < 0.5 else ["man", "dog"]
        words.insert(second, pair[1])
        words.insert(first, pair[0])
        sentences.append(" ".join(words))
        labels.append(int(pair[0] == "man"))
    return sentences, np.array(labels)


@pytest.fixture(scope="module")
def series_model():
    X, y = bumps(300)
    return SequenceClassifier(**SMALL).fit(X, y)


@pytest.fixture(scope="module")
def text_model():
    X, y = texts(300)
    return SequenceClassifier(**SMALL).fit(X, y)


# ---- what it learns ----


def test_it_learns_an_order_that_a_linear_model_cannot_see(series_model):
    X, y = bumps(300, seed=1)
    learnt, numbers = bumps(300)
    linear = LinearClassifier().fit(learnt, (numbers == "up").astype(int))
    assert (linear.predict_proba(X).argmax(axis=1) == (y == "up")).mean() < 0.65
    assert series_model.score(X, y) > 0.95
    own, majority = series_model.evaluate(X, y)
    assert own["accuracy"] == series_model.score(X, y)
    assert majority["accuracy"] == pytest.approx(max((y == "up").mean(), (y == "down").mean()), abs=0.15)


def test_it_learns_the_order_of_words(text_model):
    X, y = texts(200, seed=1)
    assert text_model.score(X, y) > 0.95
    assert text_model.predict(X).dtype == np.array([0]).dtype


@pytest.mark.parametrize("tokens", ["character", "subword"])
def test_other_tokens(tokens):
    if tokens == "subword":
        pytest.importorskip("tokenizers")
    X = ["abab", "abba", "baba", "baab"] * 20
    y = [text.startswith("a") for text in X]
    model = SequenceClassifier(tokens=tokens, vocabulary_size=6, **SMALL | {"max_epochs": 25}).fit(X, y)
    assert model.score(X, y) == 1.0


def test_probabilities_are_calibrated_where_labels_are_noise():
    random = np.random.default_rng(0)
    X = random.normal(size=(3600, 4, 1))
    y = np.where(random.random(3600) < 0.2, X[:, 0, 0] < 0, X[:, 0, 0] > 0)  # one in five is wrong
    model = SequenceClassifier(**SMALL | {"validation_fraction": 0.3}).fit(X[:600], y[:600])
    row = model.evaluate(X[600:], y[600:])[0]
    assert row["calibration_error"] < 0.08
    assert model.predict_proba(X[600:]).max(axis=1).mean() == pytest.approx(0.8, abs=0.06)


def test_balanced_weights_find_the_rare_class():
    random = np.random.default_rng(0)
    y = (random.random(600) < 0.1).astype(int)
    X = random.normal(size=(600, 5, 1)) + y[:, None, None] * 0.8
    found = {
        weight: SequenceClassifier(class_weight=weight, **SMALL).fit(X[:400], y[:400]).predict(X[400:])[y[400:] == 1]
        for weight in (None, "balanced")
    }
    assert found["balanced"].mean() > found[None].mean() + 0.15
    by_hand = SequenceClassifier(class_weight={1: 1000.0}, **SMALL).fit(X[:400], y[:400])
    assert by_hand.predict(X[400:]).mean() > 0.8


# ---- what it hands out ----


def test_probabilities_do_not_depend_on_the_company(text_model):
    X, _ = texts(40, seed=2)
    together = text_model.predict_proba(X)
    np.testing.assert_allclose(together.sum(axis=1), 1)
    alone = np.concatenate([text_model.predict_proba([one]) for one in X])
    np.testing.assert_allclose(together, alone, atol=1e-6)


def test_attention_belongs_to_the_tokens(text_model, series_model):
    first, second = text_model.attention(["the man of a dog", ""])
    assert first.tokens == ("the", "man", "of", "a", "dog")
    assert first.weights.sum() == pytest.approx(1, abs=1e-6)
    assert second.weights.tolist() == [1.0]
    X, _ = bumps(20, seed=3)
    for sequence, found in zip(X, series_model.attention(X), strict=True):
        assert found.tokens is None
        assert found.weights.shape == (len(sequence),)
        assert found.weights.sum() == pytest.approx(1, abs=1e-6)


def test_every_form_of_numeric_input_is_the_same():
    X = np.random.default_rng(0).normal(size=(40, 6))
    y = np.arange(40) % 2
    model = SequenceClassifier(**SMALL | {"max_epochs": 1}).fit(X, y)
    expected = model.predict_proba(X)
    for same in (X[:, :, None], list(X), X.tolist(), [row[:, None] for row in X], pd.DataFrame(X)):
        np.testing.assert_array_equal(model.predict_proba(same), expected)


@pytest.mark.parametrize("labels", [["b", "a"], [3, 1], [True, False]], ids=["text", "number", "bool"])
def test_save_and_load(tmp_path, labels):
    X, y = texts(60)
    model = SequenceClassifier(**SMALL | {"max_epochs": 1, "class_weight": {labels[0]: 2.0}})
    model.fit(X, np.array(labels)[y])
    again = gruvy.load(model.save(tmp_path / "m.gruvy"))
    assert again.get_params() == model.get_params()
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    assert again.classes_.tolist() == sorted(labels)
    for name in ("history_", "best_epoch_", "temperature_", "n_parameters_", "provenance_", "vocabulary_"):
        assert getattr(again, name) == getattr(model, name)


def test_save_and_load_of_numeric_sequences(series_model, tmp_path):
    X, _ = bumps(20, seed=4)
    again = gruvy.load(series_model.save(tmp_path / "m.gruvy"))
    np.testing.assert_array_equal(again.predict_proba(X), series_model.predict_proba(X))
    assert pickle.loads(pickle.dumps(series_model)).predict(X).tolist() == series_model.predict(X).tolist()


def test_a_damaged_file_and_one_that_cannot_run_without_torch(series_model, tmp_path):
    path = series_model.save(tmp_path / "m.gruvy")
    with pytest.raises(FileFormatError, match="holds no graph: attention over the steps is no operation of a graph"):
        runtime.load(path)
    tensors, document = files.read(path)
    del tensors["scaling/mean"], document["format_version"]
    files.write(path, tensors, document)
    with pytest.raises(FileFormatError, match="the model in it is damaged"):
        gruvy.load(path)


# ---- repeating ----


def test_the_same_seed_gives_the_same_model():
    X, y = texts(80)
    first, second, other = (
        SequenceClassifier(**SMALL | {"max_epochs": 2, "random_state": seed}).fit(X, y).predict_proba(X)
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, second)
    assert np.abs(first - other).max() > 1e-3


def test_an_interrupted_fit_goes_on_to_the_same_model(tmp_path):
    X, y = texts(80)
    model = SequenceClassifier(**SMALL | {"max_epochs": 4, "dropout": 0.3})
    whole = clone(model).fit(X, y)

    def stop(event):
        if event.validation_loss is not None and event.epoch == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        clone(model).fit(X, y, checkpoint=tmp_path, progress=stop)
    events = []
    resumed = clone(model).fit(X, y, checkpoint=tmp_path, resume=True, progress=events.append)
    assert min(event.epoch for event in events) == 3
    np.testing.assert_array_equal(resumed.predict_proba(X), whole.predict_proba(X))
    with pytest.raises(ArgumentError, match=r"belongs to another training.*data"):
        clone(model).fit(X, 1 - y, checkpoint=tmp_path, resume=True)


def test_several_labels_by_a_classifier_for_each():
    X, y = texts(200)
    labels = np.column_stack([y, ["film" in x for x in X]])
    model = MultiOutputClassifier(SequenceClassifier(**SMALL)).fit(X, labels)
    others, truth = texts(100, seed=1)
    found = model.predict(others)
    assert (found == np.column_stack([truth, ["film" in x for x in others]])).mean() > 0.9
    assert [one.shape for one in model.predict_proba(others)] == [(100, 2)] * 2


# ---- gaps, weights, ensembles ----


def gappy(count, seed=0):
    """Nothing but noise; the class is whether the middle was measured."""
    random = np.random.default_rng(seed)
    X, y = random.normal(size=(count, 6, 2)), random.integers(0, 2, count)
    X[y == 1, 3, 0] = np.nan
    return X, y


def test_the_network_sees_what_is_missing(tmp_path):
    X, y = gappy(200)
    model = SequenceClassifier(**SMALL).fit(X, y)
    others, truth = gappy(200, seed=1)
    assert model.score(others, truth) == 1.0
    again = gruvy.load(model.save(tmp_path / "m.gruvy"))
    np.testing.assert_array_equal(again.predict_proba(others), model.predict_proba(others))
    model.predict(np.nan_to_num(others))  # to have no gaps is no fault


def test_gaps_are_means_and_leave_the_scaling_alone():
    scaling = SequenceScaling.of([np.array([[1.0, np.nan], [3.0, 7.0]])], gaps=True)
    np.testing.assert_array_equal(scaling.mean, [2, 7])
    np.testing.assert_array_equal(scaling.std, [1, 0])  # of the second channel no spread is known: it is read as 0
    read = scaling.scale(np.array([[np.nan, 8.0], [4.0, np.nan]]))
    np.testing.assert_array_equal(read, [[0, 0, 1, 0], [2, 0, 0, 1]])
    without = SequenceScaling(scaling.mean, scaling.std, gaps=False)
    np.testing.assert_array_equal(without.scale(np.array([[4.0, 8.0]])), [[2, 0]])


def test_gaps_that_cannot_be():
    X, y = gappy(40)
    with pytest.raises(DataError, match="channel 1 has no value in any sequence that is learnt from"):
        SequenceClassifier(**SMALL).fit(np.where([True, False], X, np.nan), y)
    model = SequenceClassifier(**SMALL | {"max_epochs": 1}).fit(np.nan_to_num(X), y)
    with pytest.raises(DataError, match=f"{y.sum()} of 40 sequences have NaN, .* those of the fit had none"):
        model.predict(X)


def test_the_linear_baseline_fills_gaps_along_a_line():
    sequence = np.array([[np.nan, 1.0], [2.0, np.nan], [np.nan, 3.0], [4.0, np.nan]])
    np.testing.assert_array_equal(_filled(sequence), [[2, 1], [2, 2], [3, 3], [4, 3]])
    X, y = gappy(60)
    X[0, :, 1] = np.nan
    found = LinearClassifier().fit(X, y).predict_proba(X)
    assert np.isfinite(found).all()


def test_sequences_count_by_their_weights():
    X, y = bumps(200)
    wrong = np.where(np.arange(200) % 2, y, np.where(y == "up", "down", "up"))  # every other label is a lie
    trust = np.where(np.arange(200) % 2, 1.0, 1e-3)
    others, truth = bumps(100, seed=1)
    assert SequenceClassifier(**SMALL).fit(X, wrong, sample_weight=trust).score(others, truth) > 0.8
    assert SequenceClassifier(**SMALL).fit(X, wrong).score(others, truth) < 0.7


def test_a_sequence_of_weight_0_is_not_there():
    X, y = texts(60)
    few = np.arange(60) % 3 > 0
    model = SequenceClassifier(**SMALL | {"max_epochs": 2})
    weighted = clone(model).fit(X, y, sample_weight=few * 2.0)
    alone = clone(model).fit([x for x, kept in zip(X, few, strict=True) if kept], y[few], sample_weight=[2.0] * 40)
    np.testing.assert_array_equal(weighted.predict_proba(X), alone.predict_proba(X))
    assert weighted.class_counts_.sum() == 40


@pytest.mark.parametrize("weights", [[1.0], ["a", "b", "c", "d"], [1, 1, -1, 1], [0] * 4, [1, np.nan, 1, 1]])
def test_bad_weights(weights):
    with pytest.raises(DataError, match=r"sample_weight: .*expected"):
        SequenceClassifier(**SMALL).fit(GOOD, ["x", "y", "x", "y"], sample_weight=weights)


def test_an_ensemble_is_the_mean_of_its_members(tmp_path):
    X, y = bumps(80)
    model = SequenceClassifier(**SMALL | {"max_epochs": 2, "ensemble_size": 3}).fit(X, y)
    one = SequenceClassifier(**SMALL | {"max_epochs": 1}).fit(X, y)
    assert model.n_parameters_ == 3 * one.n_parameters_
    batch = pad(encode(X[:4], model._model.preparation))
    with torch.inference_mode():
        logits, attention = model._model.network(batch.inputs, batch.lengths)
    assert len({member.tobytes() for member in logits.numpy()}) == 3
    expected = softmax(logits.numpy().mean(axis=0) / model.temperature_, axis=1)
    np.testing.assert_allclose(model.predict_proba(X[:4]), expected, rtol=1e-5)
    first = model.attention(X[:1])[0].weights
    np.testing.assert_allclose(first, attention[:, : len(first), 0].mean(axis=0), rtol=1e-4)
    again = gruvy.load(model.save(tmp_path / "m.gruvy"))
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))


def test_few_sequences_are_passed_more_often():
    model = SequenceClassifier(batch_size=10)
    schedule = model._schedule(batches=5)
    assert (schedule.max_epochs, schedule.patience) == (100, 20)
    schedule = model._schedule(batches=500)
    assert (schedule.max_epochs, schedule.patience) == (10, 3)
    schedule = SequenceClassifier(max_epochs=7, patience=2)._schedule(batches=5)
    assert (schedule.max_epochs, schedule.patience) == (7, 2)


# ---- what it refuses ----

GOOD = ["a b", "b a", "a a", "b b"]


@pytest.mark.parametrize(
    ("X", "y", "pattern"),
    [
        ([], [], "X: expected at least one sequence"),
        ("a text", ["a"], "got one text; put it into a list"),
        (GOOD, ["x"] * 4, "y: expected at least two classes, got one class, 'x'"),
        (GOOD, ["x", "y", "x"], "expected 4 labels.* got 3"),
        (GOOD, None, "the target y is None; give a label for each sequence"),
        (GOOD, ["x", None, "y", "y"], "y: 1 labels are missing .* the first is label 1"),
        (GOOD, [0.5, 1.5, 0.5, 1.5], "Unknown label type.* 4 numbers that are not whole, such as 0.5"),
        (GOOD, ["x", 1, "y", "y"], "expected labels of one type, got number and str"),
        (GOOD, [[1, 0]] * 4, r"one label for each sequence, got an array of shape \(4, 2\)"),
        (["a", float("nan"), "b", None], [0, 1, 0, 1], "2 of 4 texts are missing or no text, the first is number 1"),
        ([[1.0], [np.nan] * 2, [2.0], [3.0]], [0, 1, 0, 1], "1 of 4 sequences have NaN alone; .*first is number 1"),
        ([[1.0], [np.inf], [2.0], [3.0]], [0, 1, 0, 1], "1 of 4 sequences have infinity; .*, the first is number 1"),
        ([[1.0], [], [2.0], [3.0]], [0, 1, 0, 1], "1 of 4 sequences have 0 steps"),
        ([np.ones((3, 2)), np.ones((3, 1))], [0, 1], "have other channels than the 2 of sequence 0"),
        ([1.0, 2.0], [0, 1], "2 of 2 sequences are no arrays"),
        ([{"a": 1}, [1.0]], [0, 1], "sequence 0 is neither text nor numbers"),
        (GOOD[:2], ["x", "y"], "no class has two sequences"),
    ],
)
def test_bad_input(X, y, pattern):
    with pytest.raises(DataError, match=pattern) as caught:
        SequenceClassifier(**SMALL).fit(X, y)
    assert "\n" not in str(caught.value)


def test_bad_params_are_named_together():
    with pytest.raises(ArgumentError, match="6 problems") as caught:
        SequenceClassifier(
            tokens="wrod", vocabulary_size=1, cell="gro", validation_fraction=1, bidirectional=1, class_weight={"a": 0}
        ).fit(GOOD, [0, 1, 0, 1])
    for part in ("did you mean 'word'", "vocabulary_size", "did you mean 'gru'", "validation_fraction", "class_weight"):
        assert part in str(caught.value)
    with pytest.raises(ArgumentError, match=r"class_weight: .'z'. are no classes of y; there are .'x', 'y'."):
        SequenceClassifier(class_weight={"z": 2.0}).fit(GOOD, list("xyxy"))


def test_what_does_not_fit_the_fit(text_model, series_model):
    with pytest.raises(DataError, match="expected texts, as in the fit, got numeric sequences"):
        text_model.predict([[1.0, 2.0]])
    with pytest.raises(DataError, match="expected 2 channels, as in the fit, got 1"):
        series_model.predict([[1.0, 2.0]])
    with pytest.raises(
        DataError, match=r"'left': no classes of the fit; there are \['down', 'up'\]; leave these rows out"
    ):
        series_model.evaluate(bumps(3)[0], ["up", "left", "up"])
    with pytest.raises(NotFittedError):
        SequenceClassifier().predict(["a"])
