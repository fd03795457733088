"""How each operation becomes C: its constants, and the statements of one of its steps.

`STATEMENTS` has the keys of `gruvy.graph.OPERATIONS`, except ``last`` and ``unfold``, which only name a place.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

import numpy as np

from gruvy.export.c.constants import Constants
from gruvy.graph import Graph, Node


class Emitter(Protocol):
    """What writes a graph down as C, as far as one operation has to know it.

    Attributes:
        graph: what is written.
        constants: the weights in C.
        operands: a node's output -> what its statements need besides addresses.
    """

    graph: Graph
    constants: Constants
    operands: dict[str, tuple[str, ...]]

    def copy(self, to: str, source: str, count: int) -> str:
        """Return the statement that copies numbers."""

    def state(self, name: str, layer: int) -> str:
        """Return the address of the state of a layer of a GRU."""


class Statements(NamedTuple):
    """How one operation becomes C.

    Attributes:
        step: (emitter, node, addresses of its inputs, address of its output) -> the statements of one step.
        define: (emitter, node) -> the node's operands, after its constants have been defined; None for no operands.
        macs: (graph, node) -> multiply-accumulates of one step; None for none.
    """

    step: Callable[[Emitter, Node, list[str], str], list[str]]
    define: Callable[[Emitter, Node], tuple[str, ...]] | None = None
    macs: Callable[[Graph, Node], int] | None = None


def _dense(emitter: Emitter, node: Node, inputs: list[str], to: str) -> list[str]:
    matrix, bias = emitter.operands[node.output]
    return [f"dense({matrix}, {bias}, {inputs[0]}, {to});"]


def _embedding(emitter: Emitter, node: Node, inputs: list[str], to: str) -> list[str]:
    table = emitter.graph.arrays[node.weights["weight"]]
    features = emitter.graph.values[node.inputs[0]].features
    sizes = f"{table.shape[0]}, {table.shape[1]}"
    return [f"embed({emitter.operands[node.output][0]}, {sizes}, {inputs[0]}, {features}, {to});"]


def _concat(emitter: Emitter, node: Node, inputs: list[str], to: str) -> list[str]:
    lines, offset = [], 0
    for name, source in zip(node.inputs, inputs, strict=True):
        features = emitter.graph.values[name].features
        lines.append(emitter.copy(f"{to} + {offset}" if offset else to, source, features))
        offset += features
    return lines


def _take(emitter: Emitter, node: Node, inputs: list[str], to: str) -> list[str]:
    emitter.constants.needs.add("TAKE")
    return [
        f"take({inputs[0]}, {emitter.operands[node.output][0]}, {to}, {emitter.graph.values[node.output].features});"
    ]


def _applied(emitter: Emitter, node: Node, inputs: list[str], to: str) -> list[str]:
    emitter.constants.needs |= {f"APPLY_{node.op.upper()}", *(["SIGMOID"] if node.op == "sigmoid" else [])}
    features = emitter.graph.values[node.output].features
    copy = [] if inputs[0] == to else [emitter.copy(to, inputs[0], features)]
    return [*copy, f"apply_{node.op}({to}, {features});"]


def _two(emitter: Emitter, node: Node, inputs: list[str], to: str) -> list[str]:
    emitter.constants.needs.add(node.op.upper())
    return [f"{node.op}({inputs[0]}, {inputs[1]}, {to}, {emitter.graph.values[node.output].features});"]


def _gru(emitter: Emitter, node: Node, inputs: list[str], to: str) -> list[str]:
    name, lines, x = node.output, [], inputs[0]
    for layer, call in enumerate(emitter.operands[name]):
        state = emitter.state(name, layer)
        lines.append(f"{call}, {x}, {state});")
        x = state
    if to != x:
        lines.append(emitter.copy(to, x, emitter.graph.values[name].features))
    return lines


# ---- constants ----


def _define_dense(emitter: Emitter, node: Node) -> tuple[str, ...]:
    weights = {role: emitter.graph.arrays[array] for role, array in node.weights.items()}
    return emitter.constants.dense(node.output, weights["weight"], weights.get("bias"))


def _define_embedding(emitter: Emitter, node: Node) -> tuple[str, ...]:
    return (emitter.constants.embedding(node.output, emitter.graph.arrays[node.weights["weight"]]),)


def _define_take(emitter: Emitter, node: Node) -> tuple[str, ...]:
    features = np.array(node.attributes["features"], np.int32)
    return (emitter.constants.array(f"{node.output}_features", features),)


def _define_gru(emitter: Emitter, node: Node) -> tuple[str, ...]:
    return tuple(emitter.constants.gru(node.output, emitter.graph.grus[node.output]))


def _dense_macs(graph: Graph, node: Node) -> int:
    return graph.arrays[node.weights["weight"]].size


def _gru_macs(graph: Graph, node: Node) -> int:
    return sum(matrix.size for one in graph.grus[node.output].flat for matrix in one[:2])


APPLIED = ("relu", "sigmoid", "softplus", "tanh", "softmax")
STATEMENTS: dict[str, Statements] = {
    "dense": Statements(_dense, _define_dense, _dense_macs),
    "embedding": Statements(_embedding, _define_embedding),
    "gru": Statements(_gru, _define_gru, _gru_macs),
    **dict.fromkeys(APPLIED, Statements(_applied)),
    **dict.fromkeys(("add", "subtract", "multiply"), Statements(_two)),
    "concat": Statements(_concat),
    "take": Statements(_take, _define_take),
}
