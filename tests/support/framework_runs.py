"""Converted GRUs run by the frameworks they were converted to, or by their equations where there is no run here."""

from __future__ import annotations

import ctypes
import functools
import importlib.metadata
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from gru_weights import SHAPES, draw
from processes import run_python

from gruvy import equations, formats
from gruvy.formats import cells
from gruvy.spec import GATES, GRUWeights

BOUND = 1e-6  # of float32 states of 32 units after 20 steps


class Case(NamedTuple):
    weights: GRUWeights
    x: np.ndarray  # (T, N, I), float32


def cases(name: str) -> list[Case]:
    """Every shape that a format keeps, with all biases that it has, and random input."""
    kept = formats.get(name).recurrent_bias
    rng = np.random.default_rng(4)
    found = []
    for shape in SHAPES:
        if shape.reset_after in kept:
            weights = draw(shape, kept[shape.reset_after], inputs=7, hidden=32)
            found.append(Case(weights, rng.standard_normal((20, 3, 7)).astype(np.float32)))
    return found


def torch_run(case: Case, folder: Path) -> Any:
    import torch

    w = case.weights
    bias = w.layers[0][0].bias_ih is not None
    gru = torch.nn.GRU(w.input_size, w.hidden_size, w.num_layers, bias=bias, bidirectional=w.bidirectional)
    formats.write(w, gru)
    assert formats.same_weights(formats.read(gru), w)
    with torch.no_grad():
        return gru(torch.from_numpy(case.x))[0].numpy()


def gruvy_run(case: Case, folder: Path) -> Any:
    import torch

    from gruvy.nn import GRU

    w = case.weights
    bias = w.layers[0][0].bias_ih is not None
    options = {"bias": bias, "bidirectional": w.bidirectional, "reset_after": w.reset_after, "backend": "torch"}
    gru = GRU(w.input_size, w.hidden_size, w.num_layers, **options)
    formats.write(w, gru)
    assert formats.same_weights(formats.read(gru), w)
    with torch.no_grad():
        return gru(torch.from_numpy(case.x))[0].numpy()


def npz_run(case: Case, folder: Path) -> Any:
    arrays = np.load(formats.write(case.weights, folder / "gru.npz"))
    assert tuple(arrays["gates"]) == GATES
    assert arrays["update_keeps"]

    def one(x: Any, layer: int, direction: str) -> Any:
        names = (f"{name}_l{layer}{direction}" for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"))
        W, U, *rest = (arrays[name].astype(float) if name in arrays else None for name in names)
        b, d = (np.zeros(len(W)) if bias is None else bias for bias in rest)
        weights = equations.Weights(W, U, b, d)
        return equations.forward(
            x, np.zeros((x.shape[1], U.shape[1])), weights, reset_after=bool(arrays["reset_after"])
        )[0]

    ways = ("", "_reverse")[: 1 + case.weights.bidirectional]
    return stacked(
        case, [[functools.partial(one, layer=l, direction=way) for way in ways] for l in range(case.weights.num_layers)]
    )


def onnx_run(case: Case, folder: Path) -> Any:
    import onnxruntime

    path = formats.write(case.weights, folder / "gru.onnx")
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    D = len(case.weights.layers[0])
    h_0 = np.zeros((case.weights.num_layers * D, case.x.shape[1], case.weights.hidden_size), np.float32)
    return session.run(["output"], {"input": case.x, "h_0": h_0})[0]


def nnx_run(case: Case, folder: Path) -> Any:
    x = np.swapaxes(case.x, 0, 1)
    layers = formats.write(case.weights, format="flax-nnx")
    for layer in layers if isinstance(layers, list) else [layers]:
        x = layer(x)
    return np.swapaxes(np.asarray(x), 0, 1)


def linen_run(case: Case, folder: Path) -> Any:
    from flax import linen

    def one(x: Any, variables: Any) -> Any:
        rnn = linen.RNN(linen.GRUCell(case.weights.hidden_size), time_major=True)
        return np.asarray(rnn.apply({"params": {"cell": variables["params"]}}, x))

    return stacked(case, runners(formats.write(case.weights, format="flax-linen"), one))


def equinox_run(case: Case, folder: Path) -> Any:
    import jax

    def one(x: Any, cell: Any) -> Any:
        def step(h: Any, x_t: Any) -> tuple[Any, Any]:
            h = jax.vmap(cell)(x_t, h)
            return h, h

        return np.asarray(jax.lax.scan(step, np.zeros((x.shape[1], case.weights.hidden_size), np.float32), x)[1])

    return stacked(case, runners(formats.write(case.weights, format="equinox"), one))


def haste_run(case: Case, folder: Path) -> Any:
    """Compute what haste's documentation and ``gru_forward_gpu.cu.cc`` say, from its arrays as they are."""

    def one(x: Any, p: Any) -> Any:
        h, out = np.zeros((x.shape[1], case.weights.hidden_size)), []
        for x_t in x.astype(float):
            wx = np.split(x_t @ p["kernel"] + p["bias"], 3, axis=1)
            rh = np.split(h @ p["recurrent_kernel"] + p["recurrent_bias"], 3, axis=1)
            z, r = (equations.sigmoid(wx[i] + rh[i]) for i in (0, 1))
            g = np.tanh(wx[2] + r * rh[2])
            h = z * h + (1 - z) * g
            out.append(h)
        return np.array(out)

    return stacked(case, runners(formats.write(case.weights, format="haste"), one))


def onednn_run(case: Case, folder: Path) -> Any:
    """Compute what oneDNN's developer guide says of vanilla_gru and lbr_gru, from its arrays as they are."""
    layers = formats.write(case.weights, format="onednn")
    H = case.weights.hidden_size

    def one(x: Any, p: Any, d: int) -> Any:
        Wu, Wr, Wo = (p["weights_layer"][0, d, :, gate].astype(float) for gate in range(3))
        Uu, Ur, Uo = (p["weights_iter"][0, d, :, gate].astype(float) for gate in range(3))
        lbr = p["primitive"] == "lbr_gru"
        bias = p["bias"][0, d].astype(float) if "bias" in p else np.zeros((3 + lbr, H))
        h, out = np.zeros((x.shape[1], H)), []
        for x_t in x.astype(float):
            u = equations.sigmoid(x_t @ Wu + h @ Uu + bias[0])
            r = equations.sigmoid(x_t @ Wr + h @ Ur + bias[1])
            o = np.tanh(x_t @ Wo + r * (h @ Uo + bias[3]) + bias[2] if lbr else x_t @ Wo + (h * r) @ Uo + bias[2])
            h = u * h + (1 - u) * o
            out.append(h)
        return np.array(out)

    layers = layers if isinstance(layers, list) else [layers]
    D = len(case.weights.layers[0])
    return stacked(case, [[functools.partial(one, p=layer, d=d) for d in range(D)] for layer in layers])


def onednn_library_run(case: Case, folder: Path) -> Any:
    """Run oneDNN itself on the arrays as they are; the backward direction as a forward one over reversed steps."""
    from gruvy.bench.peers import onednn, onednn_library

    native, H = onednn_library.library(), case.weights.hidden_size

    def one(x: Any, p: Any, d: int) -> Any:
        T, N, I = x.shape
        lbr = p["primitive"] == "lbr_gru"
        arrays = {
            "x": np.ascontiguousarray(x, np.float32),
            "h_0": np.zeros((N, H), np.float32),
            "weight_ih": p["weights_layer"][0, d].copy(),
            "weight_hh": p["weights_iter"][0, d].copy(),
            "bias": p["bias"][0, d].copy() if "bias" in p else np.zeros((3 + lbr, H), np.float32),
            "out": np.empty((T, N, H), np.float32),
            "h_n": np.empty((N, H), np.float32),
        }
        addresses = onednn._Arrays(**{name: array.ctypes.data for name, array in arrays.items()})
        sizes = onednn._Sizes(I, H, N, T)
        made = native.gruvy_onednn_create(ctypes.byref(sizes), ctypes.byref(addresses), lbr, False)
        onednn._Work(native, made).run()
        return arrays["out"]

    layers = formats.write(case.weights, format="onednn")
    layers = layers if isinstance(layers, list) else [layers]
    D = len(case.weights.layers[0])
    return stacked(case, [[functools.partial(one, p=layer, d=d) for d in range(D)] for layer in layers])


def cudnn_run(case: Case, folder: Path) -> Any:
    """Compute the equations in cuDNN's documentation from the buffer: first all matrices, then all biases."""
    buffer = formats.write(case.weights, format="cudnn").astype(float)
    H, D, at = case.weights.hidden_size, len(case.weights.layers[0]), 0

    def take(*shape: int) -> Any:
        nonlocal at
        at += int(np.prod(shape))
        return buffer[at - int(np.prod(shape)) : at].reshape(shape)

    inputs = [case.weights.input_size if not layer else D * H for layer in range(case.weights.num_layers)]
    matrices = [[[take(3, H, I), take(3, H, H)] for _ in range(D)] for I in inputs]
    biases = [[[take(3, H), take(3, H)] for _ in range(D)] for _ in inputs]
    assert at == len(buffer)

    def one(x: Any, W: Any, U: Any, b: Any, d: Any) -> Any:
        h, out = np.zeros((x.shape[1], H)), []
        for x_t in x.astype(float):
            r, i = (equations.sigmoid(x_t @ W[g].T + b[g] + h @ U[g].T + d[g]) for g in (0, 1))
            n = np.tanh(x_t @ W[2].T + b[2] + r * (h @ U[2].T + d[2]))
            h = (1 - i) * n + i * h
            out.append(h)
        return np.array(out)

    return stacked(
        case,
        [
            [lambda x, parts=(*m, *b): one(x, *parts) for m, b in zip(*layer, strict=True)]
            for layer in zip(matrices, biases, strict=True)
        ],
    )


def runners(nested: Any, one: Callable[[Any, Any], Any]) -> list[list[Callable[[Any], Any]]]:
    """Return a function for each layer and direction out of what the formats for single cells return."""
    return [
        [functools.partial(lambda x, cell: one(x, cell), cell=cell) for cell in layer] for layer in cells.unnest(nested)
    ]


def stacked(case: Case, layers: list[list[Callable[[Any], Any]]]) -> Any:
    """Run layers of one or two directions; a function runs one of them over x (T, N, I)."""
    x = case.x
    for layer in layers:
        outputs = [layer[0](x), *(run(x[::-1])[::-1] for run in layer[1:])]
        x = np.concatenate(outputs, axis=2)
    return x


KERAS = """
import sys
from pathlib import Path
import keras, numpy as np
from gruvy import formats
for number in range(int(sys.stdin.readline())):
    folder = Path(sys.stdin.readline().strip())
    weights = formats.read(folder / "gru.npz")
    path = formats.write(weights, folder / "gru.keras")
    assert formats.same_weights(formats.read(path), weights), "file"
    model = keras.models.load_model(path)
    assert formats.same_weights(formats.read(model), weights), "object"
    out = keras.ops.convert_to_numpy(model(np.load(folder / "x.npy")))
    np.save(folder / "out.npy", out)
"""


def keras_runs(every: list[Case], folder: Path, backend: str) -> list[Any]:
    """Run all cases in one process, as Keras has one backend in each; each case through a ``.keras`` file."""
    folders: list[Path] = []
    for number, case in enumerate(every):
        folders.append(folder / str(number))
        folders[-1].mkdir()
        formats.write(case.weights, folders[-1] / "gru.npz")
        np.save(folders[-1] / "x.npy", np.swapaxes(case.x, 0, 1))
    # One thread, as the tests that run beside this one share the cores.
    told = "\n".join([str(len(folders)), *map(str, folders), ""])
    done = run_python(KERAS, told, KERAS_BACKEND=backend, OMP_NUM_THREADS="1")
    assert done.returncode == 0, done.stderr[-2000:]
    return [np.swapaxes(np.load(each / "out.npy"), 0, 1) for each in folders]


class Run(NamedTuple):
    """One row of the table of agreement: a format, by whom it is run, and the package whose version counts."""

    format: str
    by: str
    package: str | None
    run: Callable[[list[Case], Path], list[Any]]


def _each(run: Callable[[Case, Path], Any]) -> Callable[[list[Case], Path], list[Any]]:
    return lambda every, folder: [run(case, folder) for case in every]


def _keras(backend: str) -> Callable[[list[Case], Path], list[Any]]:
    return functools.partial(keras_runs, backend=backend)


ONEDNN = "oneDNN's lbr_gru and vanilla_gru"  # where the library and a compiler are there
RUNS = [
    Run("torch", "torch.nn.GRU", "torch", _each(torch_run)),
    Run("gruvy", "gruvy.nn.GRU with backend='torch'", "torch", _each(gruvy_run)),
    Run("npz", "gruvy.equations in float64", None, _each(npz_run)),
    Run("onnx", "ONNX Runtime", "onnxruntime", _each(onnx_run)),
    Run("keras", "Keras on TensorFlow", "keras", _keras("tensorflow")),
    Run("keras", "Keras on JAX", "keras", _keras("jax")),
    Run("keras", "Keras on PyTorch", "keras", _keras("torch")),
    Run("cudnn", "its equations in float64", None, _each(cudnn_run)),
    Run("flax-nnx", "flax.nnx.RNN and Bidirectional", "flax", _each(nnx_run)),
    Run("flax-linen", "flax.linen.RNN", "flax", _each(linen_run)),
    Run("equinox", "equinox.nn.GRUCell in a scan", "equinox", _each(equinox_run)),
    Run("haste", "its equations in float64", None, _each(haste_run)),
    Run("onednn", "its equations in float64", None, _each(onednn_run)),
    Run("onednn", ONEDNN, None, _each(onednn_library_run)),
]


def difference(run: Run, folder: Path) -> float:
    """Return the largest difference between gruvy's output and the other's over all cases."""
    every = cases(run.format)
    found = run.run(every, folder)
    return max(
        float(np.abs(case.weights.run(case.x)[0] - output).max()) for case, output in zip(every, found, strict=True)
    )


def version(run: Run) -> str:
    """Return the package and its version."""
    if run.by == ONEDNN:
        from gruvy.bench.peers import onednn_library

        return f"oneDNN {onednn_library.library().gruvy_onednn_version().decode()}"
    return f"{run.package} {importlib.metadata.version(run.package)}" if run.package else "–"
