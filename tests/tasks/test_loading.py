from pathlib import Path

import numpy as np
import pytest

import gruvy
from gruvy import files
from gruvy.errors import FileFormatError


def test_a_file_for_something_else(tmp_path):
    path = files.write(tmp_path / "a.gruvy", {}, {"task": "translation"})
    with pytest.raises(
        FileFormatError, match=r"expected a fitted estimator \('forecast', .*\), got a file for 'translation'"
    ):
        gruvy.load(path)


@pytest.mark.parametrize("lost", ["network/head.weight", "scaler/mean", "linear/coef"])
def test_a_file_that_lacks_a_part(fitted, tmp_path, lost):
    tensors, document = files.read(fitted.save(tmp_path / "m.gruvy"))
    del tensors[lost], document["format_version"]
    files.write(tmp_path / "m.gruvy", tensors, document)
    with pytest.raises(FileFormatError, match="the model in it is damaged"):
        gruvy.load(tmp_path / "m.gruvy")


def test_a_file_whose_parts_do_not_fit(fitted, tmp_path):
    tensors, document = files.read(fitted.save(tmp_path / "m.gruvy"))
    tensors["network/head.weight"] = np.zeros((2, 2), np.float32)
    files.write(tmp_path / "m.gruvy", tensors, document)
    with pytest.raises(FileFormatError, match="the model in it is damaged"):
        gruvy.load(tmp_path / "m.gruvy")


def test_the_file_holds_what_a_runtime_without_torch_needs(fitted, tmp_path):
    tensors, document = files.read(fitted.save(tmp_path / "m.gruvy"))
    assert document["spec"] == {
        "cell": "gru",
        "input_size": 2 * 2 + 2 + 2,
        "hidden_size": 8,
        "num_layers": 1,
        "reset_after": True,
        "known_size": 0,
        "targets": 1,
    }
    about = document["preprocessing"]
    assert about["columns"] == {"targets": ["y"], "time": "time", "series": None, "past": ["a"], "known": []} | {
        "static": [],
        "levels": {},
    }
    assert (about["step"], about["calendar"], about["quantiles"]) == ("3600s", ["day"], [0.1, 0.5, 0.9])
    assert tensors["network/encoder.weight_ih_l0"].shape == (24, 8)
    assert tensors["scaler/mean"].shape == tensors["scaler/std"].shape == (1, 2)
    assert tensors["linear/coef"].shape == (3, document["linear"]["lags"] * (2 + 2 + 2))


# What gruvy 0.1.0 wrote before estimators had one way to save, of the models of `fitted_models.KINDS`.
SAVED = Path(__file__).parent / "saved"


@pytest.mark.parametrize("task", sorted(path.stem for path in SAVED.glob("*.gruvy")))
def test_a_file_of_an_older_gruvy(task, tmp_path):
    arrays, document = files.read(SAVED / f"{task}.gruvy")
    model = gruvy.load(SAVED / f"{task}.gruvy")
    again, about = files.read(model.save(tmp_path / "again.gruvy"))
    assert about == document
    assert again.keys() == arrays.keys()
    for name, array in arrays.items():
        np.testing.assert_array_equal(again[name], array, strict=True)
