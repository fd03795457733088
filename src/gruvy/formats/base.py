"""What a format is: its name, what it can hold, and how it is read and written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gruvy.activations import USUAL, Activation
from gruvy.errors import ArgumentError, option
from gruvy.spec import GATES, PYTORCH, Convention, GRUWeights, LayerWeights

Array = NDArray[Any]

FORMS = {True: "reset-after", False: "reset-before"}
# What weights may have beyond matrices and biases, and how a message names it.
EXTRAS = {
    "layer_norm": "layer norm",
    "initial_state": "learnt initial state",
    "zoneout": "zoneout",
    "reverse": "backward direction without a forward one",
}


@dataclass(frozen=True)
class Format:
    """One framework's or file type's way to keep a GRU, and what of a GRU it can keep.

    Attributes:
        name: what ``format=`` calls it.
        title: what people call it.
        read: ``read(source, **options) -> GRUWeights``; it raises a `GruvyError` for what it cannot make sense of.
        write: ``write(weights, target, **options)``; it may rely on `refuse` having found no reason. ``target`` is
            None for a new object, a path, or an object to load the weights into; it returns the object or the path.
        recurrent_bias: for each form that it has (True for reset-after), the gates with a recurrent bias beside the
            input bias.
        optional_bias: whether there may be no bias at all; where not, zeros are written.
        extras: which of `EXTRAS` it keeps.
        extra: the optional dependencies of gruvy that reading or writing needs, if any.
        convention: its order of gates and which way z points; None where gates have arrays of their own, or each file
            says it.
        activations: whether it keeps a function other than sigmoid for the gates, or tanh for the candidate.
        arrays: ``arrays(source)``, every array of a file or mapping by its name, where it has names; see
            `gruvy.formats.mapping`.
    """

    name: str
    title: str
    read: Callable[..., GRUWeights]
    write: Callable[..., Any]
    recurrent_bias: Mapping[bool, tuple[str, ...]]
    optional_bias: bool = True
    extras: frozenset[str] = field(default_factory=frozenset)
    extra: str | None = None
    convention: Convention | None = PYTORCH
    arrays: Callable[[Any], dict[str, Array]] | None = None
    activations: Callable[[Activation], bool] = lambda function: False

    def refuse(self, weights: GRUWeights) -> list[str]:
        """Return every reason why these weights cannot be kept exactly; none if they can."""
        reasons = [f"{self.title} has no {EXTRAS[name]}" for name in used_extras(weights) if name not in self.extras]
        for usual, function in zip(USUAL, weights.activations, strict=True):
            if function != usual and not self.activations(function):
                reasons.append(f"{self.title} has no {function} in the place of {usual}")
        if weights.reset_after not in self.recurrent_bias:
            here, there = FORMS[weights.reset_after], FORMS[not weights.reset_after]
            return [f"the weights are of the {here} form and {self.title} computes only the {there} form", *reasons]
        lacking = [gate for gate in GATES if gate not in self.recurrent_bias[weights.reset_after]]
        found = [gate for gate in lacking if any(_recurrent(one, gate).any() for one in directions(weights))]
        if found:
            cure = (
                ""
                if "candidate" in found and weights.reset_after
                else f"; {option('merge_biases')}{'True' * option('merge_biases').endswith('=')} adds it, rounded"
            )
            reasons.append(f"{self.title} has no recurrent bias for {', '.join(found)}, and it is not zero{cure}")
        return reasons

    def merge_biases(self, weights: GRUWeights) -> GRUWeights:
        """Return the weights with recurrent biases that the format lacks added to the input biases.

        The sum of two float32 is rounded, so this is exact only where one of the two is zero. With the reset gate
        applied after the product the candidate's recurrent bias is inside of it, and is never added.
        """
        has = self.recurrent_bias.get(weights.reset_after, GATES)
        fixed = "candidate" if weights.reset_after else None
        lacking = [gate for gate in GATES if gate not in has and gate != fixed]
        layers = tuple(tuple(_merged(one, lacking) for one in layer) for layer in weights.layers)
        return replace(weights, layers=layers)


def directions(weights: GRUWeights) -> list[LayerWeights]:
    """Return the weights of every layer and direction, layers first."""
    return [one for layer in weights.layers for one in layer]


def used_extras(weights: GRUWeights) -> list[str]:
    """Return which of `EXTRAS` the weights make use of."""
    used = {
        "layer_norm": weights.layer_norm,
        "initial_state": any(one.initial_state is not None for one in directions(weights)),
        "zoneout": weights.zoneout > 0,
        "reverse": weights.reverse,
    }
    return [name for name in EXTRAS if used[name]]


def same_weights(one: GRUWeights, other: GRUWeights) -> bool:
    """Whether two GRUs have the same bits. A bias of zeros and none at all are the same."""
    if (one.reset_after, one.zoneout, one.reverse) != (other.reset_after, other.zoneout, other.reverse):
        return False
    if one.activations != other.activations:
        return False
    if (one.num_layers, one.bidirectional) != (other.num_layers, other.bidirectional):
        return False
    return all(
        _same(a, b, zero_is_none=name.startswith("bias_"))
        for mine, yours in zip(directions(one), directions(other), strict=True)
        for name, a, b in zip(LayerWeights._fields, mine, yours, strict=True)
    )


def biases(one: LayerWeights) -> tuple[Array, Array]:
    """Return both biases (3H,), zeros for those that there are not."""
    zero = np.zeros(len(one.weight_hh), one.weight_hh.dtype)
    return (zero if one.bias_ih is None else one.bias_ih), (zero if one.bias_hh is None else one.bias_hh)


def to_numpy(value: Any) -> Array:
    """Return a copy of any framework's array, of its own dtype; bfloat16, which NumPy lacks, as float32."""
    if hasattr(value, "detach"):  # a torch tensor
        value = value.detach().cpu().resolve_conj().resolve_neg()
        value = (value.float() if str(value.dtype) == "torch.bfloat16" else value).numpy()
    array = np.asarray(value)
    return array.astype(np.float32 if array.dtype.name == "bfloat16" else array.dtype.newbyteorder("="), order="C")


def from_blocks(array: Array, order: Convention) -> Array:
    """Return rows (3H, ...) of another convention in gruvy's."""
    return np.ascontiguousarray(order.blocks_to(PYTORCH, array))


def form_options() -> str:
    """Return how the form is said where a file does not say it."""
    name = option("reset_after")
    return f"{name}True or {name}False" if name.endswith("=") else f"{name} or --reset-before"


def no_target(name: str, target: Any, expected: str) -> ArgumentError:
    """Return the error for a target that a format cannot write to."""
    return ArgumentError(f"format {name!r} cannot write to a {type(target).__name__}; expected {expected}")


def _recurrent(one: LayerWeights, gate: str) -> Array:
    return np.split(biases(one)[1], 3)[GATES.index(gate)]


def _merged(one: LayerWeights, gates: list[str]) -> LayerWeights:
    if one.bias_hh is None or not gates:
        return one
    bias_ih, bias_hh = (np.split(bias.copy(), 3) for bias in biases(one))
    for gate in gates:
        at = GATES.index(gate)
        bias_ih[at] += bias_hh[at]
        bias_hh[at][:] = 0
    return one._replace(bias_ih=np.concatenate(bias_ih), bias_hh=np.concatenate(bias_hh))


def _same(a: Array | None, b: Array | None, *, zero_is_none: bool) -> bool:
    if zero_is_none:  # and -0, of which a sum makes 0, is 0
        a, b = (None if array is None or not array.any() else array + 0 for array in (a, b))
    if a is None or b is None:
        return a is b
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
