"""What the doctor hands back: in numbers, as text for a terminal, and as plain values for JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from gruvy.activations import USUAL, told
from gruvy.formats.base import FORMS
from gruvy.formats.doctor.faults import Fault, where
from gruvy.formats.doctor.sanity import OFTEN, Activity
from gruvy.spec import GATES, Convention, GRUWeights


@dataclass(frozen=True)
class Report:
    """What `diagnose` found.

    Attributes:
        source: the file.
        format: what the format is called.
        weights: what was read from it.
        biases: "input and recurrent", "input only", "all zero" or "none".
        parameters: how many numbers there are.
        radii: (layer, direction, gate) -> the spectral radius of its recurrent block, for up to 512 units.
        saturated: (layer, direction, gate) -> the share of steps in which each unit's gate is saturated, (H,); only
            where there was data.
        convention: the file's order of gates and which way z points, None where it has no order.
        faults: what is wrong; none for a sound file.
    """

    source: str
    format: str
    weights: GRUWeights
    biases: str
    parameters: int
    radii: dict[tuple[int, int, str], float]
    saturated: Activity
    convention: Convention | None
    faults: tuple[Fault, ...]

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.faults

    def __str__(self) -> str:
        """Return the lines that ``gruvy doctor FILE`` prints."""
        return "\n".join(_report_lines(self))

    def as_dict(self) -> dict[str, Any]:
        """Return what can be written as JSON."""
        weights = self.weights
        return {
            "format": self.format,
            "layers": weights.num_layers,
            "directions": len(weights.layers[0]),
            "reverse": weights.reverse,
            "inputs": weights.input_size,
            "units": weights.hidden_size,
            "reset_after": weights.reset_after,
            "functions": [str(function) for function in weights.activations],
            "gate_order": None if self.convention is None else list(self.convention.order),
            "update_gate_keeps": None if self.convention is None else self.convention.update_keeps,
            "biases": self.biases,
            "layer_norm": weights.layer_norm,
            "zoneout": weights.zoneout,
            "dtype": str(weights.dtype),
            "parameters": self.parameters,
            "spectral_radius": _by_cell(self.radii),
            "saturated": _by_cell(self.saturated),
            "sound": self.sound,
            "faults": [asdict(fault) for fault in self.faults],
        }


@dataclass(frozen=True)
class Cost:
    """What a difference costs.

    Attributes:
        largest: the largest difference between outputs.
        scale: the largest output of OTHER.
        data: on what.
    """

    largest: float
    scale: float
    data: str


@dataclass(frozen=True)
class Difference:
    """What `compare` found.

    Attributes:
        verdict: "same" to the bit; "same function", where biases are split up otherwise; "same but for rounding";
            "rearranged", with the faults that did it; or "different".
        faults: what was done to FILE, seen from OTHER.
        notes: what is to be known besides, one sentence each.
        cost: how far the outputs are apart, None where both cannot be run on the same input.
        repaired: FILE with every fault undone, None where there is none, or FILE lacks the numbers.
    """

    verdict: str
    faults: tuple[Fault, ...]
    notes: tuple[str, ...]
    cost: Cost | None
    repaired: GRUWeights | None

    @property
    def agrees(self) -> bool:
        """Whether FILE computes what OTHER computes."""
        return self.verdict.startswith("same")

    def __str__(self) -> str:
        """Return the lines that ``gruvy doctor FILE --against OTHER`` adds."""
        return "\n".join(_difference_lines(self))

    def as_dict(self) -> dict[str, Any]:
        """Return what can be written as JSON."""
        return {
            "verdict": self.verdict,
            "faults": [asdict(fault) for fault in self.faults],
            "notes": list(self.notes),
            "cost": None if self.cost is None else asdict(self.cost),
            "can_be_fixed": self.repaired is not None,
        }


def _report_lines(report: Report) -> Iterator[str]:
    weights = report.weights
    yield f"{report.source}: {report.format}"
    for name, value in _facts(report):
        yield f"  {name:<16}{value}"
    if report.saturated:
        yield "  saturated on the data, share of steps: mean, and the units in more than 99 %"
        for (layer, direction, gate), share in report.saturated.items():
            often = np.count_nonzero(share > OFTEN)
            place = where(layer, direction) if weights.num_layers * len(weights.layers[0]) > 1 else ""
            yield f"    {place:<20}{gate:<10}{share.mean():>5.0%}{often:>6,} of {len(share):,}"
    if report.sound:
        yield "sound: nothing is wrong with the file by itself"
    yield from _fault_lines(report.faults)


def _facts(report: Report) -> Iterator[tuple[str, str]]:
    weights, convention = report.weights, report.convention
    layers = f"{weights.num_layers} layer{'s' * (weights.num_layers > 1)}"
    way = "both directions" if weights.bidirectional else "backwards" if weights.reverse else "one direction"
    yield "size", f"{layers}, {way}, {weights.input_size:,} inputs, {weights.hidden_size:,} units"
    source = "cuDNN, PyTorch" if weights.reset_after else "Cho 2014"
    yield "form", f"{FORMS[weights.reset_after]} (linear_before_reset={int(weights.reset_after)}; {source})"
    if weights.activations != USUAL:
        yield "functions", told(weights.activations)
    if convention is not None:
        keeps = "keeps the old state" if convention.update_keeps else "writes the candidate"
        yield "gate order", f"{', '.join(convention.order)}; the update gate {keeps}"
    yield "biases", report.biases
    besides = ["layer norm"] * weights.layer_norm + [f"zoneout {weights.zoneout:g}"] * (weights.zoneout > 0)
    if besides:
        yield "besides", ", ".join(besides)
    yield "parameters", f"{report.parameters:,} in {weights.dtype}"
    if report.radii:
        by_gate = [[value for (_, _, gate), value in report.radii.items() if gate == each] for each in GATES]
        spans = [f"{each} {_span(values)}" for each, values in zip(GATES, by_gate, strict=True)]
        yield "spectral radii", ", ".join(spans)


def _difference_lines(difference: Difference) -> Iterator[str]:
    yield {
        "same": "the same weights as OTHER, to the bit",
        "same function": "computes what OTHER computes",
        "same but for rounding": "the same weights as OTHER, but for rounding",
        "rearranged": f"OTHER's weights, with {_count(len(difference.faults), 'fault')}",
        "different": "not OTHER's weights",
    }[difference.verdict]
    yield from _fault_lines(difference.faults)
    for note in difference.notes:
        yield f"  {note}"
    if (cost := difference.cost) is not None:
        apart = f"up to {cost.largest:.3g} apart (OTHER's reach {cost.scale:.3g})" if cost.largest else "the same"
        yield f"  outputs are {apart} on {cost.data}"


def _fault_lines(faults: Iterable[Fault]) -> Iterator[str]:
    for fault in faults:
        yield f"fault: {fault.message}"
        yield f"  cure: {fault.cure}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"


def _span(values: list[float]) -> str:
    low, high = f"{min(values):.2f}", f"{max(values):.2f}"
    return low if low == high else f"{low} to {high}"


def _by_cell(found: Mapping[tuple[int, int, str], Any]) -> list[dict[str, Any]]:
    """Return numbers of gates as a list of a dictionary for each gate."""
    return [
        {"layer": layer, "direction": direction, "gate": gate, "value": np.asarray(value).tolist()}
        for (layer, direction, gate), value in found.items()
    ]
