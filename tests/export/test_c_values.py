"""The emitted C computes what gruvy does."""

from __future__ import annotations

import itertools
import tempfile
from pathlib import Path

import numpy as np
import pytest
import torch
from c_networks import alone, compiled, gru, networks
from hypothesis import given, settings

from gruvy.export.c import int8
from gruvy.export.c.compiled import compiler
from gruvy.export.c.statements import STATEMENTS
from gruvy.export.c.write import difference, samples
from gruvy.graph import OPERATIONS, Builder
from gruvy.streaming import StreamingGRU
from gruvy.tasks.forecasting.graph import forecast_graph
from gruvy.tasks.forecasting.network import ForecastNetwork

pytestmark = pytest.mark.skipif(compiler() is None, reason="there is no C compiler: apt-get install gcc")

FORMS = [
    dict(zip(("reset_after", "bias", "norm", "start", "zoneout"), flags, strict=True))
    for flags in itertools.product((True, False), (True, False), (True, False), (True, False), (0.0, 0.2))
]
MOST = pytest.mark.parametrize("form", FORMS[::3], ids=str)


def test_every_operation_has_statements():
    assert {*STATEMENTS, "last", "unfold"} == set(OPERATIONS)


@MOST
def test_float32_and_its_states_after_300_steps(tmp_path, form):
    graph = alone(gru(7, 20, layers=2, **form))
    inputs = samples(graph, 300)
    library = compiled(graph, tmp_path)
    outputs, states = graph.run(inputs)
    # Layer norm makes rounding grow: the engine itself is then 1e-6 from float64.
    allowed = 3e-6 if form["norm"] else 1e-6
    assert difference(library.run(inputs), outputs) < allowed
    assert np.abs(library.state.reshape(2, 1, 20) - states["gru"]).max() < allowed


@MOST
def test_int8_steps_from_the_engines_own_state(tmp_path, form):
    """From the same state the bytes are the same: one that is not would move a unit by some 1e-3."""
    weights = gru(7, 20, **form)
    graph = alone(weights)
    library = compiled(graph, tmp_path, "int8")
    inputs = samples(graph, 300)["x"]
    stream = StreamingGRU(
        [weights.layers[0][0]], reset_after=weights.reset_after, zoneout=weights.zoneout, dtype="int8"
    )
    worst = []
    for x in inputs:
        state = stream.snapshot().ravel()
        want = stream.step(x)
        worst.append(np.abs(library.run({"x": x[None]}, state)["gru"][0] - want).max())
    # With reset before, r * h itself is rounded to bytes, and r is known to the last bit but one.
    allowed = 0 if weights.reset_after else 2
    assert sum(difference > 1e-6 for difference in worst) <= allowed, sorted(worst)[-4:]
    assert np.median(worst) < 2e-7


@pytest.mark.parametrize("reset_after", [True, False])
def test_int8_of_a_whole_stream(tmp_path, reset_after):
    graph = alone(gru(16, 48, layers=2, reset_after=reset_after))
    inputs = samples(graph, 300)
    rounded = int8.run(graph, inputs)
    found = compiled(graph, tmp_path, "int8").run(inputs)
    loss = difference(rounded, graph.run(inputs)[0])
    assert np.median(np.abs(found["gru"] - rounded["gru"])) < 1e-6
    assert difference(found, rounded) < loss < 0.05


def test_int8_reference_loses_what_rounding_costs():
    """The reference itself: of a dense layer, by the definition in `gruvy.quantization`."""
    build = Builder()
    weight = np.array([[1.27, -0.5], [0.0, 0.0]], "f4")
    graph = build.graph(build.dense("y", build.input("x", 2), weight, np.array([0.5, 0.25], "f4")))
    x = np.array([[[12.7, 1.04]], [[0.0, 0.0]], [[-3.0, 3.0]]], "f4")
    first = 0.01 * 0.1 * (127 * 127 - 50 * 10) + 0.5
    third = 0.01 * 3 / 127 * (-127 * 127 - 50 * 127) + 0.5
    want = [[[first, 0.25]], [[0.5, 0.25]], [[third, 0.25]]]
    np.testing.assert_allclose(int8.run(graph, {"x": x})["y"], want, rtol=3e-5)  # scales have 17 bits


@settings(max_examples=25, deadline=None)
@given(networks())
def test_any_network(graph):
    for dtype in ("float32", "int8"):
        with tempfile.TemporaryDirectory() as folder:
            library = compiled(graph, Path(folder), dtype)
            for steps in (1, 6):
                inputs = samples(graph, steps)
                exact = graph.run(inputs)[0]
                if dtype == "float32":
                    assert difference(library.run(inputs), exact) < 2e-6
                else:
                    rounded = int8.run(graph, inputs)
                    allowed = max(1e-5, difference(rounded, exact))
                    assert difference(library.run(inputs), rounded) <= allowed


@pytest.mark.parametrize("dtype", ["float32", "int8"])
def test_the_forecasters_network_takes_windows_of_any_length(tmp_path, dtype):
    torch.manual_seed(0)
    network = ForecastNetwork("gru", 9, 4, 2, 3, 6, (0.1, 0.5, 0.9), hidden_size=16, num_layers=2).eval()
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    graph = forecast_graph(network)
    library = compiled(graph, tmp_path, dtype)
    for steps in (1, 2, 168):
        inputs = samples(graph, steps)
        want = graph.run(inputs)[0] if dtype == "float32" else int8.run(graph, inputs)
        assert difference(library.run(inputs), want) < (1e-6 if dtype == "float32" else 1e-3)
    rows = [torch.from_numpy(inputs[name]) for name in ("context", "ahead", "anchor")]
    theirs = network(*rows).detach().numpy().reshape(6, 1, 6)
    assert difference(library.run(inputs), {"quantiles": theirs}) < (1e-5 if dtype == "float32" else 0.05)


def test_a_loop_that_needs_the_end_of_another(tmp_path):
    """h_T of one GRU is an input of another over the same steps: two loops, the first computed anew in the second."""
    build = Builder()
    first = build.gru("first", build.input("x", 3), gru(3, 5, start=True))
    centred = build.add("subtract", first, build.add("last", first))
    second = build.gru("second", centred, gru(5, 4, reset_after=False, seed=1))
    graph = build.graph(second, build.add("last", build.add("tanh", second, name="y"), name="end"))
    library = compiled(graph, tmp_path)
    for steps in (1, 9):
        inputs = samples(graph, steps)
        assert difference(library.run(inputs), graph.run(inputs)[0]) < 1e-6


def test_what_is_read_twice_or_goes_out_is_not_changed_in_place(tmp_path):
    build = Builder()
    gates = build.dense("gates", build.input("x", 3), np.eye(4, 3, dtype="f4"), np.ones(4, "f4"))
    squashed = build.add("tanh", build.add("relu", gates))
    scaled = build.dense("scaled", "x", np.eye(2, 3, dtype="f4"))
    smooth = build.add("softplus", scaled)
    graph = build.graph(build.add("subtract", gates, squashed), build.add("sigmoid", squashed), scaled, smooth)
    inputs = samples(graph, 5)
    assert difference(compiled(graph, tmp_path).run(inputs), graph.run(inputs)[0]) < 1e-6


@pytest.mark.parametrize("dtype", ["float32", "int8"])
@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_shows(tmp_path, dtype, wrong):
    graph = alone(gru(3, 6))
    library = compiled(graph, tmp_path, dtype)
    x = samples(graph, 4)["x"]
    x[1, 0, 1] = wrong
    out = library.run({"x": x})["gru"]
    assert np.isfinite(out[0]).all()
    if dtype == "int8" or np.isnan(wrong):
        assert np.isnan(out[1:]).all()
    assert np.isfinite(library.run(samples(graph, 4))["gru"]).all()  # a new sequence


@pytest.mark.parametrize("dtype", ["float32", "int8"])
def test_a_word_that_is_not_there_shows(tmp_path, dtype):
    build = Builder()
    table = np.arange(12, dtype="f4").reshape(4, 3)
    graph = build.graph(build.embedding("rows", build.input("word", 2, whole=True), table))
    library = compiled(graph, tmp_path, dtype)
    words = np.array([[[0, 3]], [[4, 1]], [[2, -1]], [[2, 2**31 - 1]]])
    out = library.run({"word": words})["rows"][:, 0]
    np.testing.assert_allclose(out[0], [0, 1, 2, 9, 10, 11], atol=0 if dtype == "float32" else 0.05)
    gone, there = [True] * 3, [False] * 3
    assert np.isnan(out[1:]).tolist() == [[*gone, *there], [*there, *gone], [*there, *gone]]


def test_gates_that_are_far_out(tmp_path):
    """Sums of a thousand: sigmoid is 0 or 1 there, and no NaN."""
    weights = gru(2, 5)
    for array in weights.layers[0][0][:4]:
        array *= 1000
    graph = alone(weights)
    inputs = samples(graph, 5)
    found = compiled(graph, tmp_path).run(inputs)
    assert difference(found, graph.run(inputs)[0]) < 1e-6
