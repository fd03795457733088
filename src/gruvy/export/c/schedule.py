"""What of a graph is computed when: step by step, or in loops over a window."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from gruvy.activations import USUAL, told
from gruvy.errors import ArgumentError
from gruvy.graph import Graph, Node


def only_needed(graph: Graph) -> Graph:
    """Return a graph without the nodes and inputs that no output needs."""
    needed = set(graph.outputs)
    nodes = []
    for node in reversed(graph.nodes):
        if node.output in needed:
            needed |= set(node.inputs)
            nodes.append(node)
    inputs = {name: value for name, value in graph.inputs.items() if name in needed}
    return replace(graph, inputs=inputs, nodes=tuple(nodes[::-1]))


def streams(graph: Graph) -> bool:
    """Whether a graph can be run one step at a time, and has a state that makes this worth it."""
    values = graph.values
    final = any(values[node.output].steps == "T" and values[node.output].final for node in graph.nodes)
    ahead = any(values[name].steps != "T" for name in graph.grus)
    return bool(graph.grus) and not final and not ahead


def refuse(graph: Graph) -> None:
    """Raise ArgumentError for what a microcontroller cannot compute as it goes; all problems are named at once."""
    problems = [
        f"gru {name} is bidirectional: its states of every step would have to be kept"
        for name, gru in graph.grus.items()
        if gru.bidirectional
    ]
    problems += [
        f"{name} holds NaN or infinity: look into its training"
        for name, array in graph.arrays.items()
        if not np.isfinite(array).all()
    ]
    problems += [
        f"gru {name} has {told(gru.activations)}: the C has sigmoid and tanh alone; export it to ONNX"
        for name, gru in graph.grus.items()
        if gru.activations != USUAL
    ]
    if problems:
        raise ArgumentError(f"the network cannot become C: {'; '.join(problems)}")


def is_last(graph: Graph, node: Node) -> bool:
    """Whether a node keeps the last step of a sequence that is as long as the caller's."""
    return node.op == "last" and graph.values[node.inputs[0]].steps == "T"


def loops_before(graph: Graph) -> dict[str, int]:
    """After how many loops over a window each value is there; one with a time axis "T" is computed in the next."""
    loops = dict.fromkeys(graph.inputs, 0)
    for node in graph.nodes:
        loops[node.output] = max(loops[name] for name in node.inputs) + is_last(graph, node)
    return loops


def read_outside(graph: Graph) -> list[str]:
    """Values with a time axis "T" that are outputs, or whose last step is kept."""
    lasts = [node.inputs[0] for node in graph.nodes if is_last(graph, node)]
    written = [name for name in graph.outputs if graph.values[name].steps == "T"]
    return list(dict.fromkeys([*lasts, *written]))
