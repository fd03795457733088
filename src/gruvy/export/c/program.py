"""Turns a graph into the statements of one C function."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from gruvy.export.c.constants import Constants, Dtype
from gruvy.export.c.names import Names
from gruvy.export.c.schedule import is_last, loops_before, only_needed, read_outside, refuse, streams
from gruvy.export.c.statements import APPLIED, STATEMENTS
from gruvy.graph import Graph, Node, Value


@dataclass(frozen=True)
class Place:
    """Where a value lies: ``base``, and what has to be added to it.

    ``step`` numbers lie between one step of the caller's sequence, t, and the next, where all of them are at hand.
    """

    base: str
    offset: int = 0
    step: int = 0

    def at(self, t: str = "t", further: Sequence[str] = ()) -> str:
        """Return the C expression of its address."""
        moving = [_times(self.step, t)] if self.step else []
        return " + ".join([self.base, *([str(self.offset)] if self.offset else []), *moving, *further])


@dataclass
class Program:
    """One graph in C.

    A graph whose steps need nothing that comes after them becomes a function of one step, and its GRUs' states are
    members of a struct. Any other becomes a function of a whole window: a loop over its steps for everything that
    keeps the last step of a sequence, one after the other where one of them is needed by the next.

    Args:
        graph: what is computed.
        dtype: of the weight matrices.

    Attributes:
        streams: whether it takes one step at a time.
        parameters, outputs: name of each input and output of the graph -> its name in C.
        states: GRU -> where its state lies: a member of the struct, or an array of the function's own.
        initial: GRU -> the constant that its state starts from, where that is not zero.
        body: the function's statements.
        operands: node -> what its statements need besides addresses.
        locals: floats in the function's own arrays.
        macs, macs_once: multiply-accumulates of each step, and those that there are once a window.
    """

    graph: Graph
    dtype: Dtype
    names: Names
    states: dict[str, str] = field(init=False, default_factory=dict)
    initial: dict[str, str] = field(init=False, default_factory=dict)
    locals: int = field(init=False, default=0)
    macs: int = field(init=False, default=0)
    macs_once: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self.graph = only_needed(self.graph)
        refuse(self.graph)
        self.streams = streams(self.graph)
        self.constants = Constants(self.dtype, self.names)
        graph = self.graph
        self._members = Names()
        self.parameters = {name: self.names.new(name) for name in graph.inputs}
        self.outputs = {name: self.names.new(f"{name}_out" if name in graph.inputs else name) for name in graph.outputs}
        self._readers = {name: sum(node.inputs.count(name) for node in graph.nodes) for name in graph.values}
        self._homes = self._find_homes()
        self._places = {
            name: Place(self.parameters[name], step=0 if self.streams or value.steps != "T" else value.features)
            for name, value in graph.inputs.items()
        }
        self._declared: list[str] = []
        self.operands: dict[str, tuple[str, ...]] = {}
        self._macs = dict.fromkeys(graph.values, 0)
        self._looks: set[str] = set()  # values that are part of their input
        for node in graph.nodes:
            self._define(node)
        statements = self._stream() if self.streams else self._window()
        self.body = _joined([*self._declared, *statements, *self._copies_out()])

    def state_size(self, gru: str) -> str:
        """Return the dimensions of a GRU's state, as a declaration has them."""
        weights = self.graph.grus[gru]
        layers = f"[{weights.num_layers}]" if weights.num_layers > 1 else ""
        return f"{layers}[{weights.hidden_size}]"

    def start_of(self, gru: str) -> list[str]:
        """Return the statements that set a GRU's state to where it starts."""
        member = f"state->{self.states[gru]}" if self.streams else self.states[gru]
        start = f"memcpy({member}, {self.initial[gru]}" if gru in self.initial else f"memset({member}, 0"
        return [f"{start}, sizeof {member});"]

    def state(self, name: str, layer: int) -> str:
        """Return the address of the state of a layer of a GRU."""
        owner = f"state->{self.states[name]}" if self.streams else self.states[name]
        return f"{owner}[{layer}]" if self.graph.grus[name].num_layers > 1 else owner

    @property
    def stack(self) -> int:
        """Bytes of all arrays in functions that are at work at once."""
        constants = self.constants
        return 4 * (self.locals + 6 * constants.most_units) + (constants.most_columns if self.dtype == "int8" else 0)

    # ---- the two kinds of functions ----

    def _stream(self) -> list[str]:
        self.macs = sum(self._macs.values())
        return [line for node in self.graph.nodes for line in self._compute(node)]

    def _window(self) -> list[str]:
        """Loop over the steps as often as something reads the last step of what the loop before has computed."""
        loops = loops_before(self.graph)
        lines: list[str] = []
        for turn in range(max(loops.values()) + 1):
            after = [node for node in self.graph.nodes if self._value(node).steps != "T" and loops[node.output] == turn]
            lines += [line for node in after for line in self._compute(node)]
            self.macs_once += sum(self._macs[node.output] for node in after)
            lines += self._loop([name for name in read_outside(self.graph) if loops[name] == turn])
        return lines

    def _loop(self, wanted: Sequence[str]) -> list[str]:
        """Compute values at every step: for their last one, or because they are outputs."""
        nodes = self._needed(wanted)
        lines = [line for node in nodes if node.output in self.states for line in self.start_of(node.output)]
        inner = [line for node in nodes for line in self._compute(node)]
        inner += [line for name in wanted if name in self.outputs for line in self._copy_out(name)]
        if not inner:
            return []
        # Without a state and without an output only the last step counts.
        everywhere = any(node.output in self.states for node in nodes) or any(name in self.outputs for name in wanted)
        first = "0" if everywhere else "steps - 1"
        self.macs += sum(self._macs[node.output] for node in nodes)
        return [*lines, f"for (int t = {first}; t < steps; ++t) {{", *_indented(inner), "}"]

    def _needed(self, wanted: Iterable[str]) -> list[Node]:
        """What has to be computed at each step for some values: nodes with statements of their own."""
        needed = set(wanted)
        nodes = []
        for node in reversed(self.graph.nodes):
            if node.output in needed and self._value(node).steps == "T":
                needed |= set(node.inputs)
                if self._places[node.output].step == 0:
                    nodes.append(node)
        return nodes[::-1]

    # ---- nodes ----

    def _define(self, node: Node) -> None:
        """Find a place for a node's output, and define its weights."""
        name = node.output
        if name in self.graph.grus:
            self._define_constants(node)
            self._place_state(name)
        elif (looked := self._looked(node)) is not None:
            self._places[name] = looked
            self._looks.add(name)
        else:
            self._places[name] = self._places[node.inputs[0]] if self._in_place(node) else self._own(name)
            self._define_constants(node)

    def _define_constants(self, node: Node) -> None:
        statements = STATEMENTS.get(node.op)
        if statements is not None and statements.define is not None:
            self.operands[node.output] = statements.define(self, node)
        if statements is not None and statements.macs is not None:
            self._macs[node.output] = statements.macs(self.graph, node) * _fixed(self._value(node))

    def _looked(self, node: Node) -> Place | None:
        """Return where the output of a node lies that is part of its input, or None."""
        source = self._places[node.inputs[0]]
        if node.op == "unfold" or (is_last(self.graph, node) and self.streams):
            return source
        if is_last(self.graph, node) and source.step:  # of the caller's array
            return Place(source.at("(steps - 1)"))
        if node.op == "take" and not isinstance(self._value(node).steps, int):
            features = node.attributes["features"]
            if list(features) == list(range(features[0], features[0] + len(features))):
                return replace(source, offset=source.offset + features[0])
        return None

    def _place_state(self, name: str) -> None:
        """Find a place for a GRU's state, of which the last layer's is its output."""
        gru = self.graph.grus[name]
        layers, H = gru.num_layers, gru.hidden_size
        starts = [layer[0].initial_state for layer in gru.layers]
        if any(start is not None for start in starts):
            whole = np.concatenate([np.zeros(H, np.float32) if start is None else start for start in starts])
            self.initial[name] = self.constants.array(f"{name}_initial_state", whole)
        if self.streams:
            self.states[name] = self._members.new(name)
        else:
            self.states[name] = self.names.new(f"{name}_state")
            self._declared.append(f"float {self.states[name]}{self.state_size(name)};")
            self.locals += layers * H
        fixed = isinstance(self.graph.values[name].steps, int)
        self._places[name] = self._own(name) if fixed else Place(self.state(name, layers - 1))

    def _compute(self, node: Node) -> list[str]:
        """Return the statements of a node."""
        value, name = self._value(node), node.output
        source, place = self._places[node.inputs[0]], self._places[name]
        if name in self._looks:
            return []
        if node.op == "last":
            steps = self.graph.values[node.inputs[0]].steps
            end = [str((steps - 1) * value.features)] if isinstance(steps, int) else []
            return [self.copy(place.at(), source.at(further=end), value.features)]
        if not isinstance(value.steps, int):
            inputs = [self._places[given].at() for given in node.inputs]
            return STATEMENTS[node.op].step(self, node, inputs, place.at())
        inputs = [self._places[given].at(further=self._of_step(given)) for given in node.inputs]
        inner = STATEMENTS[node.op].step(self, node, inputs, place.at(further=self._of_step(name)))
        before = self.start_of(name) if name in self.states else []
        return [*before, f"for (int p = 0; p < {value.steps}; ++p) {{", *_indented(inner), "}"]

    # ---- places ----

    def _value(self, node: Node) -> Value:
        return self.graph.values[node.output]

    def _of_step(self, name: str) -> list[str]:
        """What has to be added for step p of a value with a fixed number of steps."""
        value = self.graph.values[name]
        return [_times(value.features, "p")] if isinstance(value.steps, int) else []

    def _own(self, name: str) -> Place:
        """Return an array of the function's own for a value; or where it, or what it becomes in place, goes out."""
        home = self._homes.get(name, name)
        if home in self.outputs and not (self.graph.values[home].steps == "T" and not self.streams):
            return Place(self.outputs[home])
        value = self.graph.values[name]
        array = self.names.new(f"{name}_now" if name in self.outputs else name)
        steps = _fixed(value)
        self._declared.append(f"float {array}[{f'{steps} * ' if steps > 1 else ''}{value.features}];")
        self.locals += steps * value.features
        return Place(array)

    def _in_place(self, node: Node) -> bool:
        """Whether a function of single numbers may work where its input lies: nobody else reads that."""
        return node.op in APPLIED and self._homes.get(node.inputs[0], node.inputs[0]) != node.inputs[0]

    def _find_homes(self) -> dict[str, str]:
        """Find for each value the last one that is computed in its place."""
        homes: dict[str, str] = {}
        makers = {node.output: node for node in self.graph.nodes}
        for node in reversed(self.graph.nodes):
            source = node.inputs[0]
            if node.op not in APPLIED or source not in makers:
                continue
            alone = self._readers[source] == 1 and source not in self.graph.outputs
            alone = alone and source not in self.graph.grus  # a GRU's output is its state
            if alone and makers[source].op in STATEMENTS and makers[source].op != "take":
                homes[source] = homes.get(node.output, node.output)
        return homes

    # ---- outputs ----

    def _copies_out(self) -> list[str]:
        done = {name for name in self.outputs if self.graph.values[name].steps == "T" and not self.streams}
        return [line for name in self.outputs if name not in done for line in self._copy_out(name)]

    def _copy_out(self, name: str) -> list[str]:
        value, place, out = self.graph.values[name], self._places[name], self.outputs[name]
        if place.base == out:
            return []
        to = out if self.streams or value.steps != "T" else f"{out} + {_times(value.features, 't')}"
        return [self.copy(to, place.at(), _fixed(value) * value.features)]

    def copy(self, to: str, source: str, count: int) -> str:
        """Return the statement that copies numbers."""
        self.constants.needs.add("COPY")
        return f"copy({to}, {source}, {count});"


def _fixed(value: Value) -> int:
    """How many steps of a value lie in its array."""
    return value.steps if isinstance(value.steps, int) else 1


def _times(count: int, variable: str) -> str:
    return variable if count == 1 else f"{count} * {variable}"


def _joined(lines: Sequence[str]) -> list[str]:
    """Make one loop of those over the same steps that follow each other: their bodies read nothing of other steps."""
    joined: list[str] = []
    opened = ""
    for line in lines:
        if line.startswith("for (int p") and joined and joined[-1] == "}" and line == opened:
            joined.pop()
        else:
            joined.append(line)
        if line.startswith("for ("):
            opened = line
    return joined


def _indented(lines: list[str]) -> list[str]:
    return [f"    {line}" for line in lines]
