"""PyTorch's names for a GRU's arrays, and the GRUs that a larger mapping of names to arrays holds."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from gruvy.errors import ArgumentError, option
from gruvy.formats.base import Array, biases, directions, to_numpy
from gruvy.spec import GRUWeights, LayerWeights

# weight_ih_l0, bias_hh_l1_reverse; gains and the initial state are those of gruvy.nn.GRU. A GRUCell has no "_l0".
_ARRAY = re.compile(r"(?P<prefix>.*?)(?P<field>(?:weight|bias|gain)_[ih]h)(?:_l(?P<layer>\d{1,4})(?P<back>_reverse)?)?")
# Rows of weight_hh by its columns -> what else it is.
_CELLS = {1: "a tanh RNN", 4: "an LSTM"}


class ChoiceError(ArgumentError):
    """It cannot be told which GRU is meant; ``names`` has the places of all."""

    def __init__(self, message: str, names: Iterable[str] = ()):
        super().__init__(message)
        self.names = tuple(names)


def find(state: Mapping[str, Any], name: str | None = None) -> dict[str, Any]:
    """Return the arrays of the one GRU in a mapping, by PyTorch's names for a GRU alone.

    Args:
        state: names, such as ``encoder.weight_ih_l0``, to arrays.
        name: which one, as ``"encoder"``, where there are several.

    Raises:
        ArgumentError: there is none, there are several, or none of that name.
    """
    return locate(state, name)[1]


def locate(state: Mapping[str, Any], name: str | None = None) -> tuple[str, dict[str, Any]]:
    """Return where the one GRU in a mapping lies, and its arrays as `find` does."""
    groups: dict[str, dict[str, Any]] = {}
    for key, value in state.items():
        if match := _ARRAY.fullmatch(key):
            groups.setdefault(match["prefix"], {})[key.removeprefix(match["prefix"])] = value
    others = {}
    for prefix, arrays in list(groups.items()):
        kind = "an LSTM with projections" if any(key.startswith(f"{prefix}weight_hr") for key in state) else None
        recurrent = next((shape_of(a) for key, a in arrays.items() if key.startswith("weight_hh")), ())
        for gates, cell in _CELLS.items():
            if len(recurrent) == 2 and recurrent[0] == gates * recurrent[1] > 0:
                kind = kind or cell
        if kind:
            others[prefix] = kind
            del groups[prefix]
    for what, (part, cure) in _ELSEWHERE.items():
        if places := sorted({key.partition(part)[0].rstrip(".") for key in state if part in key}):
            others |= {place: f"a GRU or LSTM of {what}, {cure}" for place in places if f"{place}." not in others}
    prefix = choose(groups, name, others, state)
    if (state_name := prefix + "initial_state") in state:
        groups[prefix]["initial_state"] = state[state_name]
    return prefix, groups[prefix]


# What keeps a layer's weights otherwise than by its names -> the part of the names that tells, and what to do.
_ELSEWHERE = {
    "packed int8 weights": ("_all_weight_values.", "which are not read: give the model that it was quantized from"),
}
# What training loops and wrappers put around a model's own names.
_WRAPPERS = ("state_dict", "model_state_dict", "module", "_orig_mod")


def choose(
    names: Iterable[str],
    wanted: str | None,
    others: Mapping[str, str] | None = None,
    arrays: Mapping[str, Any] | None = None,
) -> str:
    """Return the one name, or the one that is wanted, of the places where a GRU was found.

    Args:
        names: of the places, with dots or slashes between their parts; dots at the end are ignored.
        wanted: one of them, or parts of it that no other has.
        others: places of what is no GRU -> what it is.
        arrays: all that there is, for the message where there is no GRU.

    Raises:
        ChoiceError: there is none, there are several and none is wanted, or not the wanted one.
    """
    found = {name.rstrip("./"): name for name in names}
    short = _shortened(list(found))
    listed = ", ".join([*map(repr, list(short)[:12]), *(["..."] if len(short) > 12 else [])])
    at = option("at")
    if not found:
        besides = ", ".join(f"{name.rstrip('.') or 'it'} is {what}" for name, what in (others or {}).items())
        besides = f" ({besides})" if besides else ""
        raise ChoiceError(f"holds no GRU{besides}{_array_list(arrays or {}) if not others else ''}")
    if wanted is not None:
        meant = _meant(wanted.rstrip("./"), found, short)
        if len(meant) == 1:
            return found[meant[0]]
        if meant:
            raise ChoiceError(f"{wanted!r} may be {' or '.join(map(repr, meant))}; give {at} of one in full", short)
        kind = next(
            (f"{wanted!r} is {what}, and " for name, what in (others or {}).items() if name.rstrip(".") == wanted), ""
        )
        raise ChoiceError(f"{kind}holds no GRU named {wanted!r}; it holds {listed}", short)
    if len(found) > 1:
        raise ChoiceError(f"holds {len(found)} GRUs: {listed}; choose one with {at}", short)
    return next(iter(found.values()))


def _meant(wanted: str, found: Mapping[str, str], short: Mapping[str, str]) -> list[str]:
    """Return the places that a name may mean: itself, or those that end in it, or else have it among their parts."""
    if wanted in found:
        return [wanted]
    if wanted in short:
        return [short[wanted]]
    parts = re.split(r"[./]", wanted)
    whole = {name: re.split(r"[./]", name) for name in found}
    ending = [name for name, own in whole.items() if own[-len(parts) :] == parts]
    within = [name for name, own in whole.items() if any(own[at : at + len(parts)] == parts for at in range(len(own)))]
    return ending or within


def _shortened(names: list[str]) -> dict[str, str]:
    """Return each place by its name without the wrappers around it, where that still tells it from the others."""
    short = {}
    for name in names:
        parts = name.split(".")
        while len(parts) > 1 and parts[0] in _WRAPPERS:
            del parts[0]
        short[name] = "" if parts[0] in _WRAPPERS else ".".join(parts)
    counts = Counter(short.values())
    return {brief if counts[brief] == 1 else name: name for name, brief in short.items()}


def _array_list(arrays: Mapping[str, Any]) -> str:
    """Say which arrays there are, and how to say what they are."""
    if not arrays:
        return ""
    shown = [f"{name} {shape_of(array)}" for name, array in list(arrays.items())[:16]]
    more = f" and {len(arrays) - len(shown)} more" if len(arrays) > len(shown) else ""
    return f"; its arrays are {', '.join(shown)}{more}: say which are a GRU's with {option('map')}"


def to_weights(arrays: Mapping[str, Any], *, reset_after: bool, zoneout: float = 0.0) -> GRUWeights:
    """Return the GRU whose arrays have these names.

    Raises:
        ArgumentError: arrays are missing, or do not fit each other; all problems are named at once.
    """
    found: dict[tuple[int, int], dict[str, Array]] = {}
    state = None
    for key, value in arrays.items():
        if key == "initial_state":
            state = to_numpy(value)
        elif match := _ARRAY.fullmatch(key):
            at = (int(match["layer"] or 0), int(match["back"] is not None))
            found.setdefault(at, {})[match["field"]] = to_numpy(value)
    D = 2 if any(direction for _, direction in found) else 1
    L = len(found) // D
    places = [(layer, direction) for layer in range(max(L, 1)) for direction in range(D)]
    problems = [
        f"{key}{suffix(*at)} is missing"
        for at in places
        for key in ("weight_ih", "weight_hh")
        if key not in found.get(at, {})
    ]
    problems += [f"layer {at[0]} is there and layer {L - 1} is not" for at in found if at not in places]
    if state is not None and (state.ndim != 2 or len(state) != len(places)):
        problems.append(f"initial_state has the shape {state.shape}; expected ({len(places)}, H)")
    if problems:
        raise ArgumentError("; ".join(problems))
    flat = [
        LayerWeights(**found[at], initial_state=None if state is None else state[number])
        for number, at in enumerate(places)
    ]
    layers = tuple(tuple(flat[at : at + D]) for at in range(0, len(flat), D))
    return GRUWeights(layers, reset_after=reset_after, zoneout=zoneout)


def to_arrays(weights: GRUWeights, *, bias: bool | None = None) -> dict[str, Array]:
    """Return the arrays by PyTorch's names; with ``bias`` both biases of all layers or none, None for as needed."""
    flat = directions(weights)
    if bias is None:
        bias = any(array is not None for one in flat for array in (one.bias_ih, one.bias_hh))
    D = len(weights.layers[0])
    arrays: dict[str, Array] = {}
    for number, one in enumerate(flat):
        both = biases(one) if bias else (None, None)
        fields = one._replace(bias_ih=both[0], bias_hh=both[1], initial_state=None)._asdict()
        ending = suffix(*divmod(number, D))
        arrays |= {key + ending: array for key, array in fields.items() if array is not None}
    if any(one.initial_state is not None for one in flat):
        zero = np.zeros(weights.hidden_size, weights.dtype)
        arrays["initial_state"] = np.stack([zero if one.initial_state is None else one.initial_state for one in flat])
    return arrays


def suffix(layer: int, direction: int) -> str:
    """Return the ending of the names of one layer's arrays in one direction."""
    return f"_l{layer}{'_reverse' if direction else ''}"


def shape_of(value: Any) -> tuple[int, ...]:
    """Return an array's shape; of an array that safetensors has not read yet, too."""
    if isinstance(value, tuple):  # a shape already
        return value
    return tuple(value.get_shape() if hasattr(value, "get_shape") else np.shape(value))
