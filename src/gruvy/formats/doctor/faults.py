"""The faults that the doctor knows by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    # of a file by itself
    "not finite",
    "zero matrix",
    "dead gate",
    "saturated gate",
    "transposed copy",
    # of a file against another one
    "gate order",
    "update sign",
    "swapped biases",
    "transposed",
    "form",
    "direction",
    "swapped directions",
    "layer order",
    "merged biases",
    "missing biases",
    "zoneout",
    "functions",
]


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong.

    Attributes:
        kind: which of the faults that the doctor knows.
        message: what is wrong and where, in one sentence.
        cure: what to do, in one sentence.
    """

    kind: Kind
    message: str
    cure: str


def where(layer: int, direction: int, name: str = "") -> str:
    """Return what to call a cell or one of its arrays."""
    cell = f"layer {layer}{' backward' if direction else ''}"
    return f"{cell}: {name}" if name else cell


def gate_name(gate: str) -> str:
    """Return what to call one of `gruvy.spec.GATES`."""
    return "the candidate" if gate == "candidate" else f"the {gate} gate"


def listing(places: list[str], most: int = 4) -> str:
    """Return places in words, the first few of many."""
    return ", ".join(places[:most]) + (f" and {len(places) - most} more" if len(places) > most else "")
