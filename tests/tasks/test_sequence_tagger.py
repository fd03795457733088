import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

import gruvy
from gruvy import files, runtime
from gruvy.errors import ArgumentError, DataError, FileFormatError
from gruvy.tasks import SequenceTagger
from gruvy.tasks.tagging.baselines import WindowTagger

SMALL = {"hidden_size": 12, "batch_size": 16, "max_epochs": 12, "learning_rate": 0.02, "dropout": 0.0}
SMALL |= {"random_state": 0, "num_layers": 1}


def brackets(count, seed=0):
    """Strings of many lengths; a letter's label is whether it lies between a '(' and the next ')', however far."""
    random = np.random.default_rng(seed)
    strings, labels = [], []
    for _ in range(count):
        inside, string, label = False, "", ""
        for _ in range(random.integers(5, 60)):
            sign = random.choice(list("abab()"), p=[0.22, 0.22, 0.22, 0.22, 0.06, 0.06])
            inside = sign == "(" or (inside and sign != ")")
            string, label = string + sign, label + "oi"[inside]
        strings.append(string)
        labels.append(label)
    return strings, labels


def pairs(count, seed=0):
    """Strings with values; a step is "x" where its value is above 0, but "y" where its letter is b."""
    random = np.random.default_rng(seed)
    X, y = [], []
    for _ in range(count):
        letters = "".join(random.choice(list("ab"), random.integers(3, 20)))
        values = random.normal(size=(len(letters), 2))
        X.append((letters, values))
        both = zip(letters, values[:, 0], strict=True)
        y.append(["y" if letter == "b" else "x" if value > 0 else "z" for letter, value in both])
    return X, y


@pytest.fixture(scope="module")
def string_model():
    return SequenceTagger(**SMALL).fit(*brackets(300))


@pytest.fixture(scope="module")
def pair_model():
    return SequenceTagger(**SMALL).fit(*pairs(120))


# ---- what it learns ----


def test_it_remembers_what_no_window_sees(string_model):
    X, y = brackets(200, seed=1)
    assert string_model.score(X, y) > 0.98
    window = WindowTagger.of(random_state=0).fit(*brackets(300))
    assert 0.7 < window.score(X, y) < 0.93
    own, majority = string_model.evaluate(X, y)
    assert own["accuracy"] == string_model.score(X, y)
    flat = "".join(y)
    assert majority["accuracy"] == pytest.approx(max(flat.count("o"), flat.count("i")) / len(flat), abs=1e-12)


def test_predictions_have_the_form_of_the_labels(string_model, pair_model):
    X, _ = brackets(5, seed=2)
    found = string_model.predict(X)
    assert all(isinstance(labels, str) and len(labels) == len(x) for labels, x in zip(found, X, strict=True))
    X, y = pairs(5, seed=2)
    found = pair_model.predict(X)
    assert [labels.shape for labels in found] == [(len(labels),) for labels in y]
    assert set(np.concatenate(found)) <= {"x", "y", "z"}


def test_characters_and_values_are_read_together(pair_model):
    X, y = pairs(60, seed=1)
    assert pair_model.alphabet_ == "ab"
    assert pair_model.score(X, y) > 0.95
    silent = [("a" * len(letters), values) for letters, values in X]
    blind = [(letters, np.zeros_like(values)) for letters, values in X]
    assert pair_model.score(silent, y) < 0.7
    assert pair_model.score(blind, y) < 0.85


def test_a_numeric_sequence_is_read_from_both_ends():
    random = np.random.default_rng(0)
    X = [random.choice([0.0, 1.0], n) for n in random.integers(2, 15, 200)]
    y = [np.roll(x, -1).astype(int) * (np.arange(len(x)) < len(x) - 1) for x in X]  # what comes next
    learnt, held_out = (X[:150], y[:150]), (X[150:], y[150:])
    assert SequenceTagger(**SMALL).fit(*learnt).score(*held_out) > 0.98
    assert SequenceTagger(**SMALL | {"bidirectional": False}).fit(*learnt).score(*held_out) < 0.85


def test_rare_classes_are_found_when_all_count_alike():
    random = np.random.default_rng(0)
    X = [random.normal(size=30) for _ in range(80)]
    y = [np.where(x + random.normal(0, 0.8, 30) > 2.0, "rare", "common") for x in X]

    def recall(weight):
        model = SequenceTagger(**SMALL | {"class_weight": weight}).fit(X[:60], y[:60])
        return (np.concatenate(model.predict(X[60:])) == "rare")[np.concatenate(y[60:]) == "rare"].mean()

    assert recall("balanced") > recall(None) + 0.2
    assert recall({"rare": 30.0}) > recall(None) + 0.2


def test_probabilities_are_calibrated_and_do_not_depend_on_neighbours(string_model):
    X, _ = brackets(40, seed=3)
    together = string_model.predict_proba(X)
    for one, x in zip(together, X, strict=True):
        assert one.shape == (len(x), 2)
        np.testing.assert_allclose(one.sum(axis=1), 1, atol=1e-9)
        np.testing.assert_allclose(string_model.predict_proba([x])[0], one, atol=1e-6)
    logits = string_model._model.logits(string_model._model.preparation.encode(_steps(X)))
    odds = np.diff(np.log(together[0]), axis=1).ravel() * string_model.temperature_
    np.testing.assert_allclose(odds, np.diff(logits[0], axis=1).ravel(), rtol=1e-4, atol=1e-4)


def _steps(X):
    from gruvy.tasks.tagging.data import read_steps

    return read_steps(X)


def test_the_given_validation_part_is_the_one_that_is_used():
    X, y = brackets(60)
    wrong = ["".join("io"[label == "i"] for label in labels) for labels in y[40:]]  # the other way round
    right = SequenceTagger(**SMALL).fit(X[:40], y[:40], validation=(X[40:], y[40:]))
    turned = SequenceTagger(**SMALL).fit(X[:40], y[:40], validation=(X[40:], wrong))
    assert right.history_[0]["train_loss"] == turned.history_[0]["train_loss"]  # they learn the same
    assert right.best_epoch_ > turned.best_epoch_
    assert turned.history_[0]["validation_loss"] > right.history_[-1]["validation_loss"]
    assert right.provenance_["sequences"] == 60
    assert right.class_counts_.sum() == sum(map(len, X))


# ---- keeping, repeating ----


def test_save_and_load(tmp_path, string_model, pair_model):
    for model, (X, y) in ((string_model, brackets(5, seed=4)), (pair_model, pairs(5, seed=4))):
        again = gruvy.load(model.save(tmp_path / "m.gruvy"))
        assert again.get_params() == model.get_params()
        for one, other in zip(again.predict_proba(X), model.predict_proba(X), strict=True):
            np.testing.assert_array_equal(one, other)
        assert type(again.predict(X)[0]) is type(model.predict(X)[0])
        assert again.evaluate(X, y) == model.evaluate(X, y)
        for name in ("history_", "best_epoch_", "temperature_", "n_parameters_", "provenance_", "alphabet_"):
            assert getattr(again, name) == getattr(model, name)
        assert pickle.loads(pickle.dumps(model)).score(X, y) == model.score(X, y)


@pytest.mark.parametrize("labels", [[3, 1], [True, False]], ids=["numbers", "bools"])
def test_labels_of_other_types_come_back(tmp_path, labels):
    X, y = brackets(40)
    y = [[labels[sign == "i"] for sign in row] for row in y]
    model = SequenceTagger(**SMALL | {"max_epochs": 1, "class_weight": {labels[0]: 2.0}}).fit(X, y)
    again = gruvy.load(model.save(tmp_path / "m.gruvy"))
    assert again.get_params() == model.get_params()
    assert again.classes_.tolist() == sorted(labels)
    assert again.predict(X[:1])[0].dtype == np.array(labels).dtype


def test_a_damaged_file_and_one_that_cannot_run_without_torch(pair_model, tmp_path):
    path = pair_model.save(tmp_path / "m.gruvy")
    with pytest.raises(FileFormatError, match="a SequenceTagger runs with torch only"):
        runtime.load(path)
    tensors, document = files.read(path)
    del tensors["scaling/mean"], document["format_version"]
    files.write(path, tensors, document)
    with pytest.raises(FileFormatError, match="the model in it is damaged"):
        gruvy.load(path)


def test_the_same_seed_gives_the_same_model():
    X, y = brackets(40)
    first, second, other = (
        SequenceTagger(**SMALL | {"max_epochs": 2, "random_state": seed}).fit(X, y).predict_proba(X[:1])[0]
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, second)
    assert np.abs(first - other).max() > 1e-3


def test_an_interrupted_fit_goes_on_to_the_same_model(tmp_path):
    X, y = brackets(40)
    model = SequenceTagger(**SMALL | {"max_epochs": 4, "dropout": 0.3})
    whole = clone(model).fit(X, y)

    def stop(event):
        if event.validation_loss is not None and event.epoch == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        clone(model).fit(X, y, checkpoint=tmp_path, progress=stop)
    events = []
    resumed = clone(model).fit(X, y, checkpoint=tmp_path, resume=True, progress=events.append)
    assert min(event.epoch for event in events) == 3
    np.testing.assert_array_equal(resumed.predict_proba(X)[0], whole.predict_proba(X)[0])
    with pytest.raises(ArgumentError, match=r"belongs to another training.*data"):
        clone(model).fit(X, [row[::-1] for row in y], checkpoint=tmp_path, resume=True)


# ---- what it refuses ----

NUMBERS = [[1.0, 2.0], [3.0]]


@pytest.mark.parametrize(
    ("X", "y", "pattern"),
    [
        ([], [], "X: expected at least one sequence"),
        ("abc", ["xyx"], "got one text; put it into a list"),
        (["ab", "ab"], ["xy", "x"], "1 of 2 sequences have another number of labels.*number 1: 1 labels for 2 steps"),
        (["ab", "ab"], ["xy"], "expected the labels of 2 sequences, got those of 1"),
        (["ab", "ab"], None, "got None; give as many as there are sequences"),
        (["ab", "ab"], "xyxy", "expected a list with the labels of each sequence, got str"),
        (["ab", "ab"], [0, 1], "a list of labels for each sequence, number 0 has 0"),
        (["ab", "ab"], ["xx", "xx"], "at least two classes, got one class, 'x'"),
        (["ab", "ab"], [["x", None], ["x", "y"]], "y: 1 labels are missing"),
        (["ab", "ab"], [[0.5, 1], [1, 0]], "Unknown label type"),
        (["ab", ""], ["xy", ""], "1 of 2 strings are empty, the first is number 1"),
        (["ab", 3], ["xy", "x"], "1 of 2 texts are missing or no text"),
        ([[1.0, np.nan], [1.0]], [[0, 1], [1]], "1 of 2 sequences have NaN"),
        ([np.ones((2, 2)), np.ones((1, 1))], [[0, 1], [1]], "have other channels than the 2 of sequence 0"),
        ([("ab", np.ones((3, 1)))], [[0, 1]], "sequence 0 has 2 characters and 3 rows of values"),
        ([("ab", np.ones((2, 1))), "ab"], [[0, 1]] * 2, "sequence 1 is none; give every sequence both"),
        (
            [(np.ones((2, 1)), "ab")],
            [[0, 1]],
            "expected tuples of a string, or a list of words, and an array .T, C., in this order",
        ),
        (["ab"], ["xy"], "expected at least two sequences, one to learn from"),
    ],
)
def test_bad_input(X, y, pattern):
    with pytest.raises(DataError, match=pattern) as caught:
        SequenceTagger(**SMALL).fit(X, y)
    assert "\n" not in str(caught.value)


def test_bad_params_are_named_together():
    with pytest.raises(ArgumentError, match="5 problems") as caught:
        SequenceTagger(cell="gro", validation_fraction=1, bidirectional=1, class_weight={"a": 0}, num_layers=0).fit(
            ["ab", "ab"], ["xy", "yx"]
        )
    for part in ("did you mean 'gru'", "validation_fraction", "bidirectional", "class_weight", "num_layers"):
        assert part in str(caught.value)


def test_what_does_not_fit_the_fit(string_model, pair_model):
    with pytest.raises(
        DataError, match=r"got 'Z' \(1x\), '\?' \(1x\) in 1 of 2 texts, the first in number 1 at character 2"
    ):
        string_model.predict(["ab", "aZ?"])
    with pytest.raises(DataError, match="expected strings, as in the fit, got numeric sequences"):
        string_model.predict(NUMBERS)
    with pytest.raises(DataError, match="expected pairs of a string and an array, as in the fit, got strings"):
        pair_model.predict(["ab"])
    with pytest.raises(DataError, match="expected 2 channels, as in the fit, got 1"):
        pair_model.predict([("ab", np.ones((2, 1)))])
    with pytest.raises(DataError, match=r"'q': no classes of the fit; there are \['i', 'o'\]"):
        string_model.score(["ab"], ["oq"])
    with pytest.raises(NotFittedError):
        SequenceTagger().predict(["a"])


def test_series_of_pandas_are_read_too(string_model):
    X, y = brackets(5, seed=6)
    assert string_model.score(pd.Series(X), pd.Series(y)) == string_model.score(X, y)
