"""Puts a match of two files into words: what was done to FILE, seen from OTHER, and the cure of each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gruvy.activations import told
from gruvy.formats.base import FORMS, biases, directions
from gruvy.formats.doctor.arrangement import Arrangement
from gruvy.formats.doctor.faults import Fault, gate_name, listing, where
from gruvy.formats.doctor.matching import At, CellMatch
from gruvy.spec import GATES, GRUWeights

IN_ORDER = (0, 1, 2)


def name_faults(file: GRUWeights, other: GRUWeights, matches: dict[At, CellMatch]) -> list[Fault]:
    """Return every fault of FILE, where each cell of OTHER has been found in it."""
    return [*_whole(file, other), *_cells(matches), *_arrangements(matches), *_biases(other, matches)]


def harmless(other: GRUWeights, matches: dict[At, CellMatch]) -> list[str]:
    """Return what differs but computes the same."""
    merged = [where(*at) for at, one in matches.items() if one.biases in ("merged", "gates merged")]
    if merged and not _biases(other, matches):
        return [f"{listing(merged)}: the two biases are added up in FILE, which computes the same"]
    return []


def _whole(file: GRUWeights, other: GRUWeights) -> list[Fault]:
    """Name what is wrong with the whole file."""
    faults = []
    if file.reset_after != other.reset_after:
        faults.append(
            Fault(
                "form",
                f"FILE computes the {FORMS[file.reset_after]} form with weights of the {FORMS[other.reset_after]} form",
                f"set linear_before_reset={int(other.reset_after)} (ONNX) or reset_after={other.reset_after} (Keras, "
                "gruvy), and export again",
            )
        )
    if file.reverse != other.reverse:
        ways = {True: "from the last step to the first", False: "from the first step to the last"}
        message = f"FILE runs {ways[file.reverse]}, OTHER {ways[other.reverse]}"
        direction = "reverse" if other.reverse else "forward"
        faults.append(Fault("direction", message, f'set direction="{direction}" (ONNX) and export again'))
    if file.activations != other.activations:
        message = f"FILE has {told(file.activations)}, OTHER {told(other.activations)}"
        faults.append(
            Fault("functions", message, "set the layer's activation and recurrent_activation as OTHER has them")
        )
    if file.zoneout != other.zoneout:
        message = f"FILE has zoneout {file.zoneout:g}, OTHER {other.zoneout:g}"
        faults.append(Fault("zoneout", message, f"run it with zoneout {other.zoneout:g}"))
    return faults


def _cells(matches: dict[At, CellMatch]) -> list[Fault]:
    """Name layers and directions that are not in their places."""
    moved = {at: one.source for at, one in sorted(matches.items()) if one.source != at}
    layers = [matches[l, 0].source[0] for l, d in sorted(matches) if d == 0]
    swapped = [matches[l, 0].source[1] for l, d in sorted(matches) if d == 0]
    if any(matches[l, d].source != (layers[l], d ^ swapped[l]) for l, d in matches):
        message = "; ".join(f"{where(*at)} is FILE's {where(*source)}" for at, source in moved.items())
        return [Fault("layer order", message, "put layers and directions in OTHER's order")]
    faults = []
    if layers != sorted(layers):
        message = f"the layers of OTHER are the layers {', '.join(map(str, layers))} of FILE"
        faults.append(Fault("layer order", message, "put the layers in OTHER's order"))
    if any(swapped):
        places = [where(l, 0) for l, swap in enumerate(swapped) if swap]
        message = f"{_all_or(places, len(layers))}: the forward and the backward direction are exchanged"
        faults.append(Fault("swapped directions", message, "exchange the two directions' weights"))
    return faults


def _arrangements(matches: dict[At, CellMatch]) -> list[Fault]:
    """Name what was done to arrays."""
    faults = []
    for order, places in _groups(matches, lambda one: one.order):
        if order != IN_ORDER:
            faults.append(Fault("gate order", f"{places}: {_in_words(order)}", _reorder(order)))
    for negated, places in _groups(matches, lambda one: one.negated):
        if negated:
            message = f"{places}: the update gate has the opposite sign, so that z and 1 - z are exchanged"
            faults.append(Fault("update sign", message, "negate the update gate's rows (W_z, U_z and b_z)"))
    for turn, places in _groups(matches, lambda one: one.transposed.partition(",")[0]):
        if turn:
            what = "each gate's square block is transposed" if turn == "blocks" else "the matrix is stored transposed"
            faults.append(Fault("transposed", f"{places}: {what}", "transpose it back before it is written"))
    return faults


def _biases(other: GRUWeights, matches: dict[At, CellMatch]) -> list[Fault]:
    """Name what became of the biases."""

    def of(*fates: str) -> list[str]:
        return [where(*at) for at, one in sorted(matches.items()) if one.biases in fates]

    faults = []
    if swapped := of("swapped"):
        message = f"{_all_or(swapped, len(matches))}: bias_ih and bias_hh are exchanged"
        faults.append(Fault("swapped biases", message, "exchange the input and the recurrent biases"))
    if (merged := of("merged")) and other.reset_after:
        message = (
            f"{_all_or(merged, len(matches))}: the two biases are added up, but the candidate's recurrent bias is "
            "multiplied by the reset gate and cannot be added"
        )
        faults.append(Fault("merged biases", message, "convert OTHER again, to a format that keeps both biases"))
    for fate, lost in (("recurrent lost", "bias_hh is"), ("input lost", "bias_ih is"), ("lost", "both biases are")):
        if places := of(fate):
            message = f"{_all_or(places, len(matches))}: {lost} missing"
            faults.append(Fault("missing biases", message, "convert OTHER again, with its biases"))
    return faults


def can_be_undone(faults: list[Fault]) -> bool:
    """Whether FILE still has the numbers that OTHER has."""
    return not any(fault.kind in ("merged biases", "missing biases") for fault in faults)


def _groups(matches: dict[At, CellMatch], part: Callable[[Arrangement], Any]) -> list[tuple[Any, str]]:
    """Return each value of a part of the arrangements with the arrays that have it, in words."""
    total = sum(len(one.arrays) for one in matches.values())
    found: dict[Any, list[tuple[At, str]]] = {}
    for at, one in sorted(matches.items()):
        for name, arrangement in one.arrays.items():
            found.setdefault(part(arrangement), []).append((at, name))
    return [(value, _places(arrays, matches, total)) for value, arrays in found.items()]


def _places(arrays: list[tuple[At, str]], matches: dict[At, CellMatch], total: int) -> str:
    if len(arrays) == total:
        return "everywhere"
    names = {name for _, name in arrays}
    cells = {at for at, _ in arrays}
    if len(arrays) == len(names) * len(cells):
        of_cell = set(matches[next(iter(cells))].arrays)
        if names == of_cell:
            return listing([where(*at) for at in sorted(cells)])
        if len(cells) == len(matches):
            return f"{' and '.join(sorted(names))}{' of every layer' if len(cells) > 1 else ''}"
    return listing([where(*at, name) for at, name in arrays])


def _all_or(places: list[str], total: int) -> str:
    return "everywhere" if len(places) == total else listing(places)


def _in_words(order: tuple[int, ...]) -> str:
    moved = [gate for gate in range(3) if order[gate] != gate]
    if len(moved) == 2:
        return " and ".join(f"{gate_name(GATES[gate])}'s" for gate in moved) + " rows are exchanged"
    held = [GATES[order.index(block)] for block in range(3)]
    return f"the rows for {', '.join(GATES)} hold {', '.join(held)}"


def _reorder(order: tuple[int, ...]) -> str:
    how = "exchange them" if any(block == gate for gate, block in enumerate(order)) else "put them back"
    return f"{how}: PyTorch's order is reset, update, candidate, that of Keras and ONNX update, reset, candidate"


def biases_of(weights: GRUWeights) -> str:
    """Say which biases there are."""
    if all(one.bias_ih is None and one.bias_hh is None for one in directions(weights)):
        return "none"
    some = [[bias.any() for bias in biases(one)] for one in directions(weights)]
    if not any(any(pair) for pair in some):
        return "all zero"
    return "input only" if not any(recurrent for _, recurrent in some) else "input and recurrent"
