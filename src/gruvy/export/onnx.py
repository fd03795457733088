"""ONNX: a graph as one file for ONNX Runtime and whatever else reads the format, checked before it is kept."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from gruvy.errors import ArgumentError, MissingExtraError
from gruvy.export.onnx_nodes import NODES
from gruvy.export.onnx_writer import Writer
from gruvy.export.proof import Proof, Run, prove
from gruvy.export.source import graph_of, preprocessing_of
from gruvy.files import replace_file
from gruvy.graph import Graph

OPSET = 17
IR_VERSION = 8  # of opset 17; newer readers take it too
LARGEST = 2**31 - 2**20  # bytes; protobuf's limit, with room for what is not weights
# (steps, batch) of the runs that the file is checked with.
_RUNS = ((1, 1), (1, 5), (2, 2), (7, 1), (24, 3))


class Checked(NamedTuple):
    """What an export has written, and how it was checked.

    Attributes:
        path: the file.
        difference: the largest between ONNX Runtime and gruvy, as a share of the largest value where that exceeds 1.
        runs: (T, N) of each run.
        error: how far ONNX Runtime is from float64, likewise.
        own: how far gruvy's float32 is.
        inputs: name of each input -> its shape, "N" and "T" where it is free.
    """

    path: Path
    difference: float
    runs: tuple[tuple[int, int], ...]
    error: float
    own: float
    inputs: Mapping[str, tuple[int | str, ...]]


def write(source: Any, path: str | os.PathLike[str], **options: Any) -> Checked:
    """Write a network to an ONNX file, opset 17, after ONNX Runtime has computed with it what gruvy does.

    Batch and time are dynamic: ``N`` and ``T``. Arrays are float32 and time first, (T, N, features), or (N, T,
    features) where the network is ``batch_first``, as the layer that it is made of; each input's and output's
    description in the file says so. Inputs are the graph's, by their
    names, and then for each GRU its initial state ``NAME_h_0`` (layers * directions, N, H), which may be zero; outputs
    are the graph's, and then ``NAME_h_n``, to be given to the next call as ``NAME_h_0``: so a stream is a call with one
    step after the other. A GRU alone has ``x`` (T, N, I), ``gru_h_0``, ``gru`` (T, N, H * directions), ``gru_h_n``.

    GRUs become GRU nodes, with ``linear_before_reset=1`` where the reset gate is applied after the product. With layer
    norm or zoneout, which the node lacks, they become a Scan.

    The model's metadata hold, as JSON, the states that were learnt to start from as ``NAME_h_0`` and, of a fitted
    estimator, as ``preprocessing`` what is done to a table first: the file has the network alone.

    Args:
        source: what `gruvy.export.source.graph_of` takes: a graph, GRU weights, a module, or a file's path.
        path: the file to write; an existing one is replaced.
        **options: as for `gruvy.export.source.graph_of`: which GRU of a file, and what the file does not say.

    Returns:
        The path and how the file was checked.

    Raises:
        ArgumentError: the weights exceed the 2 GB that such a file can hold.
        GruvyError: ONNX Runtime's results are farther from float64's than float32 itself explains, see
            `gruvy.export.proof`; there is no file then.
        MissingExtraError: onnx or onnxruntime is not installed.

    Example:
        >>> from gruvy.nn import GRU
        >>> import tempfile
        >>> write(GRU(3, 8), tempfile.mkdtemp() + "/gru.onnx").difference < 1e-5
        True
    """
    graph = graph_of(source, **options)
    size = sum(array.nbytes for array in graph.arrays.values())
    if size > LARGEST:
        raise ArgumentError(f"the weights have {size / 1e9:.1f} GB; an ONNX file of one part holds at most 2 GB")
    try:
        data = _model(graph, preprocessing_of(source))
        proof = _proof(graph, data)
    except ModuleNotFoundError as error:
        raise MissingExtraError("export to ONNX", "onnx", error.name) from error
    path = Path(path)
    replace_file(path, data)
    runs = tuple(_RUNS[number] for number in proof.runs)
    states = {f"{name}_h_0": (layers, "N", H) for name, (layers, H) in graph.states.items()}
    inputs = {name: graph.shape(name) for name in graph.inputs}
    return Checked(path, proof.difference, runs, proof.error, proof.own, {**inputs, **states})


def _model(graph: Graph, preprocessing: dict[str, Any] | None) -> bytes:
    """Return the model as bytes."""
    import onnx
    from onnx import TensorProto, helper

    writer = Writer(graph)
    for node in graph.nodes:
        NODES[node.op](writer, node)
    writer.turn()
    floats = TensorProto.FLOAT

    def described(name: str) -> Any:
        kind = TensorProto.INT64 if graph.values[name].whole else floats
        return helper.make_tensor_value_info(name, kind, graph.shape(name), _layout(graph.shape(name)))

    states = {name: (layers, "N", H) for name, (layers, H) in graph.states.items()}
    model = helper.make_model(
        helper.make_graph(
            writer.nodes,
            "gruvy",
            [described(name) for name in graph.inputs]
            + [helper.make_tensor_value_info(f"{name}_h_0", floats, shape) for name, shape in states.items()],
            [described(name) for name in graph.outputs]
            + [helper.make_tensor_value_info(f"{name}_h_n", floats, shape) for name, shape in states.items()],
            writer.initializers,
        ),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="gruvy",
    )
    about: dict[str, Any] = {f"{name}_h_0": state.tolist() for name, state in _learnt_states(graph).items()}
    if preprocessing is not None:
        about["preprocessing"] = preprocessing
    helper.set_model_props(model, {name: json.dumps(value) for name, value in about.items()})
    onnx.checker.check_model(model, full_check=True)
    data: bytes = model.SerializeToString()
    return data


def _layout(shape: tuple[int | str, ...]) -> str:
    """Say what the axes of a value are."""
    axes = {"N": "batch", "T": "time"}
    steps = f"{shape[0]} steps, batch" if isinstance(shape[0], int) else f"batch, {shape[1]} steps"
    first = ", ".join(axes[str(size)] for size in shape[:-1]) if set(shape[:-1]) <= axes.keys() else steps
    return f"({first}, {shape[-1]} features)"


def _learnt_states(graph: Graph) -> dict[str, np.ndarray]:
    learnt = {}
    for name, gru in graph.grus.items():
        states = [one.initial_state for one in gru.flat]
        if any(state is not None for state in states):
            zero = np.zeros(gru.hidden_size, np.float32)
            learnt[name] = np.stack([zero if state is None else state for state in states])
    return learnt


def _proof(graph: Graph, data: bytes) -> Proof:
    """Run a model on random inputs and states of several sizes, beside gruvy."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    names = [*graph.outputs, *(f"{name}_h_n" for name in graph.states)]
    rng = np.random.default_rng(0)
    runs = []
    for T, N in _RUNS:
        inputs = {name: _sample(rng, graph, name, T, N) for name in graph.inputs}
        states = {
            name: rng.uniform(-1, 1, (layers, N, H)).astype(np.float32) for name, (layers, H) in graph.states.items()
        }
        runs.append(Run(inputs, states))

    def exported(run: Run) -> dict[str, np.ndarray]:
        feed = {**run.inputs, **{f"{name}_h_0": state for name, state in (run.states or {}).items()}}
        return dict(zip(names, session.run(names, feed), strict=True))

    def ours(network: Graph, run: Run) -> dict[str, np.ndarray]:
        outputs, states = network.run(run.inputs, run.states)
        return {**outputs, **{f"{name}_h_n": state for name, state in states.items()}}

    return prove(graph, runs, exported, ours, title="ONNX Runtime")


def _sample(rng: np.random.Generator, graph: Graph, name: str, T: int, N: int) -> np.ndarray:
    value = graph.inputs[name]
    shape = tuple({"T": T, "N": N}.get(size, size) for size in graph.shape(name))
    if not value.whole:
        return rng.standard_normal(shape).astype(np.float32)
    sizes = [len(graph.arrays[node.weights["weight"]]) for node in graph.nodes if name in node.inputs]
    return rng.integers(0, min(sizes, default=1), shape)
