"""Exports are held to float32's own error: right files of touchy networks are kept, wrong ones of tame networks not."""

from __future__ import annotations

import sys

import numpy as np
import onnxruntime
import pytest
import torch
from c_toolchains import need

from gruvy.errors import GruvyError
from gruvy.export import c, onnx, onnx_nodes
from gruvy.graph import Builder
from gruvy.nn import GRU, to_graph

WRITE = sys.modules["gruvy.export.c.write"]


def touchy(*sizes: int, factor: float = 12, **options) -> GRU:
    """A layer in which rounding grows from step to step, as in one that is trained to tell long sequences apart."""
    torch.manual_seed(1)
    layer = GRU(*sizes, **options).eval()
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.mul_(factor)
    return layer


def test_float64_is_what_the_reference_computes():
    layer = touchy(3, 4, 2, bidirectional=True, factor=1, layer_norm=True)
    graph = to_graph(layer)
    x = np.random.default_rng(0).standard_normal((6, 2, 3)).astype("f4")
    exact, states = graph.run_exactly({"x": x})
    with torch.no_grad():
        want, h_n = layer.double()(torch.from_numpy(x).double())
    assert exact["gru"].dtype == np.float64
    np.testing.assert_allclose(exact["gru"], want, atol=1e-12)
    np.testing.assert_allclose(states["gru"], h_n, atol=1e-12)


def test_a_touchy_network_is_written_and_what_is_said_is_no_nonsense(tmp_path):
    layer = touchy(8, 128, bidirectional=True)
    checked = onnx.write(layer, tmp_path / "gru.onnx")
    assert 1e-5 < checked.error < 1e-3  # beyond what a fixed threshold would allow
    assert checked.own < 1e-3
    assert (24, 3) not in checked.runs  # in which float32 itself is off by a tenth


def test_c_of_a_touchy_network_is_measured_where_float32_tells_something(tmp_path):
    need("gcc")
    facts = c.write(touchy(8, 64, 2), tmp_path, name="net").facts
    assert facts.steps < 300
    assert facts.cut
    assert facts.agreement < 1e-3
    assert "float32 tells nothing" in (tmp_path / "README.md").read_text()


@pytest.mark.parametrize("factor", [1, 12])
def test_a_weight_that_is_a_little_off_is_found(tmp_path, monkeypatch, factor):
    right = onnx_nodes.node_arrays

    def off(name, layer):
        arrays = right(name, layer)
        arrays[f"{name}.R"][0, 3] *= 1.001
        return arrays

    monkeypatch.setattr(onnx_nodes, "node_arrays", off)
    with pytest.raises(GruvyError, match=r"differ by .*: ONNX Runtime is .* from what float64 gives and gruvy .*"):
        onnx.write(touchy(4, 16, factor=factor), tmp_path / "gru.onnx")
    assert list(tmp_path.iterdir()) == []


def test_c_of_a_touchy_network_that_is_wrong_is_not_written(tmp_path, monkeypatch):
    need("gcc")
    text = WRITE.source_text
    monkeypatch.setattr(WRITE, "source_text", lambda *a: text(*a).replace("tanhf(", "0.9999f * tanhf("))
    with pytest.raises(GruvyError, match="nothing written"):
        c.write(touchy(4, 16, 2), tmp_path / "out")


def test_small_numbers_are_measured_by_their_own_size(tmp_path, monkeypatch):
    """Outputs of 1e-6, as of a model in physical units, would pass any threshold beside 1."""
    build = Builder()
    graph = build.graph(build.dense("y", build.input("x", 3), np.full((1, 3), 1e-6, "f4")))
    assert onnx.write(graph, tmp_path / "right.onnx").error < 1e-12
    right = onnx_nodes.NODES["dense"]

    def off(writer, node):
        writer.graph.arrays[node.weights["weight"]][0, 0] *= np.float32(1.01)
        right(writer, node)
        writer.graph.arrays[node.weights["weight"]][0, 0] /= np.float32(1.01)

    monkeypatch.setitem(onnx_nodes.NODES, "dense", off)
    with pytest.raises(GruvyError, match="nothing written"):
        onnx.write(graph, tmp_path / "wrong.onnx")


# ---- layout ----


@pytest.mark.parametrize("layers", [1, 2])
def test_the_layout_of_the_layer_is_kept(tmp_path, layers):
    layer = touchy(3, 4, layers, factor=1, batch_first=True, bidirectional=True)
    x = torch.randn(2, 5, 3)
    with torch.no_grad():
        want, h_n = layer(x)
    checked = onnx.write(layer, tmp_path / "gru.onnx")
    assert checked.inputs["x"] == ("N", "T", 3)
    session = onnxruntime.InferenceSession(checked.path)
    got, last = session.run(None, {"x": x.numpy(), "gru_h_0": np.zeros(h_n.shape, "f4")})
    np.testing.assert_allclose(got, want, atol=1e-6)
    np.testing.assert_allclose(last, h_n, atol=1e-6)
    outputs, _ = to_graph(layer).run({"x": x.numpy()})
    np.testing.assert_allclose(outputs["gru"], want, atol=1e-6)


def test_a_file_keeps_the_layout_and_streams_as_before(tmp_path):
    from gruvy import runtime

    layer = touchy(3, 4, factor=1, batch_first=True)
    graph = runtime.load(to_graph(layer).write(tmp_path / "gru.gruvy"))
    x = torch.randn(2, 5, 3)
    with torch.no_grad():
        want = layer(x)[0].numpy()
    np.testing.assert_allclose(graph.run({"x": x.numpy()})[0]["gru"], want, atol=1e-6)
    stream = graph.stream(2)
    for t in range(5):
        np.testing.assert_allclose(stream.step({"x": x[:, t].numpy()})["gru"], want[:, t], atol=1e-6)


def test_layouts_that_do_not_fit_each_other_are_refused():
    both = torch.nn.Sequential(GRU(3, 4, batch_first=True), GRU(4, 4))
    with pytest.raises(ValueError, match="of the GRUs 0, 1 only 0 has batch_first=True"):
        to_graph(both)
