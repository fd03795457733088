"""Which GRU nodes of an ONNX graph are layers of one GRU: nodes alike, one's output being another one's input."""

from __future__ import annotations

from typing import Any

import numpy as np

from gruvy.errors import ArgumentError
from gruvy.formats.onnx_graph import Graph, Step, attributes, title

# What exporters put between layers. Dropout does nothing where nothing is trained.
_PASSES = ("Transpose", "Squeeze", "Reshape", "Identity", "Dropout")


def stacks(graph: Graph) -> list[list[Any]]:
    """Return the GRU nodes of a graph, those that feed each other together, the first layer first.

    Raises:
        ArgumentError: a layer's output reaches the next with its axes mixed up.
    """
    nodes = graph.of_type("GRU")
    by_output = {node.output[0]: node for node in nodes if node.output}
    previous: dict[int, Any] = {}
    for node in nodes:
        source, steps = graph.way_from(node.input[0] if node.input else "", "GRU", _PASSES)
        if source is not None and source.output and by_output.get(source.output[0]) is source and _alike(source, node):
            _check_way(source, steps, node)
            previous[id(node)] = source
    following: dict[int, list[Any]] = {}
    for node in nodes:
        if id(node) in previous:
            following.setdefault(id(previous[id(node)]), []).append(node)
    found = []
    for node in nodes:
        # A node that feeds two others ends a stack: they are branches, and not layers.
        if id(node) in previous and len(following[id(previous[id(node)])]) == 1:
            continue
        stack = [node]
        while len(after := following.get(id(stack[-1]), [])) == 1:
            stack += after
        found.append(stack)
    return found


def _alike(one: Any, other: Any) -> bool:
    """Whether two nodes can be layers of one GRU."""
    defaults = {
        "linear_before_reset": 0,
        "direction": "forward",
        "hidden_size": None,
        "activations": None,
        "activation_alpha": None,
        "activation_beta": None,
    }
    mine, theirs = attributes(one), attributes(other)
    return all(mine.get(name, default) == theirs.get(name, default) for name, default in defaults.items())


def _check_way(source: Any, steps: list[Step], target: Any) -> None:
    """Follow the names of the axes from one layer's output, (T, D, N, H), to the next one's input, (T, N, D*H)."""
    given = attributes(source)
    D = 2 if given.get("direction") == "bidirectional" else 1
    axes = ["N", "T", "D", "H"] if given.get("layout") == 1 else ["T", "D", "N", "H"]
    for step in steps:
        axes = _after(axes, step, D)
    expected = ["N", "T", "DH"] if attributes(target).get("layout") == 1 else ["T", "N", "DH"]
    if D == 1:
        axes = ["DH" if axis == "H" else axis for axis in axes if axis != "D"]
    if axes != expected:
        raise ArgumentError(
            f"the output of {title(source)} reaches {title(target)} with the axes ({', '.join(axes)}); "
            f"expected ({', '.join(expected)}): mend the nodes between them"
        )


def _after(axes: list[str], step: Step, D: int) -> list[str]:
    """Return the axes after a step; "?" where they are mixed up."""
    kind, given = step.node.op_type, attributes(step.node)
    if kind == "Transpose":
        order = _numbers(given.get("perm", range(len(axes))[::-1]))
        return [axes[at] for at in order] if sorted(order) == list(range(len(axes))) else ["?"]
    if kind == "Squeeze":
        constant = step.constants[0] if step.constants else None
        gone = given.get("axes") if constant is None else constant
        names = {"D"} if gone is None else {axes[at] for at in _numbers(gone) if -len(axes) <= at < len(axes)}
        return [axis for axis in axes if axis != "D"] if names == {"D"} and D == 1 else ["?"]
    if kind == "Reshape":
        return _joined(axes, step.constants[0] if step.constants else None, D)
    return axes


def _numbers(value: Any) -> list[int]:
    """Return integers as a list, whatever a file has in their place as none."""
    array = np.asarray(value)
    return array.reshape(-1).tolist() if array.dtype.kind == "i" else []


def _joined(axes: list[str], shape: Any, D: int) -> list[str]:
    """Return the axes after a reshape, which may join D and H where they are neighbours, or drop D where it is 1.

    That the last axis has the right length is seen by the next layer's weights.
    """
    if shape is not None and np.shape(shape) != (3,):
        return ["?"]
    if axes[-2:] == ["D", "H"]:
        return [*axes[:-2], "DH"]
    if D == 1 and "D" in axes:
        return [axis for axis in axes if axis != "D"]
    return axes if shape is not None and shape.tolist() == [0, 0, -1] else ["?"]
