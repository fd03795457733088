"""Each operation against NumPy or PyTorch, and what a graph refuses."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from gruvy import files
from gruvy.errors import ArgumentError, FileFormatError, TensorError
from gruvy.graph import OPERATIONS, Builder, Graph, Node, Value
from gruvy.nn import GRU, to_graph
from gruvy.spec import GRUWeights, LayerWeights

RNG = np.random.default_rng(0)
STEPS, FIXED = RNG.normal(size=(5, 3, 6)).astype("f4"), RNG.normal(size=(3, 6)).astype("f4")
WEIGHT, BIAS = RNG.normal(size=(4, 6)).astype("f4"), RNG.normal(size=4).astype("f4")
TABLE = RNG.normal(size=(9, 2)).astype("f4")


def one(op: str, *inputs: np.ndarray, weights: dict[str, np.ndarray] | None = None, **attributes) -> np.ndarray:
    """Run one operation on arrays: of 3 dimensions with a time axis, of 2 without."""
    names = [f"x{i}" for i in range(len(inputs))]
    values = {
        name: Value(x.shape[-1], "T" if x.ndim == 3 else None, x.dtype == np.int64)
        for name, x in zip(names, inputs, strict=True)
    }
    weights = weights or {}
    node = Node(op, tuple(names), "y", {role: role for role in weights}, attributes)
    return Graph(values, (node,), ("y",), weights).run(dict(zip(names, inputs, strict=True)))[0]["y"]


def by_torch(function, *arrays, **options):
    return function(*map(torch.from_numpy, arrays), **options).numpy()


@pytest.mark.parametrize("x", [STEPS, FIXED])
def test_operations_on_one_value(x):
    both = {"weight": WEIGHT, "bias": BIAS}
    np.testing.assert_allclose(one("dense", x, weights=both), by_torch(F.linear, x, WEIGHT, BIAS), atol=1e-6)
    np.testing.assert_allclose(one("dense", x, weights={"weight": WEIGHT}), by_torch(F.linear, x, WEIGHT), atol=1e-6)
    for op, function in {"relu": F.relu, "sigmoid": F.sigmoid, "softplus": F.softplus, "tanh": F.tanh}.items():
        np.testing.assert_allclose(one(op, 4 * x), by_torch(function, 4 * x), atol=1e-6)
    np.testing.assert_allclose(one("softmax", 9 * x), by_torch(F.softmax, 9 * x, dim=-1), atol=1e-6)
    np.testing.assert_array_equal(one("take", x, features=[5, 0, 0]), x[..., [5, 0, 0]])


def test_nothing_overflows():
    far = np.array([[-1e4, 1e4]], "f4")
    np.testing.assert_array_equal(one("sigmoid", far), [[0, 1]])
    np.testing.assert_array_equal(one("softmax", far), [[0, 1]])
    np.testing.assert_array_equal(one("softplus", far), [[0, 1e4]])


@pytest.mark.parametrize(("x", "y"), [(STEPS, STEPS[::-1].copy()), (STEPS, FIXED), (FIXED, STEPS), (FIXED, 2 * FIXED)])
def test_operations_on_two_values(x, y):
    for op, function in {"add": np.add, "subtract": np.subtract, "multiply": np.multiply}.items():
        np.testing.assert_array_equal(one(op, x, y), function(x, y))
    wide = [np.broadcast_to(a, (5, 3, 6)) if 3 in (x.ndim, y.ndim) else a for a in (x, y)]
    np.testing.assert_array_equal(one("concat", x, y), np.concatenate(wide, axis=-1))


def test_operations_on_the_time_axis():
    np.testing.assert_array_equal(one("last", STEPS), STEPS[-1])
    unfolded = one("unfold", FIXED, steps=3)
    assert unfolded.shape == (3, 3, 2)
    for step in range(3):
        np.testing.assert_array_equal(unfolded[step], FIXED[:, 2 * step : 2 * step + 2])


def test_an_embedding_looks_its_rows_up():
    index = RNG.integers(0, 9, (5, 3, 2))
    got = one("embedding", index, weights={"weight": TABLE})
    np.testing.assert_array_equal(got, np.concatenate([TABLE[index[..., 0]], TABLE[index[..., 1]]], axis=-1))
    for wrong in (-1, 9):
        with pytest.raises(TensorError, match=rf"x0 lies in .*{wrong}.*; expected \[0, 8\]"):
            one("embedding", np.full((1, 1, 1), wrong), weights={"weight": TABLE})


@pytest.mark.parametrize("reset_after", [True, False])
@pytest.mark.parametrize(("layers", "bidirectional"), [(1, False), (2, False), (2, True)])
def test_a_gru_with_its_states(layers, bidirectional, reset_after):
    torch.manual_seed(0)
    gru = GRU(6, 4, layers, bidirectional=bidirectional, reset_after=reset_after, layer_norm=True, zoneout=0.1).eval()
    graph = to_graph(gru)
    D = 1 + bidirectional
    assert graph.states == {"gru": (layers * D, 4)}
    h_0 = RNG.normal(size=(layers * D, 3, 4)).astype("f4")
    with torch.no_grad():
        output, h_n = gru(torch.from_numpy(STEPS), torch.from_numpy(h_0))
        alone, _ = gru(torch.from_numpy(STEPS))
    outputs, states = graph.run({"x": STEPS}, {"gru": h_0})
    np.testing.assert_array_equal(outputs["gru"], output.numpy())
    np.testing.assert_array_equal(states["gru"], h_n.numpy())
    np.testing.assert_array_equal(graph.run({"x": STEPS})[0]["gru"], alone.numpy())


def test_every_operation_is_tested_here():
    assert set(OPERATIONS) == {
        *("dense", "embedding", "gru", "relu", "sigmoid", "softplus", "tanh", "softmax"),
        *("add", "subtract", "multiply", "concat", "take", "last", "unfold"),
    }


# ---- what is refused ----


def refusal(*nodes: Node, inputs=None, outputs=("y",), arrays=None) -> str:
    with pytest.raises(TensorError) as caught:
        Graph({"x": Value(6)} if inputs is None else inputs, nodes, outputs, arrays or {})
    return str(caught.value)


def test_nodes_that_do_not_fit():
    assert "expected one of dense, " in refusal(Node("conv", ("x",), "y"))
    assert "its inputs z are neither" in refusal(Node("relu", ("z",), "y"))
    assert "has 2 inputs; expected 1" in refusal(Node("relu", ("x", "x"), "y"))
    assert "has 0 inputs; expected at least one" in refusal(Node("concat", (), "y"))
    assert "a value of this name already" in refusal(Node("relu", ("x",), "x"))
    assert "has the attributes none; expected steps: int" in refusal(Node("unfold", ("x",), "y"))
    assert "steps: bool; expected steps: int" in refusal(Node("unfold", ("x",), "y", {}, {"steps": True}))
    assert "cannot make 2 steps of T steps and 6" in refusal(Node("unfold", ("x",), "y", {}, {"steps": 2}))
    assert "0 to 5" in refusal(Node("take", ("x",), "y", {}, {"features": [6]}))
    assert "0 to 5" in refusal(Node("take", ("x",), "y", {}, {"features": []}))
    assert "no time axis" in refusal(Node("last", ("x",), "l"), Node("last", ("l",), "y"))
    two = {"x": Value(6, 3), "z": Value(6)}
    assert "expected the same steps" in refusal(Node("add", ("x", "z"), "y"), inputs=two)
    assert "expected the same features" in refusal(Node("add", ("x", "z"), "y"), inputs={"x": Value(6), "z": Value(5)})
    assert "reads integers" in refusal(Node("relu", ("x",), "y"), inputs={"x": Value(1, whole=True)})
    assert "output y is no value" in refusal()
    assert "no output" in refusal(outputs=())
    assert "no input" in refusal(inputs={})
    assert "has 0 features; expected 1 to" in refusal(inputs={"x": Value(0)})
    assert "has -1 steps" in refusal(inputs={"x": Value(3, -1)})


def test_weights_that_do_not_fit():
    def dense(**arrays):
        return refusal(Node("dense", ("x",), "y", {role: role for role in arrays}), arrays=arrays)

    assert "weight has the shape (4, 5); expected (O, 6)" in dense(weight=WEIGHT[:, 1:])
    assert "bias has the shape (3,); expected (4,)" in dense(weight=WEIGHT, bias=BIAS[1:])
    assert "has the weights ['bias']; expected ['bias', 'weight']" in dense(bias=BIAS)
    assert "weight is float64; expected float32" in dense(weight=WEIGHT.astype("f8"))
    assert "there is no array w" in refusal(Node("dense", ("x",), "y", {"weight": "w"}))
    form = {"layers": 1, "bidirectional": False, "reset_after": True, "zoneout": 0.0}
    whole = {"weight_ih_l0": np.ones((12, 6), "f4"), "weight_hh_l0": np.ones((12, 4), "f4")}

    def gru(arrays, **changed):
        names = {role: role for role in arrays}
        return refusal(Node("gru", ("x",), "y", names, {**form, **changed}), arrays=arrays)

    assert "wrong or missing: weight_hh_l0" in gru({"weight_ih_l0": whole["weight_ih_l0"]} | {"bias_ih_l0": BIAS})
    assert "wrong or missing: more" in gru({**whole, "more": BIAS})
    assert "has 1000000000 layers and 2 arrays" in gru(whole, layers=10**9)
    assert "bias_ih has the shape (4,); expected (12,)" in gru({**whole, "bias_ih_l0": BIAS})
    assert "zoneout is 2.0" in gru(whole, zoneout=2.0)
    assert "expected a time axis and 5 features" in gru({**whole, "weight_ih_l0": np.ones((12, 5), "f4")})


def test_a_gru_that_runs_backward_alone():
    weights = GRUWeights(((LayerWeights(np.ones((12, 3), "f4"), np.ones((12, 4), "f4")),),), True, reverse=True)
    build = Builder()
    with pytest.raises(ArgumentError, match="not backward alone"):
        build.gru("gru", build.input("x", 3), weights)


def test_values_do_not_double_their_way_to_terabytes():
    nodes = [Node("concat", (f"v{i}",) * 2, f"v{i + 1}") for i in range(60)]
    text = refusal(*nodes, inputs={"v0": Value(6)}, outputs=("v60",))
    assert "features; expected 1 to 1048576" in text
    assert text.count("concat") == 1  # what reads it would only repeat it


def test_arrays_of_a_run_are_checked_together():
    graph = to_graph(GRU(6, 4))
    with pytest.raises(TensorError, match=r"z is no input; h is no state; x is missing"):
        graph.run({"z": STEPS}, {"h": FIXED})
    with pytest.raises(TensorError, match=r"x is float64 \(5, 3, 6\); expected float32 \(T, N, 6\)"):
        graph.run({"x": STEPS.astype("f8")})
    with pytest.raises(TensorError, match=r"state gru has the shape \(2, 3, 4\); expected \(1, N, 4\)"):
        graph.run({"x": STEPS}, {"gru": np.zeros((2, 3, 4), "f4")})
    with pytest.raises(TensorError, match=r"batches of \[2, 3\] rows"):
        graph.run({"x": STEPS}, {"gru": np.zeros((1, 2, 4), "f4")})
    with pytest.raises(TensorError, match="at least one"):
        graph.run({"x": STEPS[:0]})


# ---- files ----


def test_a_written_graph_computes_the_same_bits(tmp_path):
    build = Builder()
    index = build.input("index", 2, whole=True)
    rows = build.embedding("table", index, TABLE)
    gru = GRUWeights(((LayerWeights(*[w.detach().numpy() for w in GRU(4, 5).all_weights[0]]),),), True)
    graph = build.graph(build.add("softmax", build.dense("head", build.gru("gru", rows, gru), RNG.random((3, 5)))))
    inputs = {"index": RNG.integers(0, 9, (7, 2, 2))}
    again = Graph.read(graph.write(tmp_path / "net.gruvy"))
    assert (again.document(), again.states) == (graph.document(), {"gru": (1, 5)})
    np.testing.assert_array_equal(again.run(inputs)[0]["softmax"], graph.run(inputs)[0]["softmax"])


@pytest.mark.parametrize(
    "spoil",
    [
        lambda document: document.pop("nodes"),
        lambda document: document.update(nodes=7),
        lambda document: document.update(inputs=[{"name": "x", "features": "6", "steps": "T", "whole": False}]),
        lambda document: document.update(inputs=[{"name": "x", "features": 6, "steps": "T", "whole": "no"}]),
        lambda document: document.update(inputs=[{"name": ["x"], "features": 6, "steps": "T", "whole": False}]),
        lambda document: document.update(outputs=[["gru"]]),
        lambda document: document["nodes"][0].update(op=["gru"]),
        lambda document: document["nodes"][0].update(inputs=[["x"]]),
        lambda document: document["nodes"][0].update(weights=[1]),
        lambda document: document["nodes"][0].update(attributes=None),
        lambda document: document["nodes"][0]["attributes"].update(layers=10**12),
        lambda document: document["nodes"][0]["weights"].update(weight_ih_l0="there.is.none"),
        lambda document: document["nodes"].append(document["nodes"][0]),
    ],
)
def test_a_damaged_file_is_one_line(tmp_path, spoil):
    graph = to_graph(GRU(6, 4))
    document = json.loads(json.dumps(graph.document()))
    spoil(document)
    path = files.write(tmp_path / "net.gruvy", graph.arrays, {"task": "graph", "graph": document})
    with pytest.raises(FileFormatError, match=r"net\.gruvy: the network in it is damaged") as caught:
        Graph.read(path)
    assert "\n" not in str(caught.value)


def test_metadata_nested_without_end_is_refused(tmp_path):
    path = files.write(tmp_path / "net.gruvy", {}, {"task": "graph", "graph": []})
    deep = path.read_bytes().replace(b'\\"graph\\": []', b'\\"graph\\": ' + b"[" * 100_000 + b"]" * 100_000)
    header = int.from_bytes(deep[:8], "little") + 2 * 100_000 - 2
    path.write_bytes(header.to_bytes(8, "little") + deep[8:])
    with pytest.raises(FileFormatError, match="damaged"):
        Graph.read(path)


def test_a_file_without_a_graph_says_why(tmp_path):
    for document, reason in (({"task": "forecast", "spec": {"cell": "lstm"}}, "'lstm'"), ({"task": "x"}, "before")):
        path = files.write(tmp_path / "net.gruvy", {}, document)
        with pytest.raises(FileFormatError, match=f"holds no graph: .*{reason}"):
            Graph.read(path)


# ---- streams ----


def network() -> Graph:
    """Two GRUs, one beside the other, and an input that is the same at every step."""
    torch.manual_seed(0)
    build = Builder()
    x, who = build.input("x", 6), build.input("who", 2, None)
    first = build.gru("first", x, GRU(6, 4, 2, learn_initial_state=True).to_weights())
    second = build.gru("second", build.add("concat", first, x, who), GRU(12, 3, reset_after=False).to_weights())
    last = build.add("last", second)
    return build.graph(build.dense("head", second, RNG.random((2, 3))), build.add("unfold", last, steps=3))


def test_a_stream_gives_what_the_sequence_gives():
    graph, who = network(), RNG.normal(size=(3, 2)).astype("f4")
    whole, states = graph.run({"x": STEPS, "who": who})
    stream = graph.stream(3)
    for step in range(5):
        if step == 2:
            kept = stream.snapshot()
        got = stream.step({"x": STEPS[step], "who": who})
        np.testing.assert_allclose(got["head"], whole["head"][step], atol=1e-6)
        ended, _ = graph.run({"x": STEPS[: step + 1], "who": who})
        np.testing.assert_array_equal(got["unfold"], ended["unfold"])
    for name, state in stream.snapshot().items():
        np.testing.assert_array_equal(state, states[name])
    np.testing.assert_array_equal(graph.run({"x": STEPS[2:], "who": who}, kept)[1]["second"], states["second"])
    stream.restore(kept)
    np.testing.assert_allclose(stream.step({"x": STEPS[2], "who": who})["head"], whole["head"][2], atol=1e-6)
    stream.reset()
    np.testing.assert_allclose(stream.step({"x": STEPS[0], "who": who})["head"], whole["head"][0], atol=1e-6)


def test_streams_that_cannot_be():
    with pytest.raises(ArgumentError, match="gru gru is bidirectional"):
        to_graph(GRU(6, 4, bidirectional=True)).stream()
    build = Builder()
    x = build.input("x", 6)
    relative = build.graph(build.add("subtract", x, build.add("last", x)))
    with pytest.raises(ArgumentError, match="subtract subtract reads the sequence's last step at every step"):
        relative.stream()
    build = Builder()
    ahead = build.add("unfold", build.input("x", 6, None), steps=2)
    with pytest.raises(ArgumentError, match="gru gru runs over steps ahead"):
        build.graph(build.gru("gru", ahead, GRU(3, 4).to_weights())).stream()


def test_arrays_of_a_step_are_checked():
    stream = to_graph(GRU(6, 4)).stream(2)
    with pytest.raises(TensorError, match=r"x is missing; expected float32 \(2, 6\)"):
        stream.step({})
    with pytest.raises(TensorError, match=r"x is float64 \(2, 6\)"):
        stream.step({"x": np.zeros((2, 6))})
    with pytest.raises(TensorError, match=r"states are \[\]; expected \['gru'\]"):
        stream.restore({})
