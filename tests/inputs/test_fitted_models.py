"""Fitted models as what a new fit begins from."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from fitted_models import HOURS, KINDS, LABELS, TEXTS, parent
from input_cases import Case, named

import gruvy
from gruvy import files

TITLE = "Fitted models to go on from"

STILL = {"learning_rate": 1e-12, "max_epochs": 1}


def on(name, *data, changed=None, **options):
    """Go on with the model of a kind, hardly learning anything, and return the new one."""
    kind = KINDS[name]
    new = kind.new(**{**({} if name == "agent" else STILL), **(changed or {})})
    return new.fit(*(data or kind.data), **{**kind.options, "warm_start": parent(name), **options})


def starts_as_parent(model, name):
    then = parent(name)
    before = then.history_[then.best_epoch_ - 1]["validation_loss"]
    assert model.history_[0]["validation_loss"] == pytest.approx(before, rel=1e-5)


def other_order(_: Path) -> None:
    starts_as_parent(on("forecast", HOURS[["wind", "load", "time"]]), "forecast")
    starts_as_parent(on("anomaly", HOURS[["wind", "time", "load"]]), "anomaly")


def other_names_of_time(_: Path) -> None:
    starts_as_parent(on("forecast", HOURS.rename(columns={"time": "when"}), time="when"), "forecast")


def extra_column(_: Path) -> None:
    model = on("anomaly", HOURS.assign(note=1.5))
    starts_as_parent(model, "anomaly")
    assert list(model.feature_names_in_) == ["load", "wind"]


def missing_column(_: Path) -> None:
    on("anomaly", HOURS.drop(columns="wind"))


def other_parts(_: Path) -> None:
    on("forecast", HOURS, target="wind", past=["load"])


def other_step(_: Path) -> None:
    on("forecast", HOURS.assign(time=pd.date_range("2024", periods=len(HOURS), freq="D")))


def other_file_type(folder: Path) -> None:
    HOURS.to_parquet(folder / "hours.parquet")
    starts_as_parent(on("forecast", gruvy.data.read_table(folder / "hours.parquet")), "forecast")


def older_file(folder: Path) -> None:
    """A file of before there were limits on time, and parents."""
    path = parent("music").save(folder / "new.gruvy")
    arrays, document = files.read(path)
    fitted = document["fitted"]["provenance_"]
    assert not {"parent", "stopped"} & set(fitted)
    files.write(folder / "old.gruvy", arrays, json.loads(json.dumps(document)))
    starts_as_parent(on("music", warm_start=folder / "old.gruvy"), "music")


def path_as_text(folder: Path) -> None:
    model = on("classify", warm_start=str(parent("classify").save(folder / "a model.gruvy")))
    assert model.provenance_["parent"]["file"] == "a model.gruvy"
    np.testing.assert_allclose(model._model.logits(model_inputs(model)), parent_logits(), atol=1e-4)


def model_inputs(model):
    from gruvy.tasks.shared.sequences import encode

    return encode(TEXTS[:5], model._model.preparation)


def parent_logits():
    then = parent("classify")
    return then._model.logits(model_inputs(then))


def itself(_: Path) -> None:
    kind = KINDS["music"]
    model = kind.fit(kind.new())
    before = model.history_[model.best_epoch_ - 1]["validation_loss"]
    kind.fit(model.set_params(**STILL), warm_start=model)
    assert model.history_[0]["validation_loss"] == pytest.approx(before, rel=1e-5)


def other_estimator(folder: Path) -> None:
    on("tag", warm_start=parent("music").save(folder / "music.gruvy"))


def checkpoint_file(folder: Path) -> None:
    KINDS["music"].fit(KINDS["music"].new(max_epochs=1), checkpoint=folder)
    on("music", warm_start=folder / "last.gruvy")


def other_cell(_: Path) -> None:
    on("music", changed={"hidden_size": 5, "cell": "lstm"})


def other_horizon(_: Path) -> None:
    on("forecast", changed={"horizon": 3})


def same_quantiles(_: Path) -> None:
    model = on("forecast", changed={"quantiles": [0.9, 0.1], "context_length": 10, "batch_size": 16, "dropout": 0.5})
    assert model.provenance_["parent"]["validation_loss"] == pytest.approx(model.history_[0]["validation_loss"], 1e-5)


def unseen_series(_: Path) -> None:
    two = pd.concat([HOURS.assign(id="a"), HOURS.assign(id="b", load=HOURS["load"] * 100)])
    model = on("forecast", two, series="id")
    forecast = model.predict(two)
    assert set(forecast["id"]) == {"a", "b"}
    assert forecast.groupby("id")["load"].mean()["b"] > 1000


def fewer_classes(_: Path) -> None:
    three = [*LABELS[:-2], "third", "third"]
    kind = KINDS["classify"]
    first = kind.new().fit(TEXTS, three)
    model = kind.new(class_weight="balanced", **STILL).fit(TEXTS, LABELS, warm_start=first)
    assert model.classes_.tolist() == sorted({*three})
    assert model.class_counts_.tolist()[2] == 0
    assert model.predict_proba(TEXTS).shape == (40, 3)


def new_classes(_: Path) -> None:
    on("classify", TEXTS, [*LABELS[:-2], "third", "third"])


def new_labels(_: Path) -> None:
    on("tag", ["abab"] * 10, ["0102"] * 10)


def new_characters_to_tag(_: Path) -> None:
    on("tag", ["abxb"] * 10, ["0101"] * 10)


def new_characters_to_write(_: Path) -> None:
    on("language", "Tyger Tyger, burning brîght, " * 20)


def new_words(_: Path) -> None:
    source, target = KINDS["translate"].data
    model = on("translate", [*source, "uno diez"], [*target, "one ten"])
    assert model._model.source is parent("translate")._model.source


def numbers_for_texts(_: Path) -> None:
    on("classify", np.zeros((40, 3)) + np.arange(40)[:, None], LABELS)


def other_notes(_: Path) -> None:
    on("music", [np.eye(6, dtype=np.uint8)] * 12)


def scaling_of_texts(_: Path) -> None:
    on("classify", rescale=True)


def other_space(_: Path) -> None:
    on("agent", "CartPole-v1")


CASES = [
    Case("The same table, its columns in another order", "accepted", other_order),
    Case("The same table, its column of times by another name", "accepted", other_names_of_time),
    Case("The same table from a file of another type", "accepted", other_file_type),
    Case(
        "A table with a column more, watched for anomalies",
        "adapted",
        extra_column,
        "the table: 'note': no columns of the model that this one begins from; left out",
    ),
    Case(
        "A table without one of the model's columns",
        "refused",
        missing_column,
        "the table: no column 'wind' (target); there are: time, load",
    ),
    Case(
        "The model's columns in other parts",
        "refused",
        other_parts,
        "the table: the model that this one begins from has other columns: 2 problems 1. targets: 'load' there, got "
        "'wind' 2. past: 'wind' there, got 'load'; name the same ones, or fit anew",
    ),
    Case(
        "Days for a model of hours",
        "refused",
        other_step,
        "the table: its rows are 1 day apart, and the model that this one begins from has learnt with steps of 1 hour; "
        "bring the table to these, or fit anew",
    ),
    Case("A model's file of an older version", "accepted", older_file),
    Case("A path as text, with a space", "accepted", path_as_text),
    Case("The model that is fitted, itself", "accepted", itself),
    Case(
        "A file of another estimator",
        "refused",
        other_estimator,
        "warm_start: expected a SequenceTagger that was fitted, or the path of its file, got a file for 'music' "
        "(music.gruvy); give a model that the same estimator has made",
    ),
    Case(
        "The state of a training in place of a model",
        "refused",
        checkpoint_file,
        "warm_start: expected a PolyphonicModel that was fitted, or the path of its file, got a file for 'training "
        "checkpoint' (last.gruvy); give a model that the same estimator has made",
    ),
    Case(
        "Another cell and another size",
        "refused",
        other_cell,
        "warm_start: the model has other parameters, which its weights have been learnt with: 2 problems 1. cell is "
        "'gru' there, got 'lstm' 2. hidden_size is 4 there, got 5; leave them as they are there, or fit anew",
    ),
    Case(
        "Another horizon",
        "refused",
        other_horizon,
        "warm_start: the model has other parameters, which its weights have been learnt with: horizon is 2 there, got "
        "3; leave them as they are there, or fit anew",
    ),
    Case("The same quantiles in other words, another context, batch size and dropout", "accepted", same_quantiles),
    Case(
        "Series that the model has not seen",
        "adapted",
        unseen_series,
        "the scales of 2 series (a, b) are learnt from the new data: the model that this one begins from has not seen "
        "them",
    ),
    Case("Labels without one of the model's classes", "accepted", fewer_classes),
    Case(
        "Labels with a new class",
        "refused",
        new_classes,
        "y: 'third': no classes of the fit; there are ['begins with a', 'else']; leave these rows out, or fit a new "
        "model with them",
    ),
    Case(
        "Steps with a new label",
        "refused",
        new_labels,
        "y: '2': no classes of the fit; there are ['0', '1']; leave these rows out, or fit a new model with them",
    ),
    Case(
        "A character that a tagger does not know",
        "refused",
        new_characters_to_tag,
        "X: expected the 4 characters that the model was trained on, got 'x' (10x) in 10 of 10 texts, the first in "
        "number 0 at character 3; change them, train with texts that have them, or go on with others in their place by "
        "--unknown replace (unknown='replace' in Python), or without them by --unknown skip",
    ),
    Case(
        "A character that a model of text does not know",
        "refused",
        new_characters_to_write,
        "the text: expected the 14 characters that the model was trained on, got 'î' (16x); "
        "replace them, or train with a text that has them",
    ),
    Case("Words that a translator does not know: they have its sub-words", "accepted", new_words),
    Case(
        "Numbers for a classifier of texts",
        "refused",
        numbers_for_texts,
        "X: expected texts, as in the fit, got numeric sequences",
    ),
    Case(
        "Pieces of another number of notes",
        "refused",
        other_notes,
        "X: 12 of 12 pieces have another number of columns than the 5 in the fit, the first is number 0",
    ),
    Case(
        "Texts, which have no scaling, and rescale=True",
        "refused",
        scaling_of_texts,
        "rescale=True: texts have no scaling that could be learnt anew; leave it out",
    ),
    Case(
        "An environment with other actions",
        "refused",
        other_space,
        "env: CartPole-v1 has a Box of shape (4,) for observations, where the agent learnt with Discrete(3)",
    ),
]


@pytest.mark.parametrize("case", named(CASES))
def test_a_fitted_model_is_gone_on_with_or_refused(case, tmp_path):
    case.check(tmp_path)
