"""Keras models and files with more in them than one GRU, and what is refused. Keras keeps the backend that it has."""

from __future__ import annotations

import io
import json
import zipfile

import h5py
import keras
import numpy as np
import pytest
from gru_weights import Shape, draw
from keras import layers

from gruvy import formats
from gruvy.errors import ArgumentError, FileFormatError

pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation:DeprecationWarning"
)  # Keras on PyTorch, saving


def branches() -> keras.Model:
    """A stack of two behind dropout, and a layer that takes its input from the first one."""
    x = keras.Input((None, 3))
    first = layers.GRU(4, return_sequences=True, name="first")(x)
    second = layers.GRU(4, name="second")(layers.Dropout(0.1)(first))
    return keras.Model(x, [second, layers.GRU(4, name="third")(first)], name="inner")


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    model = keras.Sequential([keras.Input((None, 3)), branches()])
    path = tmp_path_factory.mktemp("keras") / "nested.keras"
    model.save(path)
    return model, path


def test_stacks_are_found_in_nested_models_in_memory_and_in_files(saved):
    model, path = saved
    for source in saved:
        with pytest.raises(ValueError, match="holds 2 GRUs: 'inner/first', 'inner/third'; choose one with at="):
            formats.read(source)
        stack = formats.read(source, name="inner/first")
        assert stack.num_layers == 2
        second = model.layers[0].get_layer("second")
        (one,) = stack.layers[1]
        z, r, h = np.split(keras.ops.convert_to_numpy(second.cell.recurrent_kernel.value), 3, axis=1)
        np.testing.assert_array_equal(one.weight_hh, np.concatenate([r, z, h], axis=1).T)
        assert formats.same_weights(formats.read(source, name="inner/third"), formats.read(model, name="inner/third"))
    assert formats.same_weights(formats.read(path, name="inner/first"), formats.read(model, name="inner/first"))


def test_a_layer_that_is_no_plain_gru_is_refused_with_all_reasons():
    layer = layers.Bidirectional(layers.GRU(4, activation="gelu"), merge_mode="sum")
    layer.build((None, None, 3))
    with pytest.raises(ArgumentError, match=r"activation 'gelu' is none that gruvy computes; .*merge_mode is 'sum'"):
        formats.read(layer)
    summed = layers.Bidirectional(layers.GRU(4), merge_mode="sum")
    summed.build((None, None, 3))
    with pytest.raises(ArgumentError, match="merge_mode is 'sum'; expected 'concat'"):
        formats.read(summed)
    with pytest.raises(ArgumentError, match="0 arrays; expected 3: is it built"):
        formats.read(layers.GRU(4))
    with pytest.raises(ArgumentError, match="holds no GRU"):
        formats.read(keras.Sequential([keras.Input((3,)), layers.Dense(2)]))


def test_layers_are_loaded_in_place_or_told_what_does_not_fit():
    weights = draw(Shape(True, True, 2, 1))
    model = keras.Sequential(
        [
            keras.Input((None, 3)),
            layers.GRU(5, return_sequences=True),
            layers.Dropout(0.5),
            layers.GRU(5),
            layers.Dense(1),
        ]
    )
    assert formats.write(weights, model) is model
    assert formats.same_weights(formats.read(model), weights)
    with pytest.raises(ArgumentError, match="has 2 GRU layers in a row; expected 1"):
        formats.write(draw(Shape(True, True, 1, 1)), model)
    with pytest.raises(ArgumentError, match=r"reset_after=True; expected 1 and False"):
        formats.write(draw(Shape(False, True, 2, 1), ()), model)
    with pytest.raises(ArgumentError, match=r"has the arrays \['float32 \(3, 15\)'.* expected \['float64"):
        formats.write(weights.astype(np.float64), model)
    assert formats.same_weights(formats.read(model), weights)


def changed(path, target, **members: bytes):
    """Copy a file with some of its members replaced."""
    with zipfile.ZipFile(path) as archive, zipfile.ZipFile(target, "w") as other:
        for name in archive.namelist():
            other.writestr(name, members.get(name.replace(".", "_"), archive.read(name)))
    return target


def hdf5(path, change) -> bytes:
    with zipfile.ZipFile(path) as archive:
        data = io.BytesIO(archive.read("model.weights.h5"))
    with h5py.File(data, "r+") as file:
        change(file["layers/functional/layers/gru/cell/vars"])
    return data.getvalue()


def claim(group):
    del group["0"]
    group.create_dataset("0", (10**6, 10**4), "f4")  # of which no byte is written


def link(group):
    del group["0"]
    group["0"] = h5py.ExternalLink("/etc/hostname", "/")


def drop(group):
    del group["1"]


@pytest.mark.parametrize(
    ("change", "message"),
    [(claim, "claims 40000000000 bytes and has 0"), (link, "has no '0' where"), (drop, "has no '1' where")],
)
def test_what_hdf5_can_hide_is_refused(change, message, saved, tmp_path):
    bad = changed(saved[1], tmp_path / "bad.keras", model_weights_h5=hdf5(saved[1], change))
    with pytest.raises(FileFormatError, match=message):
        formats.read(bad, name="inner/first")


# Dropout that takes its input from itself, before a GRU.
CYCLE = json.dumps(
    {
        "class_name": "Functional",
        "config": {
            "layers": [
                {
                    "class_name": kind,
                    "config": {
                        "name": kind,
                        "units": 4,
                        "use_bias": True,
                        "reset_after": True,
                        "activation": "tanh",
                        "recurrent_activation": "sigmoid",
                    },
                    "inbound_nodes": [{"keras_history": ["Dropout", 0, 0]}],
                }
                for kind in ("Dropout", "GRU")
            ]
        },
    }
).encode()


def test_damaged_configurations_and_weights_are_one_line(saved, tmp_path):
    for members, message in [
        ({"config_json": b"{"}, "config.json in it is damaged"),
        ({"config_json": b"[" * 100_000}, "config.json in it is damaged"),
        ({"config_json": json.dumps({"class_name": "Sequential"}).encode()}, "not one that Keras 3 writes"),
        ({"config_json": CYCLE}, "has no 'gru' where Keras 3 keeps"),
        ({"config_json": b"[3]"}, "not one that Keras 3 writes"),
        ({"model_weights_h5": b"nothing"}, "its weights are damaged"),
    ]:
        bad = changed(saved[1], tmp_path / "bad.keras", **members)
        with pytest.raises(FileFormatError, match=message) as raised:
            formats.read(bad, name="GRU" if members.get("config_json") == CYCLE else "inner/first")
        assert "\n" not in str(raised.value)
