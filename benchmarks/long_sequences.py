"""Whether the cost grows linearly with the number of steps."""

from __future__ import annotations

from typing import Any

from bar import Bar, at_most
from turns import medians

from gruvy.bench import WORKS, Case, Shape
from gruvy.bench.peers.torch_layers import Gruvy

STEPS = (1_000, 10_000, 100_000)
INPUTS, HIDDEN, BATCH = 16, 64, 1
# A long sequence leaves the caches, a short one does not.
LIMIT = 1.3


def judge() -> tuple[list[dict[str, Any]], list[Bar]]:
    """Return the rows (work, microseconds a step by number of steps) and the bars."""
    rows, bars = [], []
    for work in WORKS:
        calls = {
            str(steps): Gruvy().prepare(Case(Shape(INPUTS, HIDDEN, BATCH, steps), work, threads=1)).run
            for steps in STEPS
        }
        per_step = {steps: 1e6 * seconds / int(steps) for steps, seconds in medians(calls, rounds=5).items()}
        rows.append({"work": work, "microseconds a step": per_step})
        figures = [
            (per_step[str(steps)] / per_step[str(STEPS[0])], f"T = {steps:,} ({per_step[str(steps)]:.3f} us)")
            for steps in STEPS[1:]
        ]
        promise = f"{work}: a step of {STEPS[-1]:,} costs at most {LIMIT} times one of {STEPS[0]:,}"
        bars.append(at_most(promise, LIMIT, figures, "x"))
    return rows, bars
