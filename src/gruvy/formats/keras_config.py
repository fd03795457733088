"""The GRU layers in the configuration of a Keras model, and which of them are one stack."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from gruvy.activations import Activation, activation
from gruvy.errors import ArgumentError

# Layers between two GRU layers that change nothing at inference, or pass a mask on.
_TRANSPARENT = {
    "ActivityRegularization",
    "AlphaDropout",
    "Dropout",
    "GaussianDropout",
    "GaussianNoise",
    "Identity",
    "Masking",
    "SpatialDropout1D",
}
_DEPTH = 20  # of models within models
# Layers that are an activation: what of their configuration is its parameter.
_LAYERS = {"ReLU": ("relu", ()), "LeakyReLU": ("leaky_relu", ("negative_slope", "alpha")), "ELU": ("elu", ("alpha",))}
_LINEAR = (None, "linear")


@dataclass(frozen=True)
class Layer:
    """A GRU layer, or a Bidirectional of one.

    Attributes:
        names: of the models that it is in, except for the outermost, and its own.
        path: where a file keeps its arrays.
        configs: of its GRU, or of both.
        merge_mode: of a Bidirectional.
        keras2: whether an old Keras wrote it, whose hard_sigmoid is another function.
        wrapped: whether it is inside of a TimeDistributed.
    """

    names: tuple[str, ...]
    path: str
    configs: tuple[dict[str, Any], ...]
    merge_mode: str | None = None
    keras2: bool = False
    wrapped: bool = False

    @property
    def name(self) -> str:
        """Its own name and those of the models that it is in."""
        return "/".join(self.names)

    @property
    def directions(self) -> int:
        """1 or 2."""
        return len(self.configs)

    @property
    def paths(self) -> list[str]:
        """Where a file keeps the arrays of each direction."""
        return [self.path] if self.directions == 1 else [f"{self.path}/{way}_layer" for way in ("forward", "backward")]

    @property
    def reset_after(self) -> bool:
        """Its form."""
        return bool(self.configs[0].get("reset_after", False))  # as before Keras 2.1.3, which had no such thing

    @property
    def use_bias(self) -> bool:
        """Whether it has biases."""
        return bool(self.configs[0].get("use_bias", True))

    @property
    def kind(self) -> tuple[Any, ...]:
        """What the layers of one GRU have in common."""
        return self.directions, self.configs[0]["units"], self.reset_after, str(self.functions()), self.reverse

    @property
    def reverse(self) -> bool:
        """Whether it runs from the last step to the first, one direction alone."""
        return self.directions == 1 and bool(self.configs[0].get("go_backwards"))

    @property
    def time_first(self) -> bool:
        """Whether its input is (T, N, I), as Keras 2 could have it."""
        return bool(self.configs[0].get("time_major"))

    def functions(self) -> tuple[Activation, Activation]:
        """Return the functions of the gates and of the candidate.

        Raises:
            ArgumentError: one is none that gruvy computes, or the directions differ in them.
        """
        found = []
        for key, usual in (("recurrent_activation", "sigmoid"), ("activation", "tanh")):
            every = {_activation(config.get(key, usual), keras2=self.keras2) for config in self.configs}
            if len(every) > 1:
                raise ArgumentError(f"layer {self.name!r}: its two directions differ in {key}")
            found.append(every.pop())
        return found[0], found[1]

    def check(self) -> None:
        """Raise an ArgumentError if the layer computes anything but a GRU."""
        problems = []
        try:
            self.functions()
        except ArgumentError as error:
            problems.append(str(error))
        backwards = [bool(config.get("go_backwards")) for config in self.configs]
        if backwards not in ([False], [True], [False, True]):
            problems.append(f"go_backwards is {backwards}; expected forward, or forward and backward")
        if self.merge_mode not in (None, "concat"):
            problems.append(f"merge_mode is {self.merge_mode!r}; expected 'concat'")
        kinds = {(c["units"], c.get("reset_after", False), c.get("use_bias", True)) for c in self.configs}
        if len(kinds) > 1:
            problems.append("its two directions differ in units, reset_after or use_bias")
        if problems:
            raise ArgumentError(f"layer {self.name!r}: {'; '.join(dict.fromkeys(problems))}")


def stacks(config: Any, *, keras2: bool = False) -> list[list[Layer]]:
    """Return the stacks of GRU layers in a model's or a layer's configuration.

    Layers are one stack where each takes its input from the one before it, through nothing but dropout and the like,
    and they have the same units, directions and form.
    """
    gru = _gru(config, (str(config["config"].get("name", "gru")),), "")
    found = [[gru]] if gru is not None else list(_stacks(config, (), ""))
    return [[replace(layer, keras2=keras2) for layer in stack] for stack in found] if keras2 else found


def _stacks(config: Any, names: tuple[str, ...], path: str) -> Iterator[list[Layer]]:
    own = config["config"] if isinstance(config, dict) else None
    layers = own if isinstance(own, list) else own.get("layers") if own else None  # a list in old Sequentials
    if not isinstance(layers, list) or len(names) > _DEPTH:
        return
    used: Counter[str] = Counter()
    behind: dict[str | None, str | None] = {}  # dropout or the like -> where its input comes from
    runs: dict[str, list[Layer]] = {}  # last layer -> its stack
    before = None
    for number, each in enumerate(layers):
        name = str(each["config"].get("name", number))
        snake = _snake_case(each["class_name"])
        where = f"{path}layers/{snake}{f'_{used[snake]}' if used[snake] else ''}"
        used[snake] += 1
        inputs = _inputs(each.get("inbound_nodes"))
        source = before if inputs is None else (inputs[0] if len(inputs) == 1 else None)
        source = behind.get(source, source)
        before = name
        layer = _gru(each, (*names, name), where)
        if layer is None:
            if each["class_name"] in _TRANSPARENT:
                behind[name] = source
            yield from _stacks(each, (*names, name), f"{where}/")
            continue
        stack = runs.pop(source or "", [])
        if stack and stack[-1].kind != layer.kind:
            yield stack
            stack = []
        runs[name] = [*stack, layer]
    yield from runs.values()


def _gru(config: Any, names: tuple[str, ...], path: str) -> Layer | None:
    kind, own = config["class_name"], config["config"]
    if (one := _layer_config(config)) is not None:
        return Layer(names, path, (one,))
    if kind == "Bidirectional" and (forward := _layer_config(own["layer"])) is not None:
        backward = _layer_config(own["backward_layer"]) if own.get("backward_layer") else None
        # Where there is none, it is the forward one turned round.
        pair = forward, backward or {**forward, "go_backwards": not forward.get("go_backwards")}
        return Layer(names, path, pair, str(own.get("merge_mode")))
    if kind == "TimeDistributed" and (inner := _gru(own["layer"], names, f"{path}/layer")) is not None:
        return replace(inner, wrapped=True)
    return None


def _layer_config(config: Any) -> dict[str, Any] | None:
    """Return the configuration of a GRU, or of an RNN that runs a GRUCell; None for other layers."""
    own: dict[str, Any] = config["config"]
    if config["class_name"] == "GRU":
        return own
    cell = own.get("cell")
    if config["class_name"] == "RNN" and isinstance(cell, dict) and cell["class_name"] == "GRUCell":
        return {**cell["config"], "go_backwards": own.get("go_backwards")}
    return None


def _activation(given: Any, *, keras2: bool) -> Activation:
    """Return the function that a configuration names."""
    if isinstance(given, dict):
        kind, own = given.get("class_name"), given.get("config")
        if kind in _LAYERS and isinstance(own, dict):
            name, keys = _LAYERS[kind]
            parameters = [own[key] for key in keys if isinstance(own.get(key), int | float)][:1]
            plain = all(own.get(key) in (None, 0, 0.0) for key in ("max_value", "threshold"))
            if plain and (kind != "ReLU" or not own.get("negative_slope")):
                return activation(name, *map(float, parameters))
        given = own if isinstance(own, str) else kind
    if given in _LINEAR:
        return activation("linear")
    if given == "hard_sigmoid" and not keras2:
        return activation("hard_sigmoid", 1 / 6, 0.5)
    if given == "leaky_relu":
        return activation("leaky_relu", 0.2)
    return activation(str(given))


def name_of(function: Activation) -> str | None:
    """Return what Keras 3 calls a function, or None where it has none such."""
    if function == activation("hard_sigmoid", 1 / 6, 0.5):
        return "hard_sigmoid"
    if function == activation("leaky_relu", 0.2):
        return "leaky_relu"
    named = ("sigmoid", "tanh", "relu", "softsign", "softplus", "elu", "linear")
    return next((name for name in named if function == activation(name)), None)


def _inputs(nodes: Any) -> list[str] | None:
    """Return the names in a functional model's ``inbound_nodes``; None where there are none, as in a Sequential."""
    if not nodes:
        return None
    found = []
    waiting = [nodes]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            history = value.get("keras_history")
            if isinstance(history, list):
                found.append(str(history[0]))
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
    return found


def _snake_case(name: str) -> str:
    """As Keras names the groups of a file after classes (``keras/src/utils/naming.py``)."""
    name = re.sub(r"\W+", "", name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()
