"""Models that leave gruvy: layouts, functions other than sigmoid and tanh, and networks in which rounding grows."""

# The rows have the lines as they are printed.
# ruff: noqa: E501

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch
from input_cases import Case, named
from model_files import LAYERS, H, I, keras_file, layer_config, old_keras, sequential

from gruvy import formats
from gruvy.activations import FUNCTIONS, activation
from gruvy.export import c, onnx
from gruvy.graph import Builder
from gruvy.nn import GRU, to_graph
from gruvy.spec import GRUWeights

TITLE = "Models that are written"
X = np.random.default_rng(0).standard_normal((5, 2, I)).astype("f4")
ZERO = np.zeros((1, 2, H), "f4")


def weights(**options: Any) -> GRUWeights:
    torch.manual_seed(0)
    return replace(formats.read(torch.nn.GRU(I, H)), **options)


def run(path: Path, x: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    first, second = (one.name for one in session.get_inputs())
    found: np.ndarray = session.run(None, {first: x, second: ZERO})[0]
    return found


def by_hand(gru: GRUWeights, gates: Callable, candidate: Callable) -> np.ndarray:
    """One layer in the reset-after form, written down once more."""
    (((W, U, b, d, *_),),) = gru.layers
    h, out = np.zeros((2, H)), []
    for x in X.astype(np.float64):
        (xr, xz, xn), (hr, hz, hn) = (np.split(a, 3, axis=1) for a in (x @ W.T + b, h @ U.T + d))
        r, z = gates(xr + hr), gates(xz + hz)
        h = (1 - z) * candidate(xn + r * hn) + z * h
        out.append(h)
    return np.array(out)


SLOW = (
    "the GRU has {} for the gates and {} for the candidate, which the engine does not compute: it runs step by step in "
    "NumPy, some 10 to 100 times slower"
)
HARD = lambda a: np.clip(a / 6 + 0.5, 0, 1)  # noqa: E731
OLD_HARD = lambda a: np.clip(0.2 * a + 0.5, 0, 1)  # noqa: E731
RELU = lambda a: np.maximum(a, 0)  # noqa: E731
SIGMOID = lambda a: 1 / (1 + np.exp(-a))  # noqa: E731


def keras(folder: Path, version: str = "3.9", **functions: Any) -> GRUWeights:
    config = sequential(layer_config(**functions))
    path = (keras_file(config, LAYERS) if version >= "3" else old_keras(config, version))(folder)
    return formats.read(path)


def keras_runs(gates: Callable, candidate: Callable, version: str = "3.9", **functions: Any) -> Callable[[Path], None]:
    """A Keras layer with other functions: run, as ONNX by both ways, and read back."""

    def check(folder: Path) -> None:
        gru = keras(folder, version, **functions)
        want = by_hand(gru, gates, candidate)
        np.testing.assert_allclose(gru.run(X)[0], want, atol=1e-6)
        exported = onnx.write(gru, folder / "exported.onnx")
        assert exported.inputs["x"] == ("N", "T", I)  # as Keras has it
        np.testing.assert_allclose(run(exported.path, X.swapaxes(0, 1)), want.swapaxes(0, 1), atol=1e-6)
        converted = formats.write(gru, folder / "converted.onnx")
        np.testing.assert_allclose(run(converted, X), want, atol=1e-6)
        for path in (converted, exported.path, formats.write(gru, folder / "kept.gruvy")):
            assert formats.same_weights(formats.read(path), gru)

    return check


def every_function(folder: Path) -> None:
    """Each function that ONNX has, in ONNX Runtime beside NumPy."""
    for name in FUNCTIONS:
        for pair in ((activation(name), activation("tanh")), (activation("sigmoid"), activation(name))):
            gru = weights(activations=pair)
            checked = onnx.write(gru, folder / "gru.onnx")
            assert checked.error < 1e-4, name
            assert formats.read(checked.path).activations == pair


def streamed(folder: Path) -> None:
    gru = weights(activations=(activation("hard_sigmoid"), activation("relu")))
    build = Builder()
    graph = build.graph(build.gru("gru", build.input("x", I), gru))
    stream = graph.stream(2)
    steps = np.array([stream.step({"x": x})["gru"] for x in X])
    np.testing.assert_allclose(steps, by_hand(gru, OLD_HARD, RELU), atol=1e-6)
    np.testing.assert_array_equal(steps[-1], stream.snapshot()["gru"][0])


def two_directions(folder: Path) -> None:
    torch.manual_seed(0)
    pair = (activation("hard_sigmoid"), activation("softsign"))
    gru = replace(formats.read(torch.nn.GRU(I, H, 2, bidirectional=True)), activations=pair)
    path = formats.write(gru, folder / "gru.onnx")
    assert formats.same_weights(formats.read(path), gru)
    session = onnxruntime.InferenceSession(path)
    got = session.run(None, {"input": X, "h_0": np.zeros((4, 2, H), "f4")})
    for mine, theirs in zip(gru.run(X), got, strict=True):
        np.testing.assert_allclose(theirs, mine, atol=1e-6)


def to_keras(folder: Path) -> None:
    gru = weights(activations=(activation("hard_sigmoid", 1 / 6, 0.5), activation("relu")))
    path = formats.write(gru, folder / "gru.keras")
    with zipfile.ZipFile(path) as archive:
        (layer,) = (
            one for one in json.loads(archive.read("config.json"))["config"]["layers"] if one["class_name"] == "GRU"
        )
    assert (layer["config"]["recurrent_activation"], layer["config"]["activation"]) == ("hard_sigmoid", "relu")
    assert formats.same_weights(formats.read(path), gru)


def layout(make: Callable[[], torch.nn.Module]) -> Callable[[Path], None]:
    """The file of a batch_first module runs on (N, T, C) and gives what the module gives."""

    def check(folder: Path) -> None:
        torch.manual_seed(0)
        module = make().eval()
        x = torch.from_numpy(X).transpose(0, 1).contiguous()
        with torch.no_grad():
            want = module(x)
        want = want[0] if isinstance(want, tuple) else want
        path = onnx.write(module, folder / "net.onnx").path
        np.testing.assert_allclose(run(path, x.numpy()), want, atol=1e-6)
        (output,) = to_graph(module).run({"x": x.numpy()})[0].values()
        np.testing.assert_allclose(output, want, atol=1e-6)
        import onnx as onnx_package

        assert onnx_package.load(path).graph.input[0].doc_string == "(batch, time, 3 features)"

    return check


class Head(torch.nn.Module):
    """As a GRU hands on its output in an nn.Sequential."""

    def __init__(self) -> None:
        super().__init__()
        self.parts = torch.nn.Sequential(torch.nn.GRU(I, H, batch_first=True), torch.nn.Linear(H, 2))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.parts[1](self.parts[0](x)[0])


def sequential_layout(folder: Path) -> None:
    torch.manual_seed(0)
    module = Head().eval()
    x = torch.from_numpy(X).transpose(0, 1).contiguous()
    path = onnx.write(module.parts, folder / "net.onnx").path
    with torch.no_grad():
        np.testing.assert_allclose(run(path, x.numpy()), module(x), atol=1e-6)


def chosen_layout(folder: Path) -> None:
    """A state dict does not say the layout."""
    torch.manual_seed(0)
    layer = torch.nn.GRU(I, H, batch_first=True)
    torch.save(layer.state_dict(), folder / "gru.pt")
    x = torch.from_numpy(X).transpose(0, 1).contiguous()
    path = onnx.write(folder / "gru.pt", folder / "gru.onnx", batch_first=True).path
    with torch.no_grad():
        np.testing.assert_allclose(run(path, x.numpy()), layer(x)[0], atol=1e-6)
    assert onnx.write(folder / "gru.pt", folder / "gru.onnx").inputs["x"] == ("T", "N", I)


def touchy(folder: Path) -> None:
    torch.manual_seed(1)
    layer = GRU(8, 32, bidirectional=True).eval()
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.mul_(20)
    checked = onnx.write(layer, folder / "gru.onnx")
    assert checked.error <= max(8 * checked.own, 1e-5) < 0.1


CASES = [
    Case("an ONNX file of a batch_first layer", "accepted", layout(lambda: GRU(I, H, batch_first=True))),
    Case("an ONNX file of torch's own batch_first layer", "accepted", layout(lambda: torch.nn.GRU(I, H, batch_first=True))),
    Case("an ONNX file of an nn.Sequential whose GRU is batch_first", "accepted", sequential_layout),
    Case("an ONNX file of a state dict, batch_first asked for", "accepted", chosen_layout),
    Case("an nn.Sequential of GRUs with both layouts", "refused",
         lambda folder: to_graph(torch.nn.Sequential(GRU(I, H, batch_first=True), GRU(H, H))),
         "of the GRUs 0, 1 only 0 has batch_first=True: what is time to one is the batch to another; give all of them the same"),
    Case("an ONNX file of a network in which rounding grows from step to step", "accepted", touchy),
    Case("relu and hard_sigmoid of Keras 3, to ONNX and back", "adapted",
         keras_runs(HARD, RELU, activation="relu", recurrent_activation="hard_sigmoid"),
         SLOW.format("hard_sigmoid(0.166667, 0.5)", "relu")),
    Case("hard_sigmoid of Keras 2, which is another function", "adapted",
         keras_runs(OLD_HARD, np.tanh, "2.15.0", recurrent_activation="hard_sigmoid"),
         SLOW.format("hard_sigmoid(0.2, 0.5)", "tanh")),
    Case("the linear candidate of Keras", "adapted", keras_runs(SIGMOID, lambda a: a, activation="linear"),
         SLOW.format("sigmoid", "linear(1, 0)")),
    Case("a LeakyReLU layer as Keras' activation", "adapted",
         keras_runs(SIGMOID, lambda a: np.where(a < 0, 0.3 * a, a),
                    activation={"class_name": "LeakyReLU", "config": {"negative_slope": 0.3}}),
         SLOW.format("sigmoid", "leaky_relu(0.3)")),
    Case("a function of Keras that ONNX has not", "refused", lambda folder: keras(folder, activation="gelu"),
         "…model.keras: layer 'gru': the activation 'gelu' is none that gruvy computes; expected one of " + ", ".join(FUNCTIONS)),
    Case("every function of ONNX' GRU, for the gates and for the candidate", "adapted", every_function,
         SLOW.format("relu", "tanh")),
    Case("other functions in two layers and both directions", "adapted", two_directions,
         SLOW.format("hard_sigmoid(0.2, 0.5)", "softsign")),
    Case("other functions, one step at a time", "adapted", streamed, SLOW.format("hard_sigmoid(0.2, 0.5)", "relu")),
    Case("other functions, written as .keras", "accepted", to_keras),
    Case("hard_sigmoid of Keras 2, written as .keras, which has it not", "refused",
         lambda folder: formats.write(weights(activations=(activation("hard_sigmoid"), activation("tanh"))), folder / "m.keras"),
         "cannot write to Keras 3 exactly: Keras 3 has no hard_sigmoid(0.2, 0.5) in the place of sigmoid"),
    Case("other functions, written as a state dict, which does not say them", "refused",
         lambda folder: formats.write(weights(activations=(activation("sigmoid"), activation("relu"))), folder / "m.pt"),
         "cannot write to PyTorch exactly: PyTorch has no relu in the place of tanh"),
    Case("other functions as C", "refused",
         lambda folder: c.write(weights(activations=(activation("sigmoid"), activation("relu"))), folder / "c"),
         "the network cannot become C: gru gru has sigmoid for the gates and relu for the candidate: the C has sigmoid and "
         "tanh alone; export it to ONNX"),
]  # fmt: skip


# Of Keras on PyTorch, saving.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize("case", named(CASES))
def test_models_out(case, tmp_path):
    case.check(tmp_path)
