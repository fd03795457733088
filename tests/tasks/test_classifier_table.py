import anndata
import numpy as np
import pandas as pd
import pytest

import gruvy
from gruvy.errors import ArgumentError, DataError
from gruvy.tasks import SequenceClassifier
from gruvy.tasks.classification.columns import ClassColumns
from gruvy.tasks.classification.table import evaluate_table, fit_table, predict_table, read_file

SMALL = {"hidden_size": 6, "batch_size": 16, "max_epochs": 12, "learning_rate": 0.03, "dropout": 0.0, "random_state": 0}


@pytest.fixture(scope="module")
def steps():
    """A row for each step of 60 recordings of two sensors that rise or fall."""
    random = np.random.default_rng(0)
    parts = []
    for number in range(60):
        length = int(random.integers(5, 12))
        slope = 1 if number % 2 else -1
        parts.append(
            pd.DataFrame(
                {
                    "run": f"r{number}",
                    "a": slope * np.arange(length) + random.normal(0, 0.1, length),
                    "b": random.normal(size=length),
                    "fault": "rises" if slope > 0 else "falls",
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def test_rows_that_are_steps(steps, tmp_path):
    columns = ClassColumns.of(steps, "fault", series="run")
    assert columns.values == ("a", "b")
    model = SequenceClassifier(**SMALL)
    test = fit_table(model, steps, columns, test_fraction=0.2)
    assert sorted(test.y) == ["falls"] * 6 + ["rises"] * 6
    assert model.provenance_["sequences"] == 48
    assert model.score(test.X, test.y) == 1.0
    assert test.baselines[0]["name"] == "logistic regression"
    again = gruvy.load(model.save(tmp_path / "m.gruvy"))
    assert again.columns_ == columns
    found = predict_table(again, steps.drop(columns="fault"))
    assert found["run"].tolist() == [f"r{number}" for number in range(60)]
    assert list(found.columns) == ["run", "fault", "p_falls", "p_rises"]
    truth = np.where(np.arange(60) % 2, "rises", "falls")
    assert (found["fault"] == truth).mean() > 0.95
    assert evaluate_table(again, steps)[0]["accuracy"] == (found["fault"] == truth).mean()


def test_series_may_be_mixed_up_but_their_steps_keep_their_order(steps):
    columns = ClassColumns.of(steps, "fault", series="run")
    mixed = steps.assign(step=steps.groupby("run").cumcount()).sort_values("step", kind="stable")
    X, names = columns.read(mixed)
    assert names.tolist() == [f"r{number}" for number in range(60)]
    for name, x in zip(names, X, strict=True):
        np.testing.assert_array_equal(x, steps.loc[steps["run"] == name, ["a", "b"]])


def test_rows_that_are_curves():
    curves = pd.DataFrame(np.random.default_rng(0).normal(size=(40, 5)), columns=list("vwxyz"))
    curves["kind"] = np.where(curves["v"] > 0, "p", "n")
    columns = ClassColumns.of(curves, "kind")
    X, names = columns.read(curves)
    np.testing.assert_array_equal(X[:, :, 0], curves[list("vwxyz")])
    assert names.tolist() == list(range(40))
    assert columns.labels(curves).tolist() == curves["kind"].tolist()


def test_rows_with_names_and_gaps(tmp_path):
    random = np.random.default_rng(0)
    curves = pd.DataFrame(random.normal(size=(60, 5)), columns=list("vwxyz"))
    curves["kind"] = np.where(curves["v"] > 0, "p", "n")
    curves["gene"] = [f"G{number}" for number in range(60)]
    curves.loc[::7, "x"] = np.nan
    columns = ClassColumns.of(curves, "kind", id="gene")
    assert columns.values == tuple("vwxyz")
    model = SequenceClassifier(**SMALL)
    fit_table(model, curves, columns, test_fraction=0.2)
    found = predict_table(gruvy.load(model.save(tmp_path / "m.gruvy")), curves)
    assert found["gene"].tolist() == curves["gene"].tolist()
    assert (found["kind"] == curves["kind"]).mean() > 0.8
    with pytest.raises(ArgumentError, match="series 'gene' and id 'gene': expected one of them"):
        ClassColumns.of(curves, "kind", series="gene", id="gene")


def test_an_index_names_the_rows():
    curves = pd.DataFrame({"v": [1.0, 2.0], "kind": ["p", "n"]}, index=["c1", "c2"])
    assert ClassColumns.of(curves, "kind").read(curves)[1].tolist() == ["c1", "c2"]


def test_observations_that_are_steps(tmp_path):
    obs = {"donor": ["d2", "d1", "d2", "d1"], "state": ["ill", "well", "ill", "well"]}
    names = pd.Index(list("abcd"), dtype=object)
    data = anndata.AnnData(
        X=np.arange(12.0).reshape(4, 3),
        obs=pd.DataFrame({name: pd.Series(values, names, object) for name, values in obs.items()}),
        var=pd.DataFrame(index=pd.Index(["g1", "g2", "g3"], dtype=object)),
    )
    data.write_h5ad(tmp_path / "time.h5ad")
    frame = read_file(tmp_path / "time.h5ad", "state", "donor")
    columns = ClassColumns.of(frame, "state", series="donor")
    assert columns.values == ("g1", "g2", "g3")
    X, donors = columns.read(frame)
    assert donors.tolist() == ["d2", "d1"]
    np.testing.assert_array_equal(X[1], [[3, 4, 5], [9, 10, 11]])
    assert columns.labels(frame).tolist() == ["ill", "well"]
    assert "state" in read_file(tmp_path / "time.h5ad", "state", "donor", labelled=False)
    with pytest.raises(DataError, match="no annotation 'stat'"):
        read_file(tmp_path / "time.h5ad", "stat")


def test_texts():
    table = pd.DataFrame({"id": [1, 2], "review": ["fine", "dull"], "stars": [5, 1]})
    columns = ClassColumns.of(table, "stars", "review")
    assert columns.read(table)[0] == ["fine", "dull"]


@pytest.mark.parametrize(
    ("change", "named", "pattern"),
    [
        (lambda t: t, {"label": "falt", "series": "run"}, "no column 'falt' .label.; did you mean 'fault'"),
        (lambda t: t, {"label": "fault", "series": "rum"}, "no column 'rum' .series.; did you mean 'run'"),
        (lambda t: t, {"label": "fault"}, "column 'run': expected numbers, got 'r0' in row 0"),
        (lambda t: t, {"label": "fault", "text": "a"}, "column 'a': expected texts, got numbers"),
        (lambda t: t[["run", "fault"]], {"label": "fault", "series": "run"}, "no column is left for the values"),
        (lambda t: t.assign(run=t["run"].where(t.index > 3)), {"label": "fault", "series": "run"}, "4 rows have no id"),
        (
            lambda t: t.assign(fault=t["fault"].where(t.index != 2, "rises")),
            {"label": "fault", "series": "run"},
            r"expected one label a series, got \['falls', 'rises'\] in series 'r0'",
        ),
    ],
)
def test_bad_tables(steps, change, named, pattern):
    frame = change(steps)
    with pytest.raises(DataError, match=pattern):
        fit_table(SequenceClassifier(**SMALL), frame, ClassColumns.of(frame, **named), test_fraction=0.2)


def test_a_model_of_sequences_has_no_columns():
    model = SequenceClassifier(**SMALL | {"max_epochs": 1}).fit(["a b", "b a"] * 5, [0, 1] * 5)
    with pytest.raises(ArgumentError, match="fitted on sequences, not on a table"):
        predict_table(model, pd.DataFrame({"text": ["a"]}))


def test_dates_are_no_numbers(steps):
    dated = steps.assign(a=pd.Timestamp("2020-01-01"))
    with pytest.raises(DataError, match="column 'a': expected numbers, got Timestamp"):
        ClassColumns.of(dated, "fault", series="run").read(dated)


def test_weights_of_labels_hold_for_the_linear_model_too():
    """Labels 1 and 2 have the numbers 0 and 1."""
    random = np.random.default_rng(0)
    frame = pd.DataFrame(random.normal(size=(200, 3)), columns=["x", "y", "z"]).assign(label=[1, 2] * 100)
    heavy = {}
    for label in (1, 2):
        model = SequenceClassifier(**SMALL | {"max_epochs": 1}, class_weight={label: 20.0})
        test = fit_table(model, frame, ClassColumns.of(frame, "label"), test_fraction=0.2)
        heavy[label] = test.baselines[0]["log_loss"]
        named = frame.assign(label=frame["label"].map({1: "one", 2: "two"}))
        model.set_params(class_weight={"one" if label == 1 else "two": 20.0})
        same = fit_table(model, named, ClassColumns.of(named, "label"), test_fraction=0.2)
        assert same.baselines[0]["log_loss"] == heavy[label]
    assert min(heavy.values()) > 1  # of noise, a weight of 20 is far too sure


def test_texts_of_single_signs_and_a_text_called_null(tmp_path):
    frame = pd.DataFrame({"code": ["A C G T", "C C", "T", "null"] * 10, "y": ["a", "b", "b", "a"] * 10})
    for codes in (frame["code"], frame["code"].str.replace("null", "G"), pd.Series(["+", "- -"] * 20)):
        frame.assign(code=codes).to_csv(tmp_path / "codes.csv", index=False)
        read = read_file(tmp_path / "codes.csv", "y", text="code")
        assert read["code"].tolist() == codes.tolist()
        model = SequenceClassifier(tokens="character", **SMALL | {"max_epochs": 1})
        test = fit_table(model, read, ClassColumns.of(read, "y", "code"), test_fraction=0.2)
        assert test.baselines[0]["name"] == "TF-IDF + logistic regression"


def test_one_sequence_of_another_length_is_in_the_test_part(steps):
    frame = steps.groupby("run").head(5)
    for short in range(60):  # wherever it is drawn to
        cut = frame.drop(frame.index[frame["run"] == f"r{short}"][-1:])
        columns = ClassColumns.of(cut, "fault", series="run")
        model = SequenceClassifier(**SMALL | {"max_epochs": 1})
        test = fit_table(model, cut, columns, test_fraction=0.2)
        if any(len(one) == 4 for one in test.X):
            return
    pytest.fail("no sequence was drawn")
