"""Files written for ONNX Runtime, run by it against PyTorch's side of gruvy."""

from __future__ import annotations

import json

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch import nn

from gruvy.errors import ArgumentError, FileFormatError, GruvyError, MissingExtraError
from gruvy.export import onnx as export
from gruvy.export import onnx_nodes
from gruvy.graph import OPERATIONS, Builder
from gruvy.nn import GRU, GRUModel
from gruvy.spec import GRUWeights
from gruvy.tasks.forecasting.graph import forecast_graph
from gruvy.tasks.forecasting.network import ForecastNetwork

FEATURES = [
    {},
    {"bias": False},
    {"layer_norm": True},
    {"zoneout": 0.2},
    {"layer_norm": True, "zoneout": 0.1, "bias": False},
    {"layer_norm": True, "learn_initial_state": True},
]


def run(path, names=None, **feed: np.ndarray) -> list[np.ndarray]:
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return session.run(names, feed)


def layer(reset_after=True, layers=1, bidirectional=False, **features) -> GRU:
    torch.manual_seed(0)
    return GRU(5, 7, layers, bidirectional=bidirectional, reset_after=reset_after, **features).eval()


def test_every_operation_has_nodes():
    assert onnx_nodes.NODES.keys() == OPERATIONS.keys()


@pytest.mark.parametrize("features", FEATURES, ids=lambda features: "-".join(features) or "plain")
@pytest.mark.parametrize("reset_after", [True, False])
@pytest.mark.parametrize(("layers", "bidirectional"), [(1, False), (1, True), (2, False), (3, True)])
def test_a_layer_is_what_torch_computes(tmp_path, layers, bidirectional, reset_after, features):
    gru = layer(reset_after, layers, bidirectional, **features)
    checked = export.write(gru, tmp_path / "gru.onnx")
    assert checked.path == tmp_path / "gru.onnx"
    tolerance = 1e-4 if gru.layer_norm else 1e-5
    assert checked.difference < tolerance
    for T, N in ((1, 1), (11, 4)):
        x, h_0 = torch.randn(T, N, 5), torch.randn(layers * (1 + bidirectional), N, 7)
        with torch.no_grad():
            output, h_n = gru(x, h_0)
        got, last = run(checked.path, x=x.numpy(), gru_h_0=h_0.numpy())
        np.testing.assert_allclose(got, output.numpy(), atol=tolerance)
        np.testing.assert_allclose(last, h_n.numpy(), atol=tolerance)


@pytest.mark.parametrize("reset_after", [True, False])
def test_the_node_says_which_form_it_is(tmp_path, reset_after):
    model = onnx.load(export.write(layer(reset_after), tmp_path / "gru.onnx").path)
    (node,) = (node for node in model.graph.node if node.op_type == "GRU")
    attributes = {one.name: onnx.helper.get_attribute_value(one) for one in node.attribute}
    assert attributes["linear_before_reset"] == int(reset_after)
    assert [one.version for one in model.opset_import] == [17]
    assert {one.name for one in model.graph.initializer} >= {"gru/l0.W", "gru/l0.R", "gru/l0.B"}
    assert [one.name for one in model.graph.input] == ["x", "gru_h_0"]
    assert [one.name for one in model.graph.output] == ["gru", "gru_h_n"]


def test_steps_with_their_states_are_the_sequence(tmp_path):
    gru = layer(layers=2)
    path = export.write(gru, tmp_path / "gru.onnx").path
    x = torch.randn(6, 2, 5)
    with torch.no_grad():
        want = gru(x)[0].numpy()
    session = onnxruntime.InferenceSession(path)
    state = np.zeros((2, 2, 7), "f4")
    for step in range(6):
        got, state = session.run(["gru", "gru_h_n"], {"x": x[step : step + 1].numpy(), "gru_h_0": state})
        np.testing.assert_allclose(got[0], want[step], atol=1e-5)


def test_a_learnt_initial_state_stands_in_the_metadata(tmp_path):
    gru = layer(learn_initial_state=True, bidirectional=True)
    with torch.no_grad():
        gru.initial_state.normal_()
    path = export.write(gru, tmp_path / "gru.onnx").path
    about = {one.key: json.loads(one.value) for one in onnx.load(path).metadata_props}
    state = np.array(about["gru_h_0"], "f4")[:, None]
    x = torch.randn(4, 1, 5)
    with torch.no_grad():
        np.testing.assert_allclose(run(path, x=x.numpy(), gru_h_0=state)[0], gru(x)[0].numpy(), atol=1e-5)


@pytest.mark.parametrize("known", [0, 2])
@pytest.mark.parametrize("quantiles", [(0.5,), (0.1, 0.5, 0.9), (0.05, 0.1, 0.5, 0.6, 0.99)])
def test_the_forecaster_s_network(tmp_path, known, quantiles):
    torch.manual_seed(0)
    sizes = {"inputs": 7 + known, "values": 4 + known, "targets": 3, "known": known, "horizon": 5}
    network = ForecastNetwork("gru", **sizes, quantiles=quantiles, hidden_size=8, num_layers=2).eval()
    for weight in network.parameters():  # its head starts from 0
        nn.init.normal_(weight, 0, 0.3)
    path = export.write(forecast_graph(network), tmp_path / "f.onnx").path
    context, ahead, anchor = torch.randn(9, 3, 7 + known), torch.randn(5, 3, known), torch.randn(3, 3)
    feed = {"context": context, "anchor": anchor, "encoder_h_0": torch.zeros(2, 3, 8)}
    feed |= {"ahead": ahead} if known else {}
    (got,) = run(path, ["quantiles"], **{name: x.numpy() for name, x in feed.items()})
    with torch.no_grad():
        want = network(context, ahead, anchor).numpy()
    np.testing.assert_allclose(got.reshape(want.shape), want, atol=1e-5)


def test_modules_with_an_embedding_and_a_classifier(tmp_path):
    torch.manual_seed(0)
    table, gru, head = nn.Embedding(9, 4), GRU(4, 6), nn.Linear(6, 3)
    path = export.write(nn.Sequential(table, gru, nn.Dropout(), head, nn.Softmax(-1)).eval(), tmp_path / "c.onnx").path
    x = torch.randint(0, 9, (5, 2, 1))
    with torch.no_grad():
        want = torch.softmax(head(gru(table(x[..., 0]))[0]), -1)
    got, _ = run(path, x=x.numpy(), **{"1_h_0": np.zeros((1, 2, 6), "f4")})
    np.testing.assert_allclose(got, want.numpy(), atol=1e-5)
    model = GRUModel(4, 6, 2, 2).eval()
    path = export.write(model, tmp_path / "m.onnx").path
    x, h = torch.randn(3, 8, 4), torch.randn(2, 3, 6)
    with torch.no_grad():
        for got, want in zip(run(path, x=x.numpy(), gru_h_0=h.numpy()), model(x, h), strict=True):
            np.testing.assert_allclose(got, want.numpy(), atol=1e-5)


def test_values_with_and_without_a_time_axis_meet(tmp_path):
    build = Builder()
    x, who = build.input("x", 3), build.input("who", 2, None)
    both = build.add("concat", who, x, who)
    graph = build.graph(build.add("multiply", build.add("tanh", both), build.add("sigmoid", both)), who)
    path = export.write(graph, tmp_path / "g.onnx").path
    feed = {"x": np.ones((4, 5, 3), "f4"), "who": np.arange(10, dtype="f4").reshape(5, 2)}
    for got, want in zip(run(path, **feed), graph.run(feed)[0].values(), strict=True):
        np.testing.assert_allclose(got, want, atol=1e-6)


# ---- what is refused ----


def test_a_file_that_would_be_wrong_is_not_left_there(tmp_path, monkeypatch):
    def swapped(name, layer):
        arrays = right(name, layer)
        return arrays | {f"{name}.R": arrays[f"{name}.R"][:, ::-1]}

    right = onnx_nodes.node_arrays
    monkeypatch.setattr(onnx_nodes, "node_arrays", swapped)
    with pytest.raises(GruvyError, match=r"ONNX Runtime and gruvy differ by .*; nothing written"):
        export.write(layer(), tmp_path / "gru.onnx")
    assert list(tmp_path.iterdir()) == []


def test_a_network_of_nan_is_not_passed(tmp_path):
    gru = layer()
    with torch.no_grad():
        gru.weight_hh_l0.fill_(torch.nan)
    with pytest.raises(GruvyError, match="differ by nan"):
        export.write(gru, tmp_path / "gru.onnx")


def test_what_cannot_be_exported(tmp_path, monkeypatch):
    with pytest.raises(ArgumentError, match="cannot export a list"):
        export.write([1], tmp_path / "a.onnx")
    with pytest.raises(ArgumentError, match="module is a LSTM"):
        export.write(nn.LSTM(2, 3), tmp_path / "a.onnx")
    with pytest.raises(FileFormatError, match="no such file"):
        export.write(tmp_path / "none.gruvy", tmp_path / "a.onnx")
    monkeypatch.setattr(export, "LARGEST", 100)
    with pytest.raises(ArgumentError, match="holds at most 2 GB"):
        export.write(layer(), tmp_path / "a.onnx")


def test_a_missing_package_names_its_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "onnxruntime", None)
    with pytest.raises(MissingExtraError, match=r"needs the extra 'onnx' \(onnxruntime is missing\)"):
        export.write(layer(), tmp_path / "a.onnx")


def test_weights_apart_from_a_module(tmp_path):
    weights = layer().to_weights()
    assert isinstance(weights, GRUWeights)
    assert export.write(weights, tmp_path / "w.onnx").path.read_bytes() == (
        export.write(layer(), tmp_path / "m.onnx").path.read_bytes()
    )
