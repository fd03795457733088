"""`Structure`: the parts of a graph and whether they fit together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gruvy.errors import TensorError
from gruvy.graph.node import Node, Value
from gruvy.graph.operations import MOST_FEATURES, OPERATIONS, Array
from gruvy.spec import GRUWeights


@dataclass(frozen=True, eq=False)
class Structure:
    """Inputs, nodes, outputs and weights, checked when they are put together; see `gruvy.graph.Graph`."""

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
        return {name: (len(gru.flat), gru.hidden_size) for name, gru in self.grus.items()}

    def turned(self, name: str, array: Array) -> Array:
        """Return a value's array with time and batch exchanged where the graph is ``batch_first``, else as it is."""
        return array.swapaxes(0, 1) if self.batch_first and self.values[name].steps is not None else array

    def shape(self, name: str) -> tuple[Any, ...]:
        """Return the shape of an input or output, "N" and "T" where it is free."""
        value = self.values[name]
        if value.steps is None:
            return ("N", value.features)
        return ("N", value.steps, value.features) if self.batch_first else (value.steps, "N", value.features)

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
        given = {name: type(value) for name, value in node.attributes.items()}
        allowed = {name: kind for name, kind in operation.optional.items() if name in given}
        if given != {**operation.attributes, **allowed}:
            raise ValueError(f"has the attributes {_types(given)}; expected {_types(operation.attributes)}")
        inputs = [self.values[name] for name in node.inputs]
        if any(value.whole != operation.reads_integers for value in inputs):
            raise ValueError("an embedding reads integers, all else reads float32")
        output = operation.shape(node, inputs, self._weights(node))
        if not 0 < output.features <= MOST_FEATURES:
            raise ValueError(f"has {output.features} features; expected 1 to {MOST_FEATURES}")
        if operation.recurrence is not None:
            self.grus[node.output] = operation.recurrence.weights(node, self._weights(node))
        return output

    def _weights(self, node: Node) -> dict[str, Array]:
        """Return a node's arrays by the operation's names for them."""
        listed = OPERATIONS[node.op].weights
        if lost := [name for name in node.weights.values() if name not in self.arrays]:
            raise ValueError(f"there is no array {', '.join(lost)}")
        if listed is not None:
            needed = {role for role, must in listed.items() if must}
            if not needed <= node.weights.keys() <= listed.keys():
                raise ValueError(f"has the weights {sorted(node.weights)}; expected {sorted(listed)}")
        arrays = {role: self.arrays[name] for role, name in node.weights.items()}
        if wrong := [f"{node.weights[role]} is {a.dtype}" for role, a in arrays.items() if a.dtype != np.float32]:
            raise ValueError(f"{', '.join(wrong)}; expected float32")
        return arrays

    def check_arrays(self, inputs: Mapping[str, Array], states: Mapping[str, Array]) -> None:
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


def _wrong_input(value: Value) -> list[str]:
    problems = []
    if type(value.features) is not int or not 0 < value.features <= MOST_FEATURES:
        problems.append(f"has {value.features!r} features; expected 1 to {MOST_FEATURES}")
    if not (value.steps in (None, "T") or (type(value.steps) is int and value.steps > 0)):
        problems.append(f"has {value.steps!r} steps; expected a number, 'T', or none")
    return problems


def _types(attributes: Mapping[str, type]) -> str:
    return ", ".join(f"{name}: {kind.__name__}" for name, kind in sorted(attributes.items())) or "none"


def _shape(shape: tuple[Any, ...]) -> str:
    return f"({', '.join(map(str, shape))})"
