"""The GRU cells among the arrays of an HDF5 file that Keras wrote, found by their names and shapes.

Keras 3 keeps a cell's arrays as ``.../cell/vars/0, 1, 2``, and older ones, and TensorFlow, as ``.../kernel:0``,
``recurrent_kernel:0`` and ``bias:0``.
"""

from __future__ import annotations

import numpy as np

from gruvy.errors import ArgumentError, note
from gruvy.formats import cells
from gruvy.formats.base import Array, form_options
from gruvy.formats.hdf5 import Weights
from gruvy.formats.state_dict import choose
from gruvy.spec import KERAS, GRUWeights, LayerWeights

# Of kernel, recurrent kernel and bias.
_NAMES = (("kernel:0", "recurrent_kernel:0", "bias:0"), ("kernel", "recurrent_kernel", "bias"), ("0", "1", "2"))
_ROOTS = ("model_weights", "layers")
_GATES = {1: "a simple RNN", 4: "an LSTM"}


def read(weights: Weights, name: str | None, reset_after: bool | None) -> GRUWeights:
    """Return the GRU of a file that does not say which layers there are, or that keeps those of a subclass.

    Raises:
        ArgumentError: there is none, or several and none is named; the arrays do not say the form.
    """
    shapes = weights.datasets()
    found, others = _cells(shapes)
    places: dict[str, list[str]] = {}  # place -> the groups of one direction or of both
    for group in found:
        parts = _shown(group).split("/")
        way = [part for part in parts if part.startswith(("forward", "backward"))]
        place = "/".join(parts[: parts.index(way[0])]) if way and parts.index(way[0]) else "/".join(parts)
        places.setdefault(place, []).append(group)
    wanted = [None] if name is None else name.split(",")
    layers = []
    forms = set()
    for one in wanted:
        groups = sorted(places[choose(places, one, others, {} if others else _Shapes(shapes))], key=_is_backward)
        cell = [[weights.array(path) for path in found[group]] for group in groups]
        layers.append(tuple(_layer(arrays) for arrays in cell))
        forms |= {_form(arrays, reset_after) for arrays in cell}
    if len(forms) != 1:
        raise ArgumentError(f"the layers {name} are of both forms, and no one GRU")
    note("the file has weights alone, without the layers' functions: they are taken to be sigmoid and tanh")
    return GRUWeights(tuple(layers), reset_after=forms.pop(), batch_first=True)


def of_layer(weights: Weights, names: tuple[str, ...], directions: int, at: int) -> list[Array]:
    """Return the arrays of a layer of a model whose configuration is known, by its name and those that it is in.

    Raises:
        ArgumentError: there is none such, or several.
    """
    found, _ = _cells(weights.datasets())
    groups = [group for group in found if _follows(group.split("/"), names)]
    if len(groups) > directions:  # a name that stands twice, in a model and in one within it
        groups = [group for group in groups if group.split("/")[1 : 1 + len(names)] == list(names)] or groups
    if len(groups) != directions:
        raise ArgumentError(
            f"layer {'/'.join(names)!r} has {len(groups)} GRU cells among the weights; expected {directions}"
        )
    group = sorted(groups, key=_is_backward)[at]
    return [weights.array(path) for path in found[group]]


class _Shapes(dict[str, tuple[int, ...]]):
    """Shapes in the place of arrays, for a message."""


def _cells(shapes: dict[str, tuple[int, ...]]) -> tuple[dict[str, list[str]], dict[str, str]]:
    """Return the arrays of each GRU cell by its group, and what other recurrent cells there are."""
    found, others = {}, {}
    for group in dict.fromkeys(path.rpartition("/")[0] for path in shapes):
        for kernel, recurrent, bias in ([f"{group}/{name}" for name in names] for names in _NAMES):
            first, second = shapes.get(kernel, ()), shapes.get(recurrent, ())
            if len(first) != 2 or len(second) != 2 or first[1] != second[1]:
                continue
            if second[1] == 3 * second[0]:
                found[group] = [kernel, recurrent, *([bias] if bias in shapes else [])]
            elif second[0] and second[1] % second[0] == 0 and second[1] // second[0] in _GATES:
                others[_shown(group)] = _GATES[second[1] // second[0]]
    return found, others


def _shown(group: str) -> str:
    """Return what to call a group: without what every one has."""
    parts = group.split("/")
    parts = parts[1:] if parts[0] in _ROOTS and len(parts) > 1 else parts
    while len(parts) > 1 and parts[-1] in ("vars", "cell"):
        parts = parts[:-1]
    return "/".join(parts)


def _is_backward(group: str) -> bool:
    return any(part.startswith("backward") for part in group.split("/"))


def _follows(parts: list[str], names: tuple[str, ...]) -> bool:
    """Whether the names stand among the parts in their order."""
    rest = iter(parts)
    return all(any(part == name for part in rest) for name in names)


def _form(arrays: list[Array], reset_after: bool | None) -> bool:
    if len(arrays) < 3:
        if reset_after is None:
            raise ArgumentError(f"it has no bias, which would say the form; give {form_options()}")
        return reset_after
    form = arrays[2].ndim == 2
    if reset_after not in (None, form):
        raise ArgumentError(f"its bias {arrays[2].shape} says that reset_after is {form}; leave the form out")
    return form


def _layer(arrays: list[Array]) -> LayerWeights:
    matrices = [cells.rows(matrix, KERAS) for matrix in arrays[:2]]
    if len(arrays) < 3:
        return LayerWeights(*matrices)
    bias = arrays[2] if arrays[2].ndim == 2 else arrays[2][None]
    if bias.ndim != 2 or len(bias) > 2 or bias.shape[1] != arrays[0].shape[1]:
        raise ArgumentError(f"a bias has the shape {arrays[2].shape}; expected (3H,) or (2, 3H)")
    return LayerWeights(*matrices, *(cells.rows(np.asarray(each), KERAS) for each in bias))
