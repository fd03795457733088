"""Files that mean harm or are broken: each is to be refused in one line. Those of ONNX are in hostile_onnx.py."""

from __future__ import annotations

import functools
import io
import json
import pickle
import struct
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

HUGE = 10 << 30
SUFFIXES = (".onnx", ".pt", ".safetensors", ".npz", ".keras", ".gruvy")

Maker = Callable[[Path, Path], None]  # the file to make, and the file that its code would make
MAKERS: dict[str, Maker] = {}


def makes(name: str) -> Callable[[Maker], Maker]:
    def register(maker: Maker) -> Maker:
        assert name not in MAKERS
        MAKERS[name] = maker
        return maker

    return register


class Code:
    """Pickled, it makes a file when it is loaded."""

    def __init__(self, marker: Path):
        self.marker = marker

    def __reduce__(self) -> tuple:
        return open, (str(self.marker), "w")


def arrays(**changed: np.ndarray) -> dict[str, np.ndarray]:
    """A sound GRU's arrays by PyTorch's names, some changed."""
    rng = np.random.default_rng(0)
    shapes = {"weight_ih_l0": (12, 3), "weight_hh_l0": (12, 4), "bias_ih_l0": 12, "bias_hh_l0": 12}
    return {name: rng.standard_normal(shape).astype(np.float32) for name, shape in shapes.items()} | changed


@functools.cache
def sound(suffix: str) -> bytes:
    """The bytes of a sound file of a format."""
    from gruvy import formats

    with tempfile.TemporaryDirectory() as folder:
        return formats.write(formats.read(arrays(), format="torch"), Path(folder) / f"sound{suffix}").read_bytes()


def _simple(name: str, data: bytes) -> None:
    def maker(path: Path, marker: Path) -> None:
        path.write_bytes(data)

    MAKERS[name] = maker


def _cut(name: str, share: float) -> None:
    def maker(path: Path, marker: Path) -> None:
        data = sound(path.suffix)
        path.write_bytes(data[: int(len(data) * share)])

    MAKERS[name] = maker


for _suffix in SUFFIXES:
    _simple(f"empty{_suffix}", b"")
    _simple(f"text{_suffix}", b"This is a text, and no model.\n" * 20)
    for _share in (0.1, 0.5, 0.99):
        _cut(f"cut-{_share:.0%}{_suffix}", _share)
_simple("noise.bin", bytes(range(256)) * 8)
_simple("zip-of-nothing.npz", b"PK\x05\x06" + bytes(18))
MAKERS["folder.onnx"] = lambda path, marker: path.mkdir()
MAKERS["nowhere.onnx"] = lambda path, marker: None


# ---- code ----


@makes("code.pt")
def _(path: Path, marker: Path) -> None:
    path.write_bytes(pickle.dumps({"weight_ih_l0": Code(marker)}, protocol=2))


@makes("code-in-zip.pt")
def _(path: Path, marker: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({"weight_ih_l0": Code(marker)}, protocol=2))
        archive.writestr("archive/version", "3\n")


@makes("code-beside-tensors.pt")
def _(path: Path, marker: Path) -> None:
    import torch

    torch.save({**{name: torch.tensor(array) for name, array in arrays().items()}, "also": Code(marker)}, path)


@makes("code.npz")
def _(path: Path, marker: Path) -> None:
    np.savez(path, **arrays(weight_hh_l0=np.array([Code(marker)], object)), reset_after=True)


@makes("code-in-lambda.keras")
def _(path: Path, marker: Path) -> None:
    layer = {"class_name": "Lambda", "config": {"function": ["4wAAAA==", None, None], "name": "lambda"}}
    _keras(path, {"class_name": "Sequential", "config": {"layers": [layer]}})


# ---- bombs ----


def _bomb(path: Path, member: str) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open(member, "w") as file:
        for _ in range(200):
            file.write(bytes(1 << 20))


for _name, _member in (
    ("bomb.npz", "weight_ih_l0.npy"),
    ("bomb.keras", "config.json"),
    ("bomb.pt", "archive/data.pkl"),
):
    MAKERS[_name] = lambda path, marker, member=_member: _bomb(path, member)


@makes("bomb-that-lies.npz")
def _(path: Path, marker: Path) -> None:
    _bomb(path, "weight_ih_l0.npy")
    data, size = path.read_bytes(), struct.pack("<I", 200 << 20)
    path.write_bytes(data.replace(size, struct.pack("<I", 1000)))


@makes("json-bomb.safetensors")
def _(path: Path, marker: Path) -> None:
    _safetensors(path, b'{"a":' + b"[" * 200_000 + b"]" * 200_000 + b"}")


@makes("json-bomb.keras")
def _(path: Path, marker: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", "[" * 500_000 + "]" * 500_000)


@makes("json-bomb.gruvy")
def _(path: Path, marker: Path) -> None:
    inner = json.dumps({"gruvy": "[" * 200_000})
    _safetensors(path, b'{"__metadata__":' + inner.encode() + b"}")


# ---- claims ----


def _safetensors(path: Path, header: bytes, data: bytes = b"", length: int | None = None) -> None:
    path.write_bytes(struct.pack("<Q", len(header) if length is None else length) + header + data)


def _entry(shape: list[int], start: int, end: int, dtype: str = "F32") -> dict:
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, end]}


SAFETENSORS = {
    "claims-10GB": {"weight_ih_l0": _entry([HUGE // 4], 0, HUGE)},
    "claims-more-than-its-offsets": {"weight_ih_l0": _entry([HUGE // 4], 0, 16)},
    "overflows": {"weight_ih_l0": _entry([1 << 62, 1 << 62], 0, 16)},
    "negative-size": {"weight_ih_l0": _entry([-3, 4], 0, 16)},
    "overlaps": {"weight_ih_l0": _entry([4], 0, 16), "weight_hh_l0": _entry([4], 8, 16)},
    "no-dtype": {"weight_ih_l0": _entry([4], 0, 16, "F7")},
}
for _name, _header in SAFETENSORS.items():
    MAKERS[f"{_name}.safetensors"] = lambda path, marker, header=_header: _safetensors(
        path, json.dumps(header).encode(), bytes(16)
    )
MAKERS["header-of-10GB.safetensors"] = lambda path, marker: _safetensors(path, b"{}", length=HUGE)


@makes("same-name-twice.safetensors")
def _(path: Path, marker: Path) -> None:
    entry = json.dumps(_entry([4], 0, 16))
    _safetensors(path, f'{{"weight_ih_l0": {entry}, "weight_ih_l0": {entry}}}'.encode(), bytes(16))


def _npy(header: str) -> bytes:
    text = header.encode("latin1") + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text


NPY = {
    "claims-10GB": _npy(f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({HUGE // 4},)}}"),
    "claims-2-to-the-80": _npy(f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({1 << 40}, {1 << 40})}}"),
    "negative-size": _npy("{'descr': '<f4', 'fortran_order': False, 'shape': (-3, 4)}"),
    "header-is-code": _npy("__import__('os').system('true')"),
    "header-version-9": b"\x93NUMPY\x09\x00" + bytes(60),
    "no-such-dtype": _npy("{'descr': '<q9', 'fortran_order': False, 'shape': (3, 4)}"),
}
for _name, _data in NPY.items():

    def _maker(path: Path, marker: Path, data: bytes = _data) -> None:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("reset_after.npy", _npy("{'descr': '|b1', 'fortran_order': False, 'shape': ()}") + b"\1")
            archive.writestr("weight_ih_l0.npy", data)

    MAKERS[f"{_name}.npz"] = _maker


def _keras(path: Path, config: object, fill: Callable[[object], None] | None = None) -> None:
    import h5py

    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        if fill is not None:
            fill(file)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("metadata.json", "{}")
        archive.writestr("model.weights.h5", buffer.getvalue())


def _changed_keras(change: Callable[[object], None]) -> Maker:
    """A sound .keras file, its HDF5 file changed."""

    def maker(path: Path, marker: Path) -> None:
        import h5py

        with zipfile.ZipFile(io.BytesIO(sound(path.suffix))) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
        buffer = io.BytesIO(members["model.weights.h5"])
        with h5py.File(buffer, "r+") as file:
            change(file)
        with zipfile.ZipFile(path, "w") as archive:
            for name, data in {**members, "model.weights.h5": buffer.getvalue()}.items():
                archive.writestr(name, data)

    return maker


def _kernel(file: object) -> tuple[object, str]:
    found: list[str] = []
    file.visit(lambda name: found.append(name) if name.endswith("cell/vars/0") else None)
    return file, found[0]


def _replace_kernel(**options: object) -> Callable[[object], None]:
    def change(file: object) -> None:
        file, name = _kernel(file)
        del file[name]
        file.create_dataset(name, dtype="f4", **options)

    return change


def _link_kernel(file: object) -> None:
    import h5py

    file, name = _kernel(file)
    del file[name]
    file[name] = h5py.ExternalLink("/etc/passwd", "/")


MAKERS["claims-10GB.keras"] = _changed_keras(_replace_kernel(shape=(3, HUGE // 12), chunks=(3, 1024)))
MAKERS["external-data.keras"] = _changed_keras(_replace_kernel(shape=(3, 12), external=[("/etc/passwd", 0, 144)]))
MAKERS["compressed-to-nothing.keras"] = _changed_keras(
    _replace_kernel(shape=(3, 1 << 24), chunks=(3, 1 << 18), compression="gzip", fillvalue=0)
)
MAKERS["external-link.keras"] = _changed_keras(_link_kernel)
MAKERS["wrong-rank.keras"] = _changed_keras(_replace_kernel(data=np.zeros(36)))
MAKERS["four-gates.keras"] = _changed_keras(_replace_kernel(data=np.zeros((3, 16))))


# ---- PyTorch ----


def _pt(**changed: np.ndarray) -> Maker:
    def maker(path: Path, marker: Path) -> None:
        import torch

        torch.save({name: torch.tensor(array) for name, array in arrays(**changed).items()}, path)

    return maker


MAKERS["wrong-rank.pt"] = _pt(weight_ih_l0=np.zeros(36, "f4"))
MAKERS["four-gates.pt"] = _pt(weight_ih_l0=np.zeros((16, 3), "f4"), weight_hh_l0=np.zeros((16, 4), "f4"))
MAKERS["mixed-dtypes.pt"] = _pt(bias_ih_l0=np.zeros(12, "f8"))
MAKERS["integers.pt"] = _pt(**{name: array.astype("i4") for name, array in arrays().items()})
MAKERS["layer-9999.pt"] = _pt(weight_ih_l9999=np.zeros((12, 4), "f4"))
MAKERS["missing-matrix.pt"] = _pt(weight_ih_l1=np.zeros((12, 4), "f4"))


@makes("stride-of-zero.pt")
def _(path: Path, marker: Path) -> None:
    import torch

    wide = torch.zeros(1).as_strided((HUGE // 4 // 4, 4), (0, 0))
    torch.save({"weight_ih_l0": torch.zeros(12, 3), "weight_hh_l0": wide}, path)


@makes("list.pt")
def _(path: Path, marker: Path) -> None:
    import torch

    torch.save([1, 2, 3], path)


# ---- NumPy ----


def _npz(**changed: object) -> Maker:
    return lambda path, marker: np.savez(path, **{**arrays(), "reset_after": True, **changed})


MAKERS["wrong-rank.npz"] = _npz(weight_hh_l0=np.zeros((2, 12, 4), "f4"))
MAKERS["four-gates.npz"] = _npz(weight_ih_l0=np.zeros((16, 3), "f4"), weight_hh_l0=np.zeros((16, 4), "f4"))
MAKERS["words-for-weights.npz"] = _npz(bias_ih_l0=np.array(["a"] * 12))
MAKERS["gates-unknown.npz"] = _npz(gates=np.array(["reset", "reset", "update"]))
MAKERS["zoneout-nan.npz"] = _npz(zoneout=np.nan)
MAKERS["form-unknown.npz"] = _npz(reset_after=np.array([1, 2]))


@makes("same-name-twice.npz")
def _(path: Path, marker: Path) -> None:
    import warnings

    with zipfile.ZipFile(path, "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # zipfile's, about the name
        for _ in range(2):
            archive.writestr("weight_ih_l0.npy", _npy("{'descr': '<f4', 'fortran_order': False, 'shape': (0,)}"))


# ---- gruvy ----


@makes("metadata-of-another-kind.gruvy")
def _(path: Path, marker: Path) -> None:
    _safetensors(path, json.dumps({"__metadata__": {"gruvy": "[1, 2]"}}).encode())


@makes("from-the-future.gruvy")
def _(path: Path, marker: Path) -> None:
    _safetensors(path, json.dumps({"__metadata__": {"gruvy": json.dumps({"format_version": 99})}}).encode())


@makes("graph-of-nonsense.gruvy")
def _(path: Path, marker: Path) -> None:
    document = {"format_version": 1, "graph": {"operations": [{"kind": "exec", "code": "1"}], "inputs": 3}}
    _safetensors(path, json.dumps({"__metadata__": {"gruvy": json.dumps(document)}}).encode())
