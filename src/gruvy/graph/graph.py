"""`Graph`: a network as a list of operations, checked when it is made, and run by NumPy and the engine."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gruvy import files
from gruvy.errors import FileFormatError, TensorError
from gruvy.graph.node import Node, Steps, Value
from gruvy.graph.operations import MOST_FEATURES, OPERATIONS, gru_weights
from gruvy.spec import GRUWeights

if TYPE_CHECKING:
    from gruvy.graph.stream import GraphStream

Array = NDArray[Any]
TASK = "graph"


@dataclass(frozen=True, eq=False)
class Graph:
    """A network: inputs, nodes in the order in which they are computed, outputs, and the weights by name.

    Values are float32 and time first, (T, N, features), or without a time axis (N, features); N is free, and so is T
    where a value's steps are "T". Inputs and outputs are (N, T, features) where the graph is ``batch_first``. Each GRU
    has a state (layers * directions, N, H), called as its output. The operations stand in `gruvy.graph.operations`;
    `Builder` helps to write a graph down.

    Args:
        inputs: name -> its features, steps and kind of number.
        nodes: each reads inputs of the graph or outputs of nodes before it.
        outputs: names of values.
        arrays: name -> float32 array, the weights of all nodes.
        batch_first: whether inputs and outputs with a time axis have the batch before it.

    Attributes:
        values: every input and output of a node.
        grus: a GRU's output -> its weights.

    Raises:
        TensorError: something does not fit; all that is found is named at once.

    Example:
        >>> arrays = {"w": np.ones((1, 2), "f4")}
        >>> graph = Graph({"x": Value(2)}, (Node("dense", ("x",), "y", {"weight": "w"}),), ("y",), arrays)
        >>> outputs, states = graph.run({"x": np.ones((5, 3, 2), "f4")})
        >>> outputs["y"].shape
        (5, 3, 1)
    """

    inputs: Mapping[str, Value]
    nodes: tuple[Node, ...]
    outputs: tuple[str, ...]
    arrays: Mapping[str, Array]
    batch_first: bool = False
    values: dict[str, Value] = field(init=False, repr=False, default_factory=dict)
    grus: dict[str, GRUWeights] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        problems = [f"input {name} {reason}" for name, value in self.inputs.items() for reason in _wrong_input(value)]
        if not self.inputs:
            problems.append("there is no input")
        self.values.update(self.inputs)
        for node in () if problems else self.nodes:
            try:
                self.values[node.output] = self._check(node)
            except ValueError as error:
                problems.append(f"{node.op} {node.output}: {error}")
                # What reads it would only repeat this problem.
                break
        else:
            problems += [f"output {name} is no value" for name in self.outputs if name not in self.values]
            if not self.outputs:
                problems.append("there is no output")
        if problems:
            raise TensorError(f"the graph does not fit together: {'; '.join(problems)}")

    @property
    def states(self) -> dict[str, tuple[int, int]]:
        """The shape of each GRU's state without its batch: (layers * directions, H)."""
        return {name: (gru.num_layers * len(gru.layers[0]), gru.hidden_size) for name, gru in self.grus.items()}

    def run(
        self, inputs: Mapping[str, Array], states: Mapping[str, Array] | None = None
    ) -> tuple[dict[str, Array], dict[str, Array]]:
        """Compute the outputs of a whole batch.

        Args:
            inputs: every input of the graph, by name.
            states: the states to start from, (layers * directions, N, H), by the GRU's output; those that are left out
                start from zero, or from what the GRU has learnt to start from.

        Returns:
            The outputs and the last states, by name.

        Raises:
            TensorError: an array is missing, or has another shape or dtype; all problems are named at once.
            GruvyError: there is a GRU, and the native engine is missing.
        """
        return self._computed(inputs, states, exact=False)

    def run_exactly(
        self, inputs: Mapping[str, Array], states: Mapping[str, Array] | None = None
    ) -> tuple[dict[str, Array], dict[str, Array]]:
        """Do as `run` in float64, by NumPy alone: what float32 results are measured against. Slow."""
        return self._computed(inputs, states, exact=True)

    def _computed(
        self, inputs: Mapping[str, Array], states: Mapping[str, Array] | None, *, exact: bool
    ) -> tuple[dict[str, Array], dict[str, Array]]:
        given = dict(states or {})
        self._check_arrays(inputs, given)
        values = {name: self.turned(name, array) for name, array in inputs.items()}
        for node in self.nodes:
            arrays = [values[name] for name in node.inputs]
            if exact:
                arrays = [array if array.dtype.kind == "i" else array.astype(np.float64) for array in arrays]
            if node.op == "gru":
                gru, start = self.grus[node.output], given.get(node.output)
                run = gru.run_composed if exact else gru.run
                values[node.output], given[node.output] = run(arrays[0], start)
            else:
                values[node.output] = compute(node, arrays, self.arrays)
        return {name: self.turned(name, values[name]) for name in self.outputs}, given

    def turned(self, name: str, array: Array) -> Array:
        """Return a value's array with time and batch exchanged where the graph is ``batch_first``, else as it is."""
        return array.swapaxes(0, 1) if self.batch_first and self.values[name].steps is not None else array

    def shape(self, name: str) -> tuple[Any, ...]:
        """Return the shape of an input or output, "N" and "T" where it is free."""
        value = self.values[name]
        if value.steps is None:
            return ("N", value.features)
        return ("N", value.steps, value.features) if self.batch_first else (value.steps, "N", value.features)

    def stream(self, streams: int = 1) -> GraphStream:
        """Return the network to be run one step at a time, with the same results.

        Raises:
            ArgumentError: a step needs what comes after it; the message says where.
        """
        from gruvy.graph.stream import GraphStream

        return GraphStream(self, streams)

    def document(self) -> dict[str, Any]:
        """Return all but the arrays as plain JSON."""
        layout = {"batch_first": True} if self.batch_first else {}
        return {
            **layout,
            "inputs": [
                {"name": name, "features": value.features, "steps": value.steps, "whole": value.whole}
                for name, value in self.inputs.items()
            ],
            "nodes": [
                {
                    "op": node.op,
                    "inputs": list(node.inputs),
                    "output": node.output,
                    "weights": dict(node.weights),
                    "attributes": dict(node.attributes),
                }
                for node in self.nodes
            ],
            "outputs": list(self.outputs),
        }

    @classmethod
    def of_document(cls, document: Any, arrays: Mapping[str, Array]) -> Graph:
        """Put together what `document` returned and the arrays, out of which it takes its own.

        Raises:
            TensorError: it does not fit together.
            KeyError, TypeError: it is no such document.
        """
        inputs = {_text(one["name"]): _input(one["features"], one["steps"], one["whole"]) for one in document["inputs"]}
        nodes = tuple(
            Node(
                _text(one["op"]),
                tuple(map(_text, one["inputs"])),
                _text(one["output"]),
                {_text(role): _text(name) for role, name in one["weights"].items()},
                {_text(name): value for name, value in one["attributes"].items()},
            )
            for one in document["nodes"]
        )
        names = {name for node in nodes for name in node.weights.values()}
        return cls(
            inputs,
            nodes,
            tuple(map(_text, document["outputs"])),
            {name: array for name, array in arrays.items() if name in names},
            document.get("batch_first", False) is True,
        )

    def write(self, path: str | os.PathLike[str]) -> Path:
        """Write the graph to a .gruvy file; `gruvy.runtime.load` reads it back."""
        return files.write(path, self.arrays, {"task": TASK, "graph": self.document()})

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> Graph:
        """Read the graph of any .gruvy file that holds one, a fitted estimator's for example.

        Raises:
            FileFormatError: the file is missing, damaged, no .gruvy file, or holds no graph.
        """
        arrays, document = files.read(path)
        return graph_of_file(path, arrays, document)

    # ---- checking ----

    def _check(self, node: Node) -> Value:
        """Return a node's output, or raise ValueError with the reason why there is none."""
        if node.op not in OPERATIONS:
            raise ValueError(f"expected one of {', '.join(OPERATIONS)}")
        if node.output in self.values:
            raise ValueError("there is a value of this name already")
        if unknown := [name for name in node.inputs if name not in self.values]:
            raise ValueError(f"its inputs {', '.join(unknown)} are neither inputs of the graph nor computed before")
        operation = OPERATIONS[node.op]
        if not node.inputs or operation.inputs not in (0, len(node.inputs)):
            raise ValueError(f"has {len(node.inputs)} inputs; expected {operation.inputs or 'at least one'}")
        found = {name: type(value) for name, value in node.attributes.items()}
        allowed = {name: kind for name, kind in operation.optional.items() if name in found}
        if found != {**operation.attributes, **allowed}:
            raise ValueError(f"has the attributes {_types(found)}; expected {_types(operation.attributes)}")
        inputs = [self.values[name] for name in node.inputs]
        if any(value.whole != (node.op == "embedding") for value in inputs):
            raise ValueError("an embedding reads whole numbers, all else reads float32")
        output = operation.shape(node, inputs, self._weights(node))
        if not 0 < output.features <= MOST_FEATURES:
            raise ValueError(f"has {output.features} features; expected 1 to {MOST_FEATURES}")
        if node.op == "gru":
            self.grus[node.output] = gru_weights(node, self._weights(node))
        return output

    def _weights(self, node: Node) -> dict[str, Array]:
        """Return a node's arrays by the operation's names for them."""
        listed = OPERATIONS[node.op].weights
        if lost := [name for name in node.weights.values() if name not in self.arrays]:
            raise ValueError(f"there is no array {', '.join(lost)}")
        if node.op != "gru":
            needed = {role for role, must in listed.items() if must}
            if not needed <= node.weights.keys() <= listed.keys():
                raise ValueError(f"has the weights {sorted(node.weights)}; expected {sorted(listed)}")
        arrays = {role: self.arrays[name] for role, name in node.weights.items()}
        if wrong := [f"{node.weights[role]} is {a.dtype}" for role, a in arrays.items() if a.dtype != np.float32]:
            raise ValueError(f"{', '.join(wrong)}; expected float32")
        return arrays

    def _check_arrays(self, inputs: Mapping[str, Array], states: Mapping[str, Array]) -> None:
        """Refuse arrays that do not fit, all at once."""
        problems = [f"{name} is no input" for name in inputs.keys() - self.inputs.keys()]
        problems += [f"{name} is no state" for name in states.keys() - self.grus.keys()]
        rows: set[int] = set()
        steps: set[int] = set()
        for name, value in self.inputs.items():
            array, dtype = inputs.get(name), np.int64 if value.whole else np.float32
            shape = self.shape(name)
            if array is None:
                problems.append(f"{name} is missing")
                continue
            fits = len(np.shape(array)) == len(shape) and array.shape[-1] == value.features
            T = array.shape[shape.index(value.steps)] if fits and value.steps is not None else None
            if not fits or array.dtype != dtype or value.steps not in (None, "T", T):
                kind = getattr(array, "dtype", type(array).__name__)
                problems.append(f"{name} is {kind} {np.shape(array)}; expected {np.dtype(dtype)} {_shape(shape)}")
                continue
            rows.add(array.shape[shape.index("N")])
            steps |= {T} if value.steps == "T" and T is not None else set()
        for name, (layers, H) in self.states.items():
            if name in states and not (np.ndim(states[name]) == 3 and states[name].shape[::2] == (layers, H)):
                problems.append(f"state {name} has the shape {np.shape(states[name])}; expected ({layers}, N, {H})")
            elif name in states:
                rows.add(states[name].shape[1])
        if len(rows) > 1 or len(steps) > 1:
            problems.append(f"batches of {sorted(rows)} rows and {sorted(steps)} steps meet; expected one of each")
        if not problems and 0 in steps:
            problems.append("there is no step; expected at least one")
        if problems:
            raise TensorError("; ".join(problems))


def compute(node: Node, inputs: list[Array], arrays: Mapping[str, Array]) -> Array:
    """Compute a node that has no state."""
    run = OPERATIONS[node.op].run
    assert run is not None
    return run(node, inputs, {role: arrays[name] for role, name in node.weights.items()})


def graph_of_file(path: str | os.PathLike[str], arrays: Mapping[str, Array], document: Mapping[str, Any]) -> Graph:
    """Return the graph in a file's content.

    Raises:
        FileFormatError: there is none, or it is damaged.
    """
    if document.get("graph") is None:
        spec = document.get("spec")
        cell = spec.get("cell", "gru") if isinstance(spec, dict) else "gru"
        reason = "it was written before gruvy kept one" if cell == "gru" else f"its cell is {cell!r}, no GRU"
        reason = document.get("no_graph", reason)
        raise FileFormatError(f"{path}: holds no graph: {reason}; use gruvy.load where torch is installed")
    try:
        return Graph.of_document(document["graph"], arrays)
    except (KeyError, TypeError, AttributeError, TensorError) as error:
        raise FileFormatError(f"{path}: the network in it is damaged ({error}); save or copy it again") from error


def _wrong_input(value: Value) -> list[str]:
    problems = []
    if type(value.features) is not int or not 0 < value.features <= MOST_FEATURES:
        problems.append(f"has {value.features!r} features; expected 1 to {MOST_FEATURES}")
    if not (value.steps in (None, "T") or (type(value.steps) is int and value.steps > 0)):
        problems.append(f"has {value.steps!r} steps; expected a number, 'T', or none")
    return problems


def _input(features: Any, steps: Steps, whole: Any) -> Value:
    if type(whole) is not bool:
        raise TypeError(f"'whole' is {whole!r}; expected true or false")
    return Value(features, steps, whole)


def _text(name: Any) -> str:
    if not isinstance(name, str):
        raise TypeError(f"{name!r} stands where a name is expected")
    return name


def _types(attributes: Mapping[str, type]) -> str:
    return ", ".join(f"{name}: {kind.__name__}" for name, kind in sorted(attributes.items())) or "none"


def _shape(shape: tuple[Any, ...]) -> str:
    return f"({', '.join(map(str, shape))})"
