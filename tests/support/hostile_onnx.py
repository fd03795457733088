"""ONNX files that mean harm or are broken: a sound one, with one thing changed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from hostile import HUGE, MAKERS, Maker, makes, sound


def _onnx(change: Callable[[object, Path], None]) -> Maker:
    """A sound ONNX file, changed."""

    def maker(path: Path, marker: Path) -> None:
        import onnx

        model = onnx.ModelProto.FromString(sound(path.suffix))
        change(model, path)
        path.write_bytes(model.SerializeToString())

    return maker


def _tensor(model: object, letter: str) -> object:
    return next(tensor for tensor in model.graph.initializer if tensor.name == f"gru_0.{letter}")


def _set_dims(*dims: int) -> Maker:
    def change(model: object, path: Path) -> None:
        _tensor(model, "W").dims[:] = dims

    return _onnx(change)


def _set_array(letter: str, array: np.ndarray) -> Maker:
    def change(model: object, path: Path) -> None:
        from onnx import numpy_helper

        tensor = _tensor(model, letter)
        tensor.CopyFrom(numpy_helper.from_array(array, tensor.name))

    return _onnx(change)


def _external(location: str, content: bytes | None = None, **entries: int) -> Maker:
    def change(model: object, path: Path) -> None:
        tensor = _tensor(model, "W")
        tensor.ClearField("raw_data")
        tensor.data_location = 1
        for key, value in {"location": location, **entries}.items():
            entry = tensor.external_data.add()
            entry.key, entry.value = key, str(value)
        if content is not None:
            path.with_name(location).write_bytes(content)

    return _onnx(change)


@_onnx
def _cycle(model: object, path: Path) -> None:
    model.graph.node[0].input[0] = "output"


@_onnx
def _itself(model: object, path: Path) -> None:
    model.graph.node[0].input[0] = model.graph.node[0].output[0]


@_onnx
def _missing(model: object, path: Path) -> None:
    model.graph.initializer.remove(_tensor(model, "R"))


@_onnx
def _twice(model: object, path: Path) -> None:
    model.graph.initializer.append(_tensor(model, "R"))


@_onnx
def _dtype(model: object, path: Path) -> None:
    _tensor(model, "W").data_type = 99


@_onnx
def _strings(model: object, path: Path) -> None:
    tensor = _tensor(model, "W")
    tensor.ClearField("raw_data")
    tensor.data_type = 8
    tensor.string_data.extend([b"a"] * 36)


@_onnx
def _attribute(model: object, path: Path) -> None:
    attribute = next(one for one in model.graph.node[0].attribute if one.name == "hidden_size")
    attribute.type, attribute.s = 3, b"many"


@_onnx
def _units(model: object, path: Path) -> None:
    next(one for one in model.graph.node[0].attribute if one.name == "hidden_size").i = 1 << 60


@_onnx
def _no_graph(model: object, path: Path) -> None:
    model.ClearField("graph")


def _deep(path: Path, marker: Path) -> None:
    """A graph in an attribute of a node of a graph in an attribute ..., 3,000 deep, as protobuf's bytes."""

    def field(key: int, data: bytes) -> bytes:
        length, left = b"", len(data)
        while left > 127:
            length, left = length + bytes([left & 127 | 128]), left >> 7
        return bytes([key]) + length + bytes([left]) + data

    data = b""
    for _ in range(3000):
        data = field(0x0A, field(0x2A, field(0x32, data)))
    path.write_bytes(b"\x08\x08" + field(0x3A, data))


MAKERS |= {
    "cycle.onnx": _cycle,
    "feeds-itself.onnx": _itself,
    "missing-initializer.onnx": _missing,
    "same-name-twice.onnx": _twice,
    "unknown-dtype.onnx": _dtype,
    "strings.onnx": _strings,
    "attribute-of-another-type.onnx": _attribute,
    "units-2-to-the-60.onnx": _units,
    "no-graph.onnx": _no_graph,
    "deep.onnx": _deep,
    "claims-10GB.onnx": _set_dims(1, HUGE // 4, 1),
    "negative-size.onnx": _set_dims(1, -12, -3),
    "wrong-rank.onnx": _set_array("W", np.zeros((12, 3), "f4")),
    "four-gates.onnx": _set_array("R", np.zeros((1, 16, 4), "f4")),
    "mixed-dtypes.onnx": _set_array("R", np.zeros((1, 12, 4), "f8")),
    "no-units.onnx": _set_array("R", np.zeros((1, 0, 0), "f4")),
    "data-up-the-tree.onnx": _external("../../../etc/passwd"),
    "data-elsewhere.onnx": _external("/etc/passwd", length=144),
    "data-nowhere.onnx": _external("none.data"),
    "data-too-short.onnx": _external("short.data", b"short"),
    "data-of-10GB.onnx": _external("small.data", b"small", length=HUGE),
    "data-before-its-file.onnx": _external("before.data", bytes(144), offset=-8),
}


@makes("data-through-a-link.onnx")
def _(path: Path, marker: Path) -> None:
    _external("link.data", length=144)(path, marker)
    path.with_name("link.data").symlink_to("/etc/passwd")
