"""A layer with int8 and bf16 weights beside the same layer in float32, and beside oneDNN in int8."""

from __future__ import annotations

from typing import Any

from bar import Bar, at_most, not_measured

from gruvy import bench
from gruvy.bench import Row, Shape
from gruvy.bench.peers.onednn import OneDnnInt8
from gruvy.bench.peers.torch_layers import Gruvy, GruvyBf16, GruvyInt8

SHAPE = Shape(512, 512, 1, 100)  # where weights are read from far away, which is what fewer bytes save
CONTENDERS = (GruvyInt8(), GruvyBf16(), OneDnnInt8())
BARS = (
    ("int8 weights: at most 0.55 of float32's time", 0.55, GruvyInt8.name, Gruvy.name),
    ("int8 weights: at most 0.8 of oneDNN's time in int8 (vanilla form)", 0.8, GruvyInt8.name, OneDnnInt8.name),
    ("bf16 weights: not slower than float32", 1.0, GruvyBf16.name, Gruvy.name),
)


def judge() -> tuple[list[dict[str, Any]], list[Bar]]:
    """Return the row (milliseconds by contender; one thread) and the bars."""
    missing = {peer.name: text for peer in CONTENDERS if (text := peer.missing())}
    present = [peer for peer in CONTENDERS if peer.name not in missing]
    (row,) = bench.run([SHAPE], ["inference"], [1], present).rows
    return [{"shape": list(SHAPE), "milliseconds": row.milliseconds}], [
        _bar(row, row.left_out | missing, *bar) for bar in BARS
    ]


def _bar(row: Row, left_out: dict[str, str], promise: str, limit: float, own: str, other: str) -> Bar:
    for name in (own, other):
        if name not in row.milliseconds:
            return not_measured(promise, f"{name}: {left_out[name]}")
    return at_most(promise, limit, [(row.milliseconds[own] / row.milliseconds[other], str(SHAPE))], "x")
