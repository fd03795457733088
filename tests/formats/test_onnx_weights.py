"""ONNX's GRU operator: the standard's own cases, what exporters write, ONNX Runtime's own run of what gruvy writes."""

from __future__ import annotations

import warnings

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper

from gruvy import formats
from gruvy.errors import ArgumentError, FileFormatError
from gruvy.spec import GRUWeights, LayerWeights

with warnings.catch_warnings():
    # The cases of all operators are made at once; some compute with infinities.
    warnings.simplefilter("ignore")
    from onnx.backend.test.case.node import collect_testcases

    STANDARD = {case.name: case for case in collect_testcases("GRU")}


def gru(layers=1, directions=1, inputs=3, hidden=4, *, bias=True, after=True, reverse=False, seed=0):
    rng = np.random.default_rng(seed)

    def normal(*shape):
        return rng.standard_normal(shape).astype(np.float32)

    def one(I):
        biases = [normal(3 * hidden), normal(3 * hidden)] if bias else []
        return LayerWeights(normal(3 * hidden, I), normal(3 * hidden, hidden), *biases)

    sizes = [inputs, *[directions * hidden] * (layers - 1)]
    found = tuple(tuple(one(I) for _ in range(directions)) for I in sizes)
    return GRUWeights(found, reset_after=after, reverse=reverse)


def one_node(weights=None, inputs=None, constants=None, **changed):
    """A model of a single GRU node, with attributes and constants changed."""
    weights = weights or gru()
    model = formats.write(weights, format="onnx")
    node = model.graph.node[0]
    keep = [a for a in node.attribute if a.name not in changed]
    given = [helper.make_attribute(name, value) for name, value in changed.items() if value is not None]
    del node.attribute[:]
    node.attribute.extend([*keep, *given])
    for at, name in (inputs or {}).items():
        node.input[at] = name
    for name, array in (constants or {}).items():
        model.graph.initializer.append(numpy_helper.from_array(array, name))
    return model


@pytest.mark.parametrize("name", STANDARD)
def test_the_standards_own_cases(name):
    case = STANDARD[name]
    names = [value.name for value in case.model.graph.input]
    for inputs, outputs in case.data_sets:
        data = dict(zip(names, inputs, strict=True))
        model = onnx.ModelProto()
        model.CopyFrom(case.model)
        for weight in names[1:]:
            model.graph.initializer.append(numpy_helper.from_array(np.asarray(data[weight]), weight))
        node = model.graph.node[0]
        rows = helper.get_node_attr_value(node, "layout") if any(a.name == "layout" for a in node.attribute) else 0
        x = np.asarray(data["X"], np.float32)
        out, last = formats.read(model).run(x.swapaxes(0, 1) if rows else x)
        T, N, _ = out.shape
        Y = out.reshape(T, N, len(last), -1).transpose(0, 2, 1, 3)
        found = {"Y": Y.transpose(2, 0, 1, 3), "Y_h": last.swapaxes(0, 1)} if rows else {"Y": Y, "Y_h": last}
        for value, wanted in zip(case.model.graph.output, outputs, strict=True):
            np.testing.assert_allclose(found[value.name], wanted, atol=1e-6)


def test_all_of_the_standards_cases_are_there():
    assert {name.removeprefix("test_gru_") for name in STANDARD} >= {
        *("defaults", "with_initial_bias", "seq_length", "batchwise", "reverse", "bidirectional"),
    }


GRUS = [
    gru(layers, directions, bias=bias, after=after, reverse=reverse, seed=layers)
    for layers in (1, 3)
    for directions, reverse in ((1, False), (2, False), (1, True))
    for bias in (True, False)
    for after in (True, False)
]


@pytest.mark.parametrize("weights", GRUS)
def test_onnx_runtime_computes_what_was_written_and_it_is_read_back_bit_for_bit(weights, tmp_path):
    path = formats.write(weights, tmp_path / "gru.onnx")
    onnx.checker.check_model(onnx.load(path), full_check=True)
    assert formats.same_weights(formats.read(path), weights)
    rng = np.random.default_rng(1)
    session = onnxruntime.InferenceSession(path)
    for T, N in ((7, 2), (1, 5)):
        x = rng.standard_normal((T, N, 3)).astype(np.float32)
        h_0 = rng.standard_normal((weights.num_layers * len(weights.layers[0]), N, 4)).astype(np.float32)
        for mine, theirs in zip(weights.run(x, h_0), session.run(None, {"input": x, "h_0": h_0}), strict=True):
            np.testing.assert_allclose(mine, theirs, atol=1e-5)


class Network(torch.nn.Module):
    """A GRU with other layers before and after it."""

    def __init__(self, gru: torch.nn.GRU):
        super().__init__()
        self.before, self.gru, self.after = torch.nn.Linear(3, 3), gru, torch.nn.LazyLinear(2)
        self(torch.zeros(1, 1, 3))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.after(self.gru(self.before(x))[0])


@pytest.mark.parametrize(
    ("dynamo", "layers", "bidirectional", "batch_first"),
    [(True, 2, True, True), (False, 1, False, False), (False, 3, True, True), (False, 2, False, True)],
)
def test_what_torch_exports_is_read(dynamo, layers, bidirectional, batch_first, tmp_path):
    torch.manual_seed(0)
    network = Network(torch.nn.GRU(3, 4, layers, bidirectional=bidirectional, batch_first=batch_first)).eval()
    sizes = {0: "a", 1: "b"}
    if dynamo:
        dynamic = {"dynamic_shapes": ({axis: torch.export.Dim(name) for axis, name in sizes.items()},)}
    else:
        dynamic = {"input_names": ["x"], "dynamic_axes": {"x": sizes}}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the exporters, about themselves
        torch.onnx.export(
            network, (torch.zeros(5, 2, 3),), tmp_path / "m.onnx", dynamo=dynamo, verbose=False, **dynamic
        )
    flat = [LayerWeights(*[array.detach().numpy() for array in arrays]) for arrays in network.gru.all_weights]
    D = 1 + bidirectional
    expected = GRUWeights(tuple(tuple(flat[at : at + D]) for at in range(0, len(flat), D)), reset_after=True)
    assert formats.same_weights(formats.read(tmp_path / "m.onnx"), expected)


def test_float16_float64_and_bfloat16():
    weights = gru()
    for dtype in ("f2", "f8"):
        assert formats.same_weights(
            formats.read(formats.write(weights.astype(dtype), format="onnx")), weights.astype(dtype)
        )
    model = formats.write(weights, format="onnx")
    tensor = next(t for t in model.graph.initializer if t.name == "gru_0.W")
    wide = numpy_helper.to_array(tensor)
    tensor.CopyFrom(
        numpy_helper.from_array(wide.astype(helper.tensor_dtype_to_np_dtype(TensorProto.BFLOAT16)), tensor.name)
    )
    read = formats.read(model).layers[0][0].weight_ih
    np.testing.assert_allclose(read, weights.layers[0][0].weight_ih, rtol=2**-8)
    assert read.dtype == np.float32


def test_constants_may_be_nodes_identities_and_external_data(tmp_path):
    weights = gru(2, 2)
    model = formats.write(weights, format="onnx")
    first = model.graph.initializer[1]
    model.graph.node.insert(0, helper.make_node("Constant", [], ["moved"], value=first))
    model.graph.node.insert(1, helper.make_node("Identity", ["moved"], [first.name]))
    del model.graph.initializer[1]
    onnx.checker.check_model(model)
    assert formats.same_weights(formats.read(model), weights)
    onnx.save(model, tmp_path / "m.onnx", save_as_external_data=True, location="m.data", size_threshold=0)
    assert formats.same_weights(formats.read(tmp_path / "m.onnx"), weights)
    with pytest.raises(ArgumentError, match=r"lies in another file, 'm.data'; give the path"):
        formats.read(onnx.load(tmp_path / "m.onnx", load_external_data=False))


def test_a_constant_initial_state_belongs_to_the_layer():
    state = np.arange(8, dtype=np.float32).reshape(2, 1, 4)
    model = one_node(gru(1, 2), {5: "start"}, {"start": np.repeat(state, 3, axis=1)})
    (layer,) = formats.read(model).layers
    np.testing.assert_array_equal([one.initial_state for one in layer], state[:, 0])
    zero = one_node(gru(1, 2), {5: "start"}, {"start": np.zeros((2, 3, 4), np.float32)})
    assert formats.read(zero).layers[0][0].initial_state is None
    rows = one_node(gru(1, 2), {5: "start"}, {"start": np.arange(24, dtype=np.float32).reshape(2, 3, 4)})
    with pytest.raises(ArgumentError, match="differs between the rows"):
        formats.read(rows)


REFUSED = {
    "activations": (one_node(activations=["Sigmoid", "Gelu"]), "activations are Sigmoid, Gelu; expected of Sigmoid, "),
    "alpha": (one_node(activation_alpha=[0.5]), "activation_alpha is .*0.5.*take none"),
    "beta": (one_node(activation_beta=[0.5]), "activation_beta is .*0.5.*take none"),
    "clip": (one_node(clip=3.0), "clip is 3.0"),
    "direction": (one_node(direction="sideways"), "direction is 'sideways'"),
    "hidden_size": (one_node(hidden_size=5), r"R has the shape \(1, 12, 4\); expected \(1, 15, 5\)"),
    "form": (one_node(linear_before_reset=2), "linear_before_reset is 2; expected 0 or 1"),
    "unknown attribute": (one_node(peephole=1), "attributes peephole are none"),
    "two directions, weights of one": (one_node(direction="bidirectional"), r"W has the shape \(1, 12, 3\)"),
    "transposed": (
        one_node(inputs={1: "w"}, constants={"w": np.zeros((1, 3, 12), np.float32)}),
        r"W has the shape \(1, 3, 12\); expected \(1, 12, I\), it may be transposed",
    ),
    "computed": (one_node(inputs={2: "gru_0.Y.rows"}), "cycle"),
    "from outside": (one_node(inputs={2: "input"}), "R is the input 'input' of the graph"),
    "missing": (one_node(inputs={1: ""}), "W is missing"),
    "integers": (one_node(inputs={1: "w"}, constants={"w": np.zeros((1, 12, 3), np.int64)}), "W is int64"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_gruvys_cell_does_not_do_is_refused_with_the_reason(case):
    model, reason = REFUSED[case]
    with pytest.raises(ArgumentError, match=reason):
        formats.read(model)


def test_the_default_activations_may_be_spelled_out():
    plain = gru(1, 2)
    model = one_node(plain, activations=["sigmoid", "TANH", "Sigmoid", "Tanh"], clip=None)
    assert formats.same_weights(formats.read(model), plain)


def test_without_the_attribute_it_is_the_reset_before_form():
    assert formats.read(one_node(linear_before_reset=None)).reset_after is False


def branches():
    """A model in which two GRUs read the output of a third."""
    model = formats.write(gru(2, inputs=4), format="onnx")
    last = next(node for node in model.graph.node if node.name == "gru_1")
    other = onnx.NodeProto()
    other.CopyFrom(last)
    other.name = "other"
    del other.output[:]
    other.output.append("other.Y")
    model.graph.node.append(other)
    return model


def test_several_grus_are_told_apart_by_name():
    with pytest.raises(ArgumentError, match="holds 3 GRUs: 'gru_0', 'gru_1', 'other'; choose one with at="):
        formats.read(branches())
    with pytest.raises(ArgumentError, match="no GRU named 'nobody'"):
        formats.read(branches(), name="nobody")
    assert formats.read(branches(), name="other").num_layers == 1


def test_axes_mixed_up_between_layers_are_refused():
    model = formats.write(gru(2, 2), format="onnx")
    transpose = next(node for node in model.graph.node if node.op_type == "Transpose")
    transpose.attribute[0].ints[:] = [0, 1, 2, 3]
    with pytest.raises(ArgumentError, match=r"reaches the GRU node 'gru_1' with the axes \(\?\)"):
        formats.read(model)


@pytest.mark.parametrize(("attribute", "value"), [("linear_before_reset", 0), ("direction", "reverse")])
def test_nodes_of_two_kinds_are_two_grus(attribute, value):
    model = formats.write(gru(2), format="onnx")
    node = next(node for node in model.graph.node if node.name == "gru_1")
    kept = [one for one in node.attribute if one.name != attribute]
    del node.attribute[:]
    node.attribute.extend([*kept, helper.make_attribute(attribute, value)])
    with pytest.raises(ArgumentError, match="holds 2 GRUs: 'gru_0', 'gru_1'; choose one with at="):
        formats.read(model)
    second = formats.read(model, name="gru_1")
    assert (second.num_layers, second.reset_after, second.reverse) == (1, attribute == "direction", value == "reverse")


def test_weights_beyond_protobufs_limit_are_refused():
    wide = np.broadcast_to(np.float32(0), (3 << 14, 1 << 14))
    huge = GRUWeights(((LayerWeights(wide[:, :1], wide),),), reset_after=True)
    with pytest.raises(ArgumentError, match=r"3,221,422,080 bytes; an ONNX file holds up to 2,"):
        formats.write(huge, format="onnx")


def test_a_gru_that_is_not_there_and_one_inside_of_a_loop(tmp_path):
    path = tmp_path / "lstm.onnx"
    model = one_node()
    model.graph.node[0].op_type = "LSTM"
    onnx.save(model, path)
    with pytest.raises(
        FileFormatError,
        match=r"lstm.onnx: it has no GRU node \(there is the LSTM node 'gru_0'\); its nodes are .* LSTM, Reshape",
    ):
        formats.read(path)
    outer = one_node()
    inner = outer.graph.node.pop(0)
    outer.graph.node.insert(0, helper.make_node(
        "If", ["input"], list(inner.output), then_branch=helper.make_graph([inner], "then", [], [])))  # fmt: skip
    with pytest.raises(ArgumentError, match="made twice"):  # by the node outside and by that inside
        formats.read(outer)


def test_what_onnx_cannot_hold_is_refused():
    one = gru().layers[0][0]
    gains = one._replace(gain_ih=np.ones(12, "f4"), gain_hh=np.ones(12, "f4"))
    with pytest.raises(ArgumentError, match="layer norm"):
        formats.write(GRUWeights(((gains,),), reset_after=True), format="onnx")
    with pytest.raises(ArgumentError, match="zoneout"):
        formats.write(GRUWeights(((one,),), reset_after=True, zoneout=0.1), format="onnx")
