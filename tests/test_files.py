import json
import os
import pickle

import numpy as np
import pytest
from safetensors.numpy import save_file

from gruvy import files
from gruvy.errors import ArgumentError, FileFormatError


@pytest.fixture
def path(tmp_path):
    tensors = {"w": np.arange(6, dtype=np.float32).reshape(2, 3), "n": np.array([np.nan, np.inf]), "s": np.array(3)}
    return files.write(tmp_path / "model.gruvy", tensors, {"task": "test", "names": ["ä", 1, None]})


def test_read_gives_back_what_write_was_given(path):
    tensors, metadata = files.read(path)
    assert metadata == {"format_version": files.FORMAT_VERSION, "task": "test", "names": ["ä", 1, None]}
    assert tensors["w"].dtype == np.float32
    np.testing.assert_array_equal(tensors["w"], [[0, 1, 2], [3, 4, 5]])
    np.testing.assert_array_equal(tensors["n"], [np.nan, np.inf])
    assert tensors["s"].shape == ()


def test_strided_arrays_keep_their_values(tmp_path):
    array = np.arange(12.0).reshape(3, 4)
    tensors, _ = files.read(files.write(tmp_path / "a.gruvy", {"t": array.T, "s": array[:, ::2]}, {}))
    np.testing.assert_array_equal(tensors["t"], array.T)
    np.testing.assert_array_equal(tensors["s"], array[:, ::2])


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object(), {1, 2}])
def test_metadata_that_is_not_plain_json_is_refused(tmp_path, value):
    with pytest.raises(ArgumentError, match="must be plain JSON"):
        files.write(tmp_path / "a.gruvy", {}, {"value": value})
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_write_leaves_the_old_file(path, monkeypatch):
    def fail(source, destination):
        raise OSError("disk full")

    before = path.read_bytes()
    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        files.write(path, {"w": np.zeros(1)}, {})
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_every_truncation_is_noticed(path):
    data = path.read_bytes()
    for length in range(1, len(data)):
        path.write_bytes(data[:length])
        with pytest.raises(FileFormatError, match=r"not a \.gruvy file, or truncated"):
            files.read(path)


def test_missing_empty_and_folder(tmp_path):
    with pytest.raises(FileFormatError, match=r"none.gruvy: no such file; check the path"):
        files.read(tmp_path / "none.gruvy")
    (tmp_path / "empty.gruvy").touch()
    with pytest.raises(FileFormatError, match=r"empty.gruvy: the file is empty \(0 bytes\)"):
        files.read(tmp_path / "empty.gruvy")
    with pytest.raises(FileFormatError, match=r"expected a \.gruvy file, got a folder"):
        files.read(tmp_path)


class _Trap:
    def __reduce__(self):
        return os._exit, (3,)


def test_a_pickle_is_refused_and_not_run(tmp_path):
    path = tmp_path / "a.gruvy"
    path.write_bytes(pickle.dumps(_Trap()))
    with pytest.raises(FileFormatError, match=r"not a \.gruvy file"):
        files.read(path)


def test_safetensors_of_others(tmp_path):
    path = tmp_path / "other.safetensors"
    save_file({"w": np.zeros(2)}, path, metadata={"format": "pt"})
    with pytest.raises(FileFormatError, match="a safetensors file, but not one that gruvy wrote"):
        files.read(path)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", "3"])
def test_damaged_metadata(tmp_path, text):
    path = tmp_path / "a.gruvy"
    save_file({"w": np.zeros(2)}, path, metadata={"gruvy": text})
    with pytest.raises(FileFormatError, match="its metadata is damaged"):
        files.read(path)


@pytest.mark.parametrize("version", [files.FORMAT_VERSION + 1, "2"])
def test_a_newer_format_version(tmp_path, version):
    path = tmp_path / "a.gruvy"
    save_file({"w": np.zeros(2)}, path, metadata={"gruvy": json.dumps({"format_version": version})})
    with pytest.raises(FileFormatError, match=r"format version 2; this gruvy reads up to version 1: upgrade gruvy"):
        files.read(path)
